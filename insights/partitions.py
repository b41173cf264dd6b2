"""Months as the event table is cut into: names and exact bounds, in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

MONTHS_PER_YEAR = 12


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """One calendar month of UTC; `number` is 1 to 12."""

    year: int
    number: int

    @property
    def begin(self) -> datetime:
        """The first moment of it."""
        return datetime(self.year, self.number, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        return self.later(1).begin

    def later(self, months: int) -> Month:
        """Return the month so many months later, or earlier where negative."""
        count = self.year * MONTHS_PER_YEAR + self.number - 1 + months
        year, number = divmod(count, MONTHS_PER_YEAR)
        return Month(year, number + 1)


def month_of(moment: datetime) -> Month:
    """Return the month of UTC in which an aware moment lies."""
    utc = moment.astimezone(UTC)
    return Month(utc.year, utc.month)
