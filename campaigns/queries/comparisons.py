"""One comparison of a segment's rules with a contact, as a filter for the database.

Every field is compared as text without regard to case; numbers by value and dates by day where the
rule gives a number or a date. What stands in an attribute may be of any type: nothing here can
make the database fail on a value that is not the number or date a rule hopes for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    DecimalField,
    F,
    Func,
    JSONField,
    Q,
    TextField,
    Value,
    When,
    lookups,
)
from django.db.models.functions import Collate, Left, Length, Upper

from campaigns.segments.rules import Condition, Operator, Scalar

_NUMBER = r"^-?[0-9]+(\.[0-9]+)?$"
_NUMBER_CHARS = 255  # numeric takes many more; nobody means those
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
_DATE_CHARS = 10
_EMPTY = ("", "[]", "{}")
_SINGLE = ("string", "number", "boolean")  # what jsonb_typeof calls anything but lists and objects
_ONE_DAY = timedelta(days=1)

_COLUMNS = {"email": "email_key"}
_ORDER = {
    Operator.GREATER: lookups.GreaterThan,
    Operator.AT_LEAST: lookups.GreaterThanOrEqual,
    Operator.LESS: lookups.LessThan,
    Operator.AT_MOST: lookups.LessThanOrEqual,
}


def compared(condition: Condition, *, now: datetime) -> Q:
    """Return the filter on contacts that one comparison stands for."""
    match condition.operator, condition.value:
        case Operator.WITHIN_DAYS | Operator.NEXT_DAYS, int(days):
            return _near(condition, days, now=now)
        case _, date() as day:
            return _by_day(condition, day)
        case Operator.EXISTS | Operator.EMPTY, _:
            return _present(condition)
        case Operator.IS | Operator.IN, value:
            return _is_one_of(_text(condition), value if isinstance(value, tuple) else (value,))
        case ordering, value if ordering in _ORDER:
            return Q(_ORDER[ordering](_number(_text(condition)), Decimal(str(value))))
        case _, value:
            return _has_part(condition, value)


def _text(condition: Condition) -> F | Func:
    """Return the field as text; an attribute is NULL when it is absent or null."""
    if condition.attribute:
        return _attribute(condition, "jsonb_extract_path_text", TextField())
    return F(_COLUMNS.get(condition.field, condition.field))


def _attribute(condition: Condition, function: str, kind: TextField[str, str] | JSONField) -> Func:
    """Return the attribute; unlike the arrow operators this takes the key "2026" for a name."""
    key = Value(condition.attribute)
    return Func(F("attributes"), key, function=function, output_field=kind)


def _present(condition: Condition) -> Q:
    text = _text(condition)
    if condition.operator is Operator.EMPTY:
        return Q(lookups.In(text, _EMPTY)) | Q(lookups.IsNull(text, rhs=True))
    if condition.attribute:
        return Q(lookups.IsNull(text, rhs=False))
    return Q(lookups.GreaterThan(text, Value("")))


def _is_one_of(text: F | Func, values: Iterable[Scalar]) -> Q:
    words, numbers = [], []
    for value in values:
        if isinstance(value, str):
            words.append(value)
        elif isinstance(value, bool):
            words.append(json.dumps(value))
        else:
            numbers.append(Decimal(str(value)))
    matches = Q()
    if words:
        matches |= Q(lookups.In(Upper(text), [Upper(Value(word)) for word in words]))
    if numbers:
        matches |= Q(lookups.In(_number(text), numbers))
    return matches


def _number(text: F | Func) -> Case:
    """Return the text as a number, or NULL where it is none."""
    cast = Func(text, template="(%(expressions)s)::numeric", output_field=DecimalField())
    is_number = Q(lookups.Regex(text, _NUMBER)) & Q(
        lookups.LessThanOrEqual(Length(text), _NUMBER_CHARS)
    )
    return Case(When(is_number, then=cast), output_field=DecimalField())


def _has_part(condition: Condition, part: object) -> Q:
    """Match the beginning, the end or any part of a text, or an element of a list."""
    text, part = _text(condition), str(part)
    if condition.operator is Operator.STARTS_WITH:
        return Q(lookups.IStartsWith(text, part))
    if condition.operator is Operator.ENDS_WITH:
        return Q(lookups.IEndsWith(text, part))
    if not condition.attribute:
        return Q(lookups.IContains(text, part))
    value = _attribute(condition, "jsonb_extract_path", JSONField())
    kind = Func(value, function="jsonb_typeof", output_field=CharField())
    in_text = Q(lookups.In(kind, _SINGLE)) & Q(lookups.IContains(text, part))
    return in_text | Q(_has_element(value, condition.value))


def _has_element(value: Func, element: object) -> Func:
    """Return whether a list has the element: both in lower case, as text made JSON again."""
    wanted = Value(json.dumps([element], ensure_ascii=False), output_field=TextField())
    sides = [
        Func(side, template="LOWER((%(expressions)s)::text)::jsonb", output_field=JSONField())
        for side in (value, wanted)
    ]
    return Func(
        *sides, template="(%(expressions)s)", arg_joiner=" @> ", output_field=BooleanField()
    )


def _near(condition: Condition, days: int, *, now: datetime) -> Q:
    """Match from `days` ago up to today, or from today up to `days` ahead."""
    if not condition.attribute:
        return Q(**{f"{condition.field}__gte": now - timedelta(days=days)})
    today = now.astimezone(UTC).date()
    other = timedelta(days=days)
    first, last = today - other, today
    if condition.operator is Operator.NEXT_DAYS:
        first, last = today, today + other
    return _day_of_attribute(condition, Operator.AT_LEAST, first) & _day_of_attribute(
        condition, Operator.AT_MOST, last
    )


def _by_day(condition: Condition, day: date) -> Q:
    if condition.attribute:
        return _day_of_attribute(condition, condition.operator, day)
    begin = datetime.combine(day, time.min, UTC)
    bounds = {
        Operator.IS: {"gte": begin, "lt": begin + _ONE_DAY},
        Operator.GREATER: {"gte": begin + _ONE_DAY},
        Operator.AT_LEAST: {"gte": begin},
        Operator.LESS: {"lt": begin},
        Operator.AT_MOST: {"lt": begin + _ONE_DAY},
    }[condition.operator]
    return Q(**{f"{condition.field}__{name}": bound for name, bound in bounds.items()})


def _day_of_attribute(condition: Condition, ordering: Operator, day: date) -> Q:
    """Compare the leading YYYY-MM-DD of a text; in that form dates sort as texts do."""
    text = _text(condition)
    leading = Collate(Left(text, _DATE_CHARS), "C")
    return Q(lookups.Regex(text, _DATE)) & Q(_ORDER[ordering](leading, day.isoformat()))
