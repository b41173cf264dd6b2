"""How much a new sending IP may send on each day of its warm-up.

A day here is a sending day: it counts from 1, and a day on which nothing was sent does not count.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from warmup import caps
from warmup.caps import Cap

STANDARD = "standard"


@dataclass(frozen=True, slots=True)
class Preset:
    """A schedule: messages a day and IP, and behind its last day no limit.

    `caution` is what whoever chooses it should know.
    """

    name: str
    label: str
    limits: tuple[int, ...]
    caution: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """Days in a row with the same limit."""

    first_day: int
    last_day: int
    daily_limit: int


@dataclass(frozen=True, slots=True)
class Pace:
    """What one warming IP will take: `left` today, and from then on the limits from `next_day` on.

    On the `resting_days` after today it takes nothing. `capped` is what of today's room is left
    for the providers that have a cap.
    """

    left: int
    next_day: int
    preset: str = STANDARD
    resting_days: int = 0
    caps: tuple[Cap, ...] = ()
    capped: Mapping[str, int] = field(default_factory=dict)


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
            caution="On day 11 the volume grows from 1,000 to 5,000 at once, and on day 22 from "
            "10,000 to 50,000. Providers may answer such steps by slowing the IP down.",
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


def stages(preset: str) -> tuple[Stage, ...]:
    """Return a preset's days, those in a row with the same limit as one stage."""
    found: list[Stage] = []
    for day, limit in enumerate(PRESETS[preset].limits, start=1):
        if found and found[-1].daily_limit == limit:
            found[-1] = Stage(found[-1].first_day, day, limit)
        else:
            found.append(Stage(day, day, limit))
    return tuple(found)


def days_needed(by_provider: Mapping[str, int], paces: Collection[Pace]) -> int:
    """Return over how many days so many messages go out: 0 for none, 1 if today has room.

    Every day is taken to be used by all of the IPs. Raises ValueError if there is none.
    """
    if not paces:
        raise ValueError("without an IP nothing ever goes out")
    left, days = dict(by_provider), 0
    while sum(left.values()) > 0:
        rooms = [_room(pace, ahead=days) for pace in paces]
        if None in rooms:
            return days + 1
        for pace, room in zip(paces, rooms, strict=True):
            _send(left, pace, room=room or 0, today=not days)
        days += 1
    return days


def _send(left: dict[str, int], pace: Pace, *, room: int, today: bool) -> None:
    """Take out of `left` what an IP sends on a day with so much room.

    Providers with a cap go first: what they do not use others can still take.
    """
    capped = pace.capped if today else caps.limits(pace.caps, daily_limit=room)
    for provider in sorted(left, key=lambda one: (one not in capped, one)):
        sent = min(left[provider], room, capped.get(provider, room))
        left[provider] -= sent
        room -= sent


def _room(pace: Pace, *, ahead: int) -> int | None:
    """Return what an IP takes so many days after today; None is any number."""
    if ahead == 0:
        return pace.left
    if ahead <= pace.resting_days:
        return 0
    return daily_limit(pace.next_day + ahead - pace.resting_days - 1, preset=pace.preset)


def upcoming(day: int, *, days: int, preset: str = STANDARD) -> list[int | None]:
    """Return the limits of today and the days after it."""
    return [daily_limit(number, preset=preset) for number in islice(_from(day), days)]


def _from(day: int) -> Iterator[int]:
    while True:
        yield day
        day += 1
