"""Reads of breakers, of their rules, and of what rules would have fitted."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from iprouting.breakers import (
    Action,
    BreakerState,
    PatternError,
    PatternKind,
    Rule,
    Standing,
    answer_text,
    compiled,
)
from iprouting.models import Breaker, BreakerRule, ProviderLimit

logger = logging.getLogger(__name__)

LOOKED_BACK: Final = timedelta(days=7)
MOST_LOOKED_AT: Final = 10_000  # of the newest refusals of a kind
EXAMPLES: Final = 20
_MADE_UP: Final = re.compile(r"\S*\d\S{5,}")  # a word with a digit and more: no two are the same
# The index on rare types of events gives the newest of each type without reading others.
_NEWEST: Final = """
(SELECT provider, smtp_code, smtp_response, ts FROM email_delivery_events
 WHERE organization_id = %(organization)s AND event_type = '{type}'
    AND ts >= %(since)s AND ts < %(until)s
 ORDER BY ts DESC LIMIT %(limit)s)
"""
_REFUSALS: Final = f"""
SELECT provider, smtp_code, smtp_response, count(*), max(ts)
FROM ({_NEWEST.format(type="deferred")} UNION ALL {_NEWEST.format(type="bounced")}) AS newest
WHERE smtp_code >= 400 AND (%(provider)s = '' OR provider = %(provider)s)
GROUP BY 1, 2, 3 ORDER BY 5 DESC
"""  # noqa: S608  put together from constants alone


@dataclass(frozen=True, slots=True)
class Example:
    """One wording that a pattern fits."""

    provider: str
    text: str
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Trial:
    """What a pattern would have fitted lately: how many answers of how many, and some of them."""

    fitted: int
    looked_at: int
    examples: tuple[Example, ...]


def rule_of(row: BreakerRule) -> Rule:
    """Return a row of the table as the pure rule."""
    return Rule(
        id=row.pk,
        name=row.name,
        provider=row.provider,
        kind=PatternKind(row.kind),
        pattern=row.pattern,
        matches=row.answer_count,
        window=timedelta(seconds=row.window_seconds),
        action=Action(row.effect),
        duration=timedelta(seconds=row.duration_seconds),
        rate_per_minute=row.rate_per_minute,
        connections=row.connections,
    )


def rules() -> list[Rule]:
    """Return the rules that are switched on, without those whose pattern cannot be used."""
    found = [rule_of(row) for row in BreakerRule.objects.filter(active=True).order_by("pk")]
    return [rule for rule in found if _usable(rule)]


def _usable(rule: Rule) -> bool:
    try:
        compiled(rule.kind, rule.pattern)
    except PatternError as error:
        logger.warning("Breaker rule %s is passed over: %s", rule.name, error)
        return False
    return True


def not_closed(organization_id: int, *, addresses: Collection[str]) -> list[Breaker]:
    """Return the breakers of some IPs that are not closed, by what is stored."""
    open_ones = Breaker.objects.filter(organization=organization_id, ip__in=addresses)
    return list(open_ones.exclude(state=BreakerState.CLOSED.value))


def standing_of(breaker: Breaker) -> Standing:
    """Return a row as the pure standing."""
    return Standing(
        state=BreakerState(breaker.state),
        until=breaker.until,
        opened_at=breaker.opened_at,
        probed_at=breaker.probed_at,
        times=breaker.times_opened,
        rate=breaker.rate_per_minute,
        connections=breaker.connections,
        recent={
            int(rule_id): [datetime.fromisoformat(at) for at in times]
            for rule_id, times in breaker.recent.items()
        },
    )


def limits() -> dict[str, ProviderLimit]:
    """Return the limits that are switched on, by provider; empty is any other."""
    return {limit.provider: limit for limit in ProviderLimit.objects.filter(active=True)}


def would_fit(
    organization_id: int, *, provider: str, kind: str, pattern: str, now: datetime
) -> Trial:
    """Return what a pattern would have fitted among the refusals of the last week.

    Only the newest refusals are looked at. Raises PatternError for a pattern that cannot be used.
    """
    looked_for: Any = compiled(kind, pattern)
    asked: dict[str, Any] = {
        "organization": organization_id,
        "since": now - LOOKED_BACK,
        "until": now + timedelta(minutes=5),  # clocks of those who report differ
        "limit": MOST_LOOKED_AT,
        "provider": provider,
    }
    with connection.cursor() as cursor:
        cursor.execute(_REFUSALS, asked)
        rows = cursor.fetchall()
    found = [
        Example(of, text, count, last_at)
        for of, code, response, count, last_at in rows
        if looked_for.search(text := answer_text(code, response))
    ]
    return Trial(
        fitted=sum(example.count for example in found),
        looked_at=sum(row[3] for row in rows),
        examples=tuple(_alike(found)[:EXAMPLES]),
    )


def _alike(examples: Iterable[Example]) -> list[Example]:
    """Return answers that differ in queue ids, times and addresses alone as one, the newest."""
    together: dict[tuple[str, str], Example] = {}
    for example in examples:
        key = (example.provider, _MADE_UP.sub("", example.text))
        newest = together.get(key, replace(example, count=0))
        together[key] = replace(newest, count=newest.count + example.count)
    return list(together.values())
