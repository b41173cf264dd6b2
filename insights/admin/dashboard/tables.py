"""Figures as cells of a table: numbers that lead to their messages, rates with what they are of."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from insights.admin.dashboard.links import messages_url
from insights.admin.dashboard.words import (
    COUNT_MEANINGS,
    COUNT_WORDS,
    RATE_OF,
    SMALL_SAMPLE,
    WHOLE_WORDS,
    no_rate,
    number,
    percent,
)
from insights.figures import Metrics, Tracked
from insights.rates import RATES

COLUMNS: Final = (
    "sent", "delivered", "bounced", "deferred", "complaints", "unique_opens", "machine_opens",
    "unique_clicks", "machine_clicks", "unsubscribes", "replies",
)  # fmt: skip
ROWS_SHOWN: Final = 100  # all of them are in the file


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts and rates of some mail, and where to find its messages."""

    totals: Metrics
    tracked: Tracked
    filters: Mapping[str, int | str]
    start: datetime
    end: datetime

    def count(self, name: str) -> int:
        """Return how often something happened."""
        return int(self.totals[name] or 0)

    def whole(self, rate: str) -> int:
        """Return what a rate is a part of."""
        name = RATES[rate][1]
        return self.tracked[name] if name in self.tracked else self.count(name)

    def url(self, name: str) -> str:
        """Return the address of the messages that a count is of."""
        return messages_url(name, filters=self.filters, start=self.start, end=self.end)


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure: the rate large and its count small, or the count alone."""

    metric: str
    word: str
    text: str
    note: str = ""
    title: str = ""
    url: str = ""
    unknown: str = ""  # why there is nothing to show
    small: bool = False  # too few messages to say much


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table; `narrow` is the address that shows this one alone."""

    label: str
    cells: list[Cell]
    narrow: str = ""
    page: str = ""
    note: str = ""
    kind: str = ""
    flagged: str = ""  # the metric that stands out
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table below charts."""

    name: str
    title: str
    first: str
    columns: list[tuple[str, str]]
    rows: list[Row]
    total: Row | None = None
    left_out: int = 0


def part_of_whole(figures: Figures, rate: str) -> str:
    """Return what a rate is formed of, in words.

    A part can be more than the whole: mail opened now was delivered before the period began, and
    what was refused at the hand-over was never sent.
    """
    part, whole = figures.count(RATES[rate][0]), figures.whole(rate)
    word = WHOLE_WORDS[RATES[rate][1]]
    if part <= whole and whole:
        return f"{number(part)} of {number(whole)} {word}"
    before = f"{number(part)} in all, but " if part else ""
    only = f"only {number(whole)}" if whole else "nothing"
    return f"{before}{only} {word} in this period"


def columns() -> list[tuple[str, str]]:
    """Return the head of each column: its word and what it means."""
    return [(COUNT_WORDS[name], COUNT_MEANINGS[name]) for name in COLUMNS]


def cells(figures: Figures, *, without_rates: Collection[str] = ()) -> list[Cell]:
    """Return a cell for each count, with its rate where it has one."""
    return [cell(figures, name, with_rate=name not in without_rates) for name in COLUMNS]


def cell(figures: Figures, name: str, *, with_rate: bool = True) -> Cell:
    """Return one figure; a count of nothing leads nowhere."""
    counted = figures.count(name)
    url = figures.url(name) if counted else ""
    rate = RATE_OF.get(name) if with_rate else None
    if rate is None:
        return Cell(name, COUNT_WORDS[name], number(counted), title=COUNT_MEANINGS[name], url=url)
    share, whole = figures.totals[rate], figures.whole(rate)
    if share is None:
        note = number(counted) if counted else ""
        return Cell(name, COUNT_WORDS[name], "", note, url=url, unknown=no_rate(rate))
    few, of = whole < SMALL_SAMPLE, part_of_whole(figures, rate)
    small = few or counted > whole
    title = f"{of}: too few to say much" if few else of
    text = percent(share, name=rate)
    return Cell(name, COUNT_WORDS[name], text, number(counted), title, url, small=small)
