"""Whether the hourly counts are right: a second count of everything, by another way.

`insights.operations.recording` counts as events come in. Here they are counted from what is there:
the events, and what happened to each message, taken from the events again or from the ledger. Only
hours whose events are all kept can be counted again; of older ones the counts are all there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.db import connection

from campaigns.models import Campaign
from insights.metrics import (
    COUNTERS,
    DIMENSIONS,
    EVENT_COUNTER,
    FACTS,
    HOUR,
    IS_FACT,
    MESSAGE_COUNTERS,
)
from insights.models import HourlyCount
from insights.queries.keeping import kept_since

BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
# A list that was deleted is gone from the ledger, but not from what was counted and recorded.
_COMPARED: Final = ("hour", *(name for name in DIMENSIONS if name != "list_id"))
_MESSAGE_COUNTERS: Final = ", ".join(
    f"('{name}', {at.format(row='facts')})" for name, at in MESSAGE_COUNTERS.items()
)
_EARLIEST: Final = ", ".join(
    f"min(ts) FILTER (WHERE {condition}) AS {fact}" for fact, condition in FACTS.items()
)
_DIMENSIONS: Final = ", ".join(DIMENSIONS)

# What happened to each message, from its events alone. All of them carry the same values.
FACTS_OF_EVENTS: Final = f"""
SELECT {", ".join(f"max({name}) AS {name}" for name in DIMENSIONS)}, {_EARLIEST},
    (array_agg(bounce_class ORDER BY ts, bounce_class)
        FILTER (WHERE {FACTS["bounced_at"]}))[1] AS bounce_class
FROM email_delivery_events WHERE campaign_id = ANY(%(campaigns)s) AND ({IS_FACT})
GROUP BY recipient_id
"""  # noqa: S608  put together from constants alone

# The same from the ledger, of messages to which something happened since.
FACTS_OF_LEDGER: Final = f"""
SELECT r.organization_id, r.campaign_id, r.provider, c.identity_id, r.list_id, r.ip, c.stream,
    r.variant, r.bounce_class, {", ".join(f"r.{fact}" for fact in FACTS)}
FROM campaigns_recipient AS r JOIN campaigns_campaign AS c ON c.id = r.campaign_id
WHERE r.campaign_id = ANY(%(campaigns)s)
    AND GREATEST({", ".join(f"r.{fact}" for fact in FACTS)}) >= %(since)s
"""  # noqa: S608  put together from constants alone

# One row for each thing that counts from an hour on; {facts} is one of the two above.
COUNTED: Final = f"""
WITH facts AS ({{facts}}), each AS (
    SELECT {HOUR.format(at="ts")} AS hour, {_DIMENSIONS}, {EVENT_COUNTER} AS counter
    FROM email_delivery_events WHERE campaign_id = ANY(%(campaigns)s) AND ts >= %(since)s
    UNION ALL
    SELECT {HOUR.format(at="step.at")}, {", ".join(f"facts.{name}" for name in DIMENSIONS)},
        step.counter
    FROM facts CROSS JOIN LATERAL (VALUES {_MESSAGE_COUNTERS}) AS step (counter, at)
    WHERE step.at >= %(since)s
), counted AS (
    SELECT hour, organization_id, campaign_id, provider, COALESCE(identity_id, 0) AS identity_id,
        COALESCE(list_id, 0) AS list_id, ip, stream, variant, counter
    FROM each WHERE counter IS NOT NULL
)
"""  # noqa: S608  put together from constants alone

_KEPT: Final = ", ".join(f"('{name}', h.{name})" for name in COUNTERS)
_COMPARE: Final = f"""
{COUNTED}
SELECT {", ".join(_COMPARED)}, counter, sum(kept)::int8, sum(recounted)::int8
FROM (
    SELECT {", ".join(f"h.{name}" for name in _COMPARED)}, one.counter, one.number AS kept,
        0 AS recounted
    FROM insights_hourlycount AS h CROSS JOIN LATERAL (VALUES {_KEPT}) AS one (counter, number)
    WHERE h.campaign_id = ANY(%(campaigns)s) AND h.hour >= %(since)s AND one.number <> 0
    UNION ALL
    SELECT {", ".join(_COMPARED)}, counter, 0, 1 FROM counted
) AS both_counts
GROUP BY {", ".join(_COMPARED)}, counter HAVING sum(kept) <> sum(recounted)
ORDER BY campaign_id, hour, counter, provider, ip, variant
"""  # noqa: S608  put together from constants alone
_BY_EVENTS: Final = _COMPARE.format(facts=FACTS_OF_EVENTS)
_BY_LEDGER: Final = _COMPARE.format(facts=FACTS_OF_LEDGER)
_ACTIVE: Final = """
SELECT campaign_id FROM insights_hourlycount WHERE hour >= %(since)s
UNION SELECT campaign_id FROM email_delivery_events WHERE ts >= %(since)s
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """A counter of one hour that does not say what the events say."""

    hour: datetime
    organization_id: int
    campaign_id: int
    provider: str
    identity_id: int
    ip: str
    stream: str
    variant: str
    counter: str
    kept: int
    recounted: int

    def __str__(self) -> str:
        return (
            f"campaign {self.campaign_id}, {self.hour:%Y-%m-%d %H:00} UTC, {self.provider}:"
            f" {self.counter} is {self.kept:,}, the events say {self.recounted:,}"
        )


def campaign_ids(
    *, organization_id: int | None = None, campaign_id: int | None = None
) -> list[int]:
    """Return the campaigns of the installation, of one organization, or one of them."""
    chosen = Campaign.objects.order_by("pk")
    if organization_id is not None:
        chosen = chosen.filter(organization_id=organization_id)
    if campaign_id is not None:
        chosen = chosen.filter(pk=campaign_id)
    return list(chosen.values_list("pk", flat=True))


def active_since(since: datetime) -> list[int]:
    """Return the campaigns, in order, of which something was counted or recorded since."""
    with connection.cursor() as cursor:
        cursor.execute(_ACTIVE, {"since": since})
        return sorted(row[0] for row in cursor.fetchall())


def counted_before(campaign_ids: Sequence[int], moment: datetime) -> list[int]:
    """Return those of the campaigns, in order, that have counts of hours before a moment."""
    counts = HourlyCount.objects.filter(campaign_id__in=campaign_ids, hour__lt=moment).order_by()
    return sorted(counts.values_list("campaign_id", flat=True).distinct())


def compare(campaign_ids: Sequence[int], *, since: datetime | None = None) -> list[Difference]:
    """Return where the hourly counts of campaigns differ from a recount.

    Everything is counted from the events alone. With `since`, a full hour, or where old events are
    no longer kept, what happened to a message is taken from the ledger, and earlier hours are left
    aside.
    """
    kept = kept_since() or BEGINNING
    if since is not None:
        return _compare(_BY_LEDGER, campaign_ids, since=max(since, kept))
    older = set(counted_before(campaign_ids, kept))
    complete = [pk for pk in campaign_ids if pk not in older]
    return _compare(_BY_EVENTS, complete, since=BEGINNING) + _compare(
        _BY_LEDGER, sorted(older), since=kept
    )


def _compare(statement: str, campaign_ids: Sequence[int], *, since: datetime) -> list[Difference]:
    if not campaign_ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(statement, {"campaigns": list(campaign_ids), "since": since})
        return [Difference(*row) for row in cursor.fetchall()]
