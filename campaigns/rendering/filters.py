"""Liquid filters beside the standard ones, and standard ones made safe or sensible for mail.

None of them reads the clock: "now" is the date of the message.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
import zoneinfo
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from dateutil import parser  # type: ignore[import-untyped]
from liquid import Environment, Markup, is_undefined
from liquid.builtin.filters.array import join
from liquid.builtin.filters.string import replace
from liquid.exceptions import FilterArgumentError
from liquid.filter import string_filter, with_context, with_environment

if TYPE_CHECKING:
    from liquid import RenderContext

MAX_TEXT_LENGTH: Final = 1_000_000  # characters that one filter may produce
ZONE_CACHE_SIZE: Final = 600  # there are fewer zone names than that
_EPOCH_SECONDS = re.compile(r"\d{9,11}")
_DATE_ONLY = re.compile(r"\d{4}-\d{2}-\d{2}")


@with_context
def date(value: object, form: object = "%-d %B %Y", *, context: RenderContext) -> str:
    """Return a moment or a day written by a strftime `form`, in the contact's time zone.

    Takes dates, ISO texts, seconds since 1970, "now" and "today". A text without a zone is shown
    as it stands; what cannot be read as a date comes back unchanged.
    """
    if is_undefined(value) or value is None:
        return ""
    zone = _zone(context)
    moment = _moment(value, now=context.resolve("now", default=None), zone=zone)
    if moment is None or is_undefined(form):
        return str(value)
    if isinstance(moment, dt.datetime) and moment.tzinfo is not None:
        moment = moment.astimezone(zone)
    written = moment.strftime(str(form))
    return Markup(written) if isinstance(form, Markup) else written


@string_filter
def titlecase(value: str) -> str:
    """Return `value` with the first letter of every word in upper case, the rest as it is."""
    return " ".join(word[:1].upper() + word[1:] for word in value.split(" "))


def number(
    value: object, decimals: object = 0, thousands: object = ",", point: object = "."
) -> str:
    """Return a number with so many decimals and separated thousands; anything else unchanged."""
    try:
        amount, places = Decimal(str(value)), min(max(int(str(decimals)), 0), 20)
        text = f"{amount:,.{places}f}"
    except (InvalidOperation, ValueError):
        return "" if value is None else str(value)
    return text.translate({ord(","): str(thousands), ord("."): str(point)})


def pluralize(value: object, one: object, many: object) -> object:
    """Return `one` for exactly one, otherwise `many`: `{{ n | pluralize: "day", "days" }}`."""
    return one if str(value) in {"1", "1.0"} else many


@string_filter
def unchanged(value: str) -> str:
    """Return `value`: what escaping comes to where nothing is HTML."""
    return value


def limited_replace(value: object, seq: object, sub: object = "") -> Any:
    """Do what `replace` does, unless the result would be enormous."""
    text = str(value)
    found = text.count(str(seq)) if str(seq) else len(text) + 1
    _refuse_enormous(len(text) + found * len(str(sub)))
    return replace(value, seq, sub)


@with_environment
def limited_join(value: Any, separator: object = " ", *, environment: Environment) -> Any:
    """Do what `join` does, unless the result would be enormous."""
    count = len(value) if hasattr(value, "__len__") else 1
    _refuse_enormous(count * len(str(separator)))
    return join(value, separator, environment=environment)


def register(environment: Environment) -> None:
    """Put the filters into an environment that has the standard ones."""
    own: dict[str, Callable[..., Any]] = {
        "date": date,
        "titlecase": titlecase,
        "number": number,
        "pluralize": pluralize,
        "replace": limited_replace,
        "join": limited_join,
    }
    environment.filters.update(own)
    del environment.filters["escapejs"]  # no mail program runs scripts
    if not environment.autoescape:
        for name in ("escape", "escape_once", "newline_to_br", "safe"):
            environment.filters[name] = unchanged


def _refuse_enormous(length: int) -> None:
    if length > MAX_TEXT_LENGTH:
        raise FilterArgumentError("the text would become too long", token=None)


def _zone(context: RenderContext) -> dt.tzinfo:
    for name in ("contact", "organization"):
        owner = context.resolve(name, default=None)
        key = owner.get("timezone") if hasattr(owner, "get") else None
        zone = _named_zone(str(key)) if key else None
        if zone is not None:
            return zone
    return dt.UTC


@functools.lru_cache(maxsize=ZONE_CACHE_SIZE)
def _named_zone(key: str) -> dt.tzinfo | None:
    try:
        return zoneinfo.ZoneInfo(key)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return None


def _moment(value: object, *, now: object, zone: dt.tzinfo) -> dt.date | None:
    """Return what `value` means as a day or a moment, or None if it means neither."""
    if isinstance(value, dt.date):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return _from_epoch(value)
    if not isinstance(value, str):
        return None
    text = value.strip()
    if text in {"now", "today"} and isinstance(now, dt.datetime):
        return now
    if _EPOCH_SECONDS.fullmatch(text):
        return _from_epoch(int(text))
    return _parsed(text, now=now, zone=zone)


def _parsed(text: str, *, now: object, zone: dt.tzinfo) -> dt.date | None:
    try:
        if _DATE_ONLY.fullmatch(text):
            return dt.date.fromisoformat(text)
        base = now if isinstance(now, dt.datetime) else dt.datetime.fromtimestamp(0, dt.UTC)
        midnight = dt.datetime.combine(base.astimezone(zone).date(), dt.time.min)
        found: dt.datetime = parser.parse(text, default=midnight)
    except (ValueError, OverflowError):
        return None
    return found


def _from_epoch(seconds: int) -> dt.datetime | None:
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None
