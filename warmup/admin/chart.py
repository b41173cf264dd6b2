"""A curve of limit and used volume, as the coordinates that a template draws."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from warmup.queries import Standing

MOST_PAST_DATES = 28  # shown as bars; the table has all of them
MOST_DATES_AHEAD = 7
SLOT = 10.0  # width of a date, in units of the drawing
GAP = 1.5  # on both sides of a bar
HEIGHT = 100.0
SMALLEST_TOP = 10  # messages; a scale below would have broken numbers
ROUND_NUMBERS = (1, 2, 5, 10)


@dataclass(frozen=True, slots=True)
class Bar:
    """One date: its numbers, and where they are drawn. `used` is None for a date to come."""

    date: date | None
    day: int
    daily_limit: int
    used: int | None
    stopped: bool
    x: float
    y: float
    height: float
    slot_x: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars of what was used and lines of the limit, so far and to come, under one scale."""

    bars: tuple[Bar, ...]
    width: float
    top: int
    limit_path: str
    ahead_path: str

    @property
    def middle(self) -> int:
        """The number half way up."""
        return self.top // 2

    @property
    def has_stops(self) -> bool:
        """Whether a date on which it was stopped is shown."""
        return any(bar.stopped for bar in self.bars)


@dataclass(frozen=True, slots=True)
class Row:
    """The numbers of one date. `used` is None, and the date may be unknown, if it is to come."""

    date: date | None
    day: int
    daily_limit: int
    used: int | None = None
    stopped: bool = False


def rows(standing: Standing) -> tuple[Row, ...]:
    """Return every date so far and all that are to come, oldest first."""
    stopped_on = standing.schedule.stopped_on
    past = [
        Row(day.date, day.day, day.daily_limit, day.used, day.date == stopped_on)
        for day in standing.days
    ]
    first = standing.day_count - len(standing.upcoming) + 1
    ahead = [
        Row(standing.next_date and standing.next_date + timedelta(days=n), first + n, limit)
        for n, limit in enumerate(standing.upcoming)
    ]
    return (*past, *ahead)


def chart(standing: Standing) -> Chart:
    """Return the drawing of the latest dates and the next few."""
    everything = rows(standing)
    past = [row for row in everything if row.used is not None][-MOST_PAST_DATES:]
    ahead = [row for row in everything if row.used is None][:MOST_DATES_AHEAD]
    shown = [*past, *ahead]
    top = _round_up(max((row.daily_limit for row in shown), default=0))
    bars = tuple(_bar(row, number, top=top) for number, row in enumerate(shown))
    return Chart(
        bars=bars,
        width=SLOT * len(bars),
        top=top,
        limit_path=_path(bars[: len(past)], top=top),
        ahead_path=_path(bars[len(past) :], top=top),
    )


def _bar(row: Row, number: int, *, top: int) -> Bar:
    height = round(HEIGHT * (row.used or 0) / top, 2)
    slot_x = SLOT * number
    return Bar(
        row.date, row.day, row.daily_limit, row.used, row.stopped,
        x=slot_x + GAP, y=HEIGHT - height, height=height, slot_x=slot_x,
    )  # fmt: skip


def _path(bars: tuple[Bar, ...], *, top: int) -> str:
    """Return the limit as a line of steps, each as wide as its date."""
    steps: list[str] = []
    for bar in bars:
        y = round(HEIGHT - HEIGHT * bar.daily_limit / top, 2)
        steps.append(f"{'V' if steps else f'M{bar.slot_x:g} '}{y:g} H{bar.slot_x + SLOT:g}")
    return " ".join(steps)


def _round_up(number: int) -> int:
    """Return the next number that a scale may end with."""
    power = SMALLEST_TOP
    while power * ROUND_NUMBERS[-1] < number:
        power *= 10
    return next(power * step for step in ROUND_NUMBERS if power * step >= number)
