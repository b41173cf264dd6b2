"""Which contacts a segment's rules match, as a filter for the database.

Nothing here joins: lists and campaigns are looked at through EXISTS, so that a contact never comes
out twice. A comparison with something absent is unknown to the database; `Not` makes of unknown
what people expect: the rule does not hold, so its negation does.
"""

from __future__ import annotations

import operator
from datetime import datetime, timedelta
from functools import reduce

from django.db.models import BooleanField, Case, Exists, OuterRef, Q, Value, When

from campaigns.models import Recipient, Subscription
from campaigns.queries.comparisons import compared
from campaigns.segments import parse_rules, validate_rules
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
    Rule,
)

__all__ = ["segment_filter", "validate_rules"]

_MOMENTS = {Activity.ENGAGED: "last_human_at", Activity.MAILED: "last_mailed_at"}
_TIMES = {Action.SENT: "sent_at", Action.OPENED: "opened_at", Action.CLICKED: "clicked_at"}


def segment_filter(rules: object, *, now: datetime) -> Q:
    """Return the filter on contacts that a segment's rules stand for.

    Relative times count back from `now`; whole days are days of UTC. Raises SegmentError.
    """
    return _holds(parse_rules(rules), now=now)


def _holds(rule: Rule, *, now: datetime) -> Q:
    match rule:
        case All(rules):
            return reduce(operator.and_, (_holds(each, now=now) for each in rules))
        case Any(rules):
            return reduce(operator.or_, (_holds(each, now=now) for each in rules))
        case Not(inner):
            return _does_not_hold(inner, now=now)
        case Condition():
            return compared(rule, now=now)
        case Active(activity, within_days):
            return _active(_MOMENTS[activity], within_days, now=now)
        case OnList(list_id, status):
            on_list = Subscription.objects.filter(contact=OuterRef("pk"), list=list_id)
            return Q(Exists(on_list.filter(status=status.value)))
        case InCampaign(campaign_id, action):
            rows = Recipient.objects.filter(contact=OuterRef("pk"), campaign=campaign_id)
            return Q(Exists(rows.filter(**{f"{_TIMES[action]}__isnull": False})))


def _does_not_hold(rule: Rule, *, now: datetime) -> Q:
    """Return the exact complement, where unknown counts as not holding.

    EXISTS is never unknown, and a plain NOT EXISTS can be planned as an anti-join.
    """
    holds = _holds(rule, now=now)
    if isinstance(rule, OnList | InCampaign):
        return ~holds
    complement = Case(
        When(holds, then=Value(value=False)),
        default=Value(value=True),
        output_field=BooleanField(),
    )
    return Q(complement)


def _active(column: str, within_days: int | None, *, now: datetime) -> Q:
    if within_days is None:
        return Q(**{f"{column}__isnull": False})
    return Q(**{f"{column}__gte": now - timedelta(days=within_days)})
