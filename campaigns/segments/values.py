"""Checks of the single values in a segment's rules."""

from __future__ import annotations

from datetime import date
from typing import Final

from campaigns.segments.rules import Operator, Scalar, Value, mistake

MAX_CHOICES: Final = 1_000  # values of one `in`
MAX_TEXT_CHARS: Final = 500  # of one value
MAX_NUMBER: Final = 1e100  # nobody compares with more
MAX_DAYS: Final = 36_500  # a hundred years
MIN_YEAR: Final = 1000  # four digits, so that dates sort as texts
MAX_YEAR: Final = 9000  # leaves room to add days
MAX_ID: Final = 2**63 - 1  # bigint


def read_value(operator: Operator, value: object, *, dated: bool, path: str) -> Value:
    """Return the value of a comparison; `dated` fields take dates only. Raises SegmentError."""
    match operator:
        case Operator.EXISTS | Operator.EMPTY:
            return read_switch(value, path=path)
        case Operator.WITHIN_DAYS | Operator.NEXT_DAYS:
            return read_days(value, path=path)
        case Operator.IN:
            return _choices(value, path=path)
        case Operator.STARTS_WITH | Operator.ENDS_WITH:
            return _some_text(value, path=path)
        case Operator.CONTAINS if isinstance(value, str):
            return _some_text(value, path=path)
        case Operator.IS if not dated:
            return _scalar(value, path=path)
    if isinstance(value, str) or dated:
        return _date(value, path=path)
    return _number(value, path=path)


def read_id(value: object, *, path: str) -> int:
    """Return the id of a list or campaign. Raises SegmentError."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MAX_ID:
        raise mistake(path, "give the number that is its id")
    return value


def read_days(value: object, *, path: str) -> int:
    """Return a number of days. Raises SegmentError."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MAX_DAYS:
        raise mistake(path, f"give a whole number of days from 1 to {MAX_DAYS:,}")
    return value


def read_switch(value: object, *, path: str) -> bool:
    """Return true or false. Raises SegmentError."""
    if not isinstance(value, bool):
        raise mistake(path, "say true or false")
    return value


def read_text(value: str, *, path: str) -> str:
    """Return a text that the database can compare with. Raises SegmentError."""
    if len(value) > MAX_TEXT_CHARS:
        raise mistake(path, f"the text has more than {MAX_TEXT_CHARS} characters")
    if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise mistake(path, "the text has a character that cannot be stored")
    return value


def _choices(value: object, *, path: str) -> tuple[Scalar, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= MAX_CHOICES:
        raise mistake(path, f"give 1 to {MAX_CHOICES:,} values in brackets")
    return tuple(_scalar(item, path=f"{path}[{number}]") for number, item in enumerate(value))


def _scalar(value: object, *, path: str) -> Scalar:
    if isinstance(value, bool):
        return value
    return read_text(value, path=path) if isinstance(value, str) else _number(value, path=path)


def _number(value: object, *, path: str) -> int | float:
    """Return a number; not-a-number and the infinities, which JSON readers let in, are refused."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise mistake(path, "give a text, a number or a date")
    if not -MAX_NUMBER < value < MAX_NUMBER:
        raise mistake(path, "the number is too large")
    return value


def _some_text(value: object, *, path: str) -> str:
    if not isinstance(value, str) or not value:
        raise mistake(path, "give a text that is not empty")
    return read_text(value, path=path)


def _date(value: object, *, path: str) -> date:
    try:
        day = date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise mistake(path, 'give a number, or a date such as "2026-12-31"') from None
    if not MIN_YEAR <= day.year <= MAX_YEAR:
        raise mistake(path, "the date is too far away")
    return day
