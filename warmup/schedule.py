"""How much a new sending IP may send on each day of its warm-up.

A day here is a sending day: it counts from 1, and a day on which nothing was sent does not count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

STANDARD = "standard"


@dataclass(frozen=True, slots=True)
class Preset:
    """A schedule: messages a day and IP, and behind its last day no limit."""

    name: str
    label: str
    limits: tuple[int, ...]


def _growing(first: int, *, ratio: float, days: int, ceiling: int) -> tuple[int, ...]:
    """Return limits that grow by `ratio` a day from `first`, none above `ceiling`."""
    return tuple(min(round(first * ratio**day), ceiling) for day in range(days))


# Sources: docs/warmup.md, "Schedules".
PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            STANDARD,
            "Standard, 28 days",
            (
                *(50,) * 2, *(100,) * 2, *(500,) * 3, *(1_000,) * 3, *(5_000,) * 4,
                *(10_000,) * 7, *(50_000,) * 7,
            ),
        ),
        Preset(
            "smooth",
            "Smooth, a third more a day",
            _growing(50, ratio=1.333, days=25, ceiling=50_000),
        ),
        Preset(
            "onesignal",
            "A fifth more a day from 300 on, as OneSignal advises",
            _growing(300, ratio=1.2, days=29, ceiling=50_000),
        ),
        Preset(
            "sendgrid",
            "Two fifths more a day from 480 on, as SendGrid warms up by itself",
            _growing(480, ratio=1.4, days=27, ceiling=3_000_000),
        ),
        Preset(
            "sparkpost",
            "Long stages up to a million, as SparkPost warms up by itself",
            (
                200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 40_000, 50_000, 75_000, 100_000,
                150_000, 200_000, 250_000, 325_000, 400_000, 500_000, 600_000, 725_000, 850_000,
                1_000_000,
            ),
        ),
    )
}  # fmt: skip


def daily_limit(day: int, *, preset: str = STANDARD) -> int | None:
    """Return how many messages an IP may send on warm-up day `day`; None is any number.

    Raises ValueError if `day` < 1 or there is no such preset.
    """
    if day < 1:
        raise ValueError(f"warm-up days count from 1, not {day}")
    if preset not in PRESETS:
        raise ValueError(f"there is no preset {preset!r}; there are {', '.join(PRESETS)}")
    limits = PRESETS[preset].limits
    return limits[day - 1] if day <= len(limits) else None


def days_needed(messages: int, *, day: int, used: int, preset: str = STANDARD) -> int:
    """Return over how many days so many messages go out: 0 for none, 1 if today has room.

    `day` is today's number and `used` what was sent today already.
    """
    left, days = messages, 0
    for number in _from(day):
        if left <= 0:
            break
        limit = daily_limit(number, preset=preset)
        days += 1
        if limit is None:
            break
        left -= max(limit - used, 0) if number == day else limit
    return days


def upcoming(day: int, *, days: int, preset: str = STANDARD) -> list[int | None]:
    """Return the limits of today and the days after it."""
    return [daily_limit(number, preset=preset) for number in islice(_from(day), days)]


def _from(day: int) -> Iterator[int]:
    while True:
        yield day
        day += 1
