"""From the JSON of a segment to its tree of rules.

Every negative form (`none`, `not`, `is_not`, `"exists": false` and so on) becomes a `Not` around
the positive one, so that a rule and its negation together always take in everybody.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection
from typing import Final

from campaigns.segments.rules import (
    Action,
    Active,
    Activity,
    All,
    Any,
    Condition,
    InCampaign,
    Not,
    OnList,
    Operator,
    Rule,
    Status,
    mistake,
    no_such,
)
from campaigns.segments.values import read_days, read_id, read_switch, read_text, read_value

MAX_DEPTH: Final = 10  # groups within groups; deeper ones nobody can read
MAX_CONDITIONS: Final = 200  # conditions in one segment
MAX_ATTRIBUTE_CHARS: Final = 100  # of the name of an attribute
ATTRIBUTE_PREFIX: Final = "attributes."

Node = dict[str, object]

_ORDERED = frozenset({Operator.GREATER, Operator.AT_LEAST, Operator.LESS, Operator.AT_MOST})
_DATE_OPERATORS = _ORDERED | {Operator.IS, Operator.WITHIN_DAYS}
_TEXT_OPERATORS = frozenset(Operator) - _ORDERED - {Operator.WITHIN_DAYS, Operator.NEXT_DAYS}
_OPERATORS: Final[dict[str, frozenset[Operator]]] = {
    "email": _TEXT_OPERATORS,
    "domain": _TEXT_OPERATORS,
    "provider": _TEXT_OPERATORS,
    "gateway": _TEXT_OPERATORS,
    "first_name": _TEXT_OPERATORS,
    "last_name": _TEXT_OPERATORS,
    "language": _TEXT_OPERATORS,
    "timezone": _TEXT_OPERATORS,
    "created_at": _DATE_OPERATORS,
}
_DATED = frozenset({"created_at"})
_NEGATIVE = {
    "is_not": Operator.IS,
    "not_in": Operator.IN,
    "not_contains": Operator.CONTAINS,
}


def parse_rules(rules: object) -> Rule:
    """Return the tree of a segment's rules. Raises SegmentError naming the place of a mistake."""
    parsed = _rule(rules, path="", depth=0)
    if _condition_count(parsed) > MAX_CONDITIONS:
        raise mistake("", f"there are more than {MAX_CONDITIONS} conditions")
    return parsed


def validate_rules(rules: object) -> None:
    """Raise SegmentError, naming the place of the mistake, unless these are rules."""
    parse_rules(rules)


def _condition_count(rule: Rule) -> int:
    match rule:
        case All(rules) | Any(rules):
            return sum(map(_condition_count, rules))
        case Not(inner):
            return _condition_count(inner)
        case _:
            return 1


def _below(path: str, part: str) -> str:
    return f"{path}.{part}" if path else part


def _rule(node: object, *, path: str, depth: int) -> Rule:
    if not isinstance(node, dict):
        raise mistake(path, "a rule is an object in braces")
    if depth > MAX_DEPTH:
        raise mistake(path, f"groups stand in each other more than {MAX_DEPTH} deep")
    kinds = [key for key in _READERS if key in node]
    if len(kinds) != 1:
        raise mistake(path, f"a rule has exactly one of: {', '.join(_READERS)}")
    return _READERS[kinds[0]](node, path, depth)


def _refuse_others(node: Node, known: Collection[str], *, path: str) -> None:
    for key in node:
        if key not in known:
            raise no_such("setting", key, known, path=_below(path, str(key)))


def _members(node: Node, key: str, path: str, depth: int) -> tuple[Rule, ...]:
    _refuse_others(node, {key}, path=path)
    here, members = _below(path, key), node[key]
    if not isinstance(members, list) or not members:
        raise mistake(here, "put at least one rule into the brackets")
    return tuple(
        _rule(member, path=f"{here}[{number}]", depth=depth + 1)
        for number, member in enumerate(members)
    )


def _read_all(node: Node, path: str, depth: int) -> Rule:
    return All(_members(node, "all", path, depth))


def _read_any(node: Node, path: str, depth: int) -> Rule:
    return Any(_members(node, "any", path, depth))


def _read_none(node: Node, path: str, depth: int) -> Rule:
    return Not(Any(_members(node, "none", path, depth)))


def _read_not(node: Node, path: str, depth: int) -> Rule:
    _refuse_others(node, {"not"}, path=path)
    return Not(_rule(node["not"], path=_below(path, "not"), depth=depth + 1))


def _read_list(node: Node, path: str, _depth: int) -> Rule:
    list_id = read_id(node["list"], path=_below(path, "list"))
    word, negative = _word(node, "list", Status, path=path)
    rule = OnList(list_id, Status(word))
    return Not(rule) if negative else rule


def _read_campaign(node: Node, path: str, _depth: int) -> Rule:
    campaign_id = read_id(node["campaign"], path=_below(path, "campaign"))
    word, negative = _word(node, "campaign", Action, path=path)
    rule = InCampaign(campaign_id, Action(word))
    return Not(rule) if negative else rule


def _word(node: Node, kind: str, words: type[enum.StrEnum], *, path: str) -> tuple[str, bool]:
    """Return the value of `is` or `is_not`, and whether it was `is_not`."""
    _refuse_others(node, {kind, "is", "is_not"}, path=path)
    given = [key for key in ("is", "is_not") if key in node]
    if len(given) != 1:
        raise mistake(path, f'say "is" or "is_not" with one of: {", ".join(words)}')
    word = node[given[0]]
    if not isinstance(word, str) or word not in list(words):
        raise no_such("state", word, list(words), path=_below(path, given[0]))
    return word, given[0] == "is_not"


def _read_engaged(node: Node, path: str, _depth: int) -> Rule:
    return _activity(Activity.ENGAGED, node, path=path)


def _read_mailed(node: Node, path: str, _depth: int) -> Rule:
    return _activity(Activity.MAILED, node, path=path)


def _activity(activity: Activity, node: Node, *, path: str) -> Rule:
    _refuse_others(node, {activity}, path=path)
    here, span = _below(path, activity), node[activity]
    if isinstance(span, dict) and list(span) == ["within_days"]:
        return Active(activity, read_days(span["within_days"], path=_below(here, "within_days")))
    if isinstance(span, dict) and list(span) == ["ever"]:
        ever = read_switch(span["ever"], path=_below(here, "ever"))
        return Active(activity, None) if ever else Not(Active(activity, None))
    raise mistake(here, 'say {"within_days": 90}, {"ever": true} or {"ever": false}')


def _read_field(node: Node, path: str, _depth: int) -> Rule:
    field, attribute = _field(node["field"], path=_below(path, "field"))
    allowed = _OPERATORS.get(field, frozenset(Operator))
    word = _operator_word(node, allowed, path=path)
    operator = _NEGATIVE.get(word) or Operator(word)
    value = read_value(operator, node[word], dated=field in _DATED, path=_below(path, word))
    if operator in (Operator.EXISTS, Operator.EMPTY) and not value:
        return Not(Condition(field, attribute, operator, value=True))
    rule = Condition(field, attribute, operator, value)
    return Not(rule) if word in _NEGATIVE else rule


def _field(name: object, *, path: str) -> tuple[str, str]:
    """Return the field, and the key of the attribute if it is one."""
    if isinstance(name, str) and name.startswith(ATTRIBUTE_PREFIX):
        key = read_text(name.removeprefix(ATTRIBUTE_PREFIX), path=path)
        if not 0 < len(key) <= MAX_ATTRIBUTE_CHARS:
            raise mistake(path, f"name the attribute in 1 to {MAX_ATTRIBUTE_CHARS} characters")
        return "attributes", key
    if isinstance(name, str) and name in _OPERATORS:
        return name, ""
    raise no_such("field", name, [*_OPERATORS, "attributes.<name>"], path=path)


def _operator_word(node: Node, allowed: frozenset[Operator], *, path: str) -> str:
    """Return the one operator of a comparison, as it is written."""
    known = {*allowed, *(word for word, positive in _NEGATIVE.items() if positive in allowed)}
    given = [key for key in node if key != "field"]
    if len(given) != 1:
        raise mistake(path, f"compare the field by exactly one of: {', '.join(sorted(known))}")
    if given[0] not in known:
        raise no_such("operator for this field", given[0], known, path=_below(path, given[0]))
    return given[0]


_READERS: Final[dict[str, Callable[[Node, str, int], Rule]]] = {
    "all": _read_all,
    "any": _read_any,
    "none": _read_none,
    "not": _read_not,
    "field": _read_field,
    "list": _read_list,
    "campaign": _read_campaign,
    "engaged": _read_engaged,
    "mailed": _read_mailed,
}
