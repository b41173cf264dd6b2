"""Whether the hourly counts are right: a second count of everything, by another way.

`insights.operations.recording` counts as events come in. Here they are counted from what is there:
the events, and what happened to each message, taken from the events again (`compare`) or from the
ledger (`insights.operations.rollups`). Both need all events of a campaign, so one that is older
than the oldest events that are kept is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.db import connection
from django.db.models import Min

from campaigns.models import Campaign
from insights.metrics import COUNTERS, DIMENSIONS, EVENT_COUNTERS, FACTS, MESSAGE_COUNTERS
from insights.models import DeliveryEvent, HourlyCount
from insights.partitions import month_of

# A list that was deleted is gone from the ledger, but not from what was counted and recorded.
_COMPARED: Final = ("hour", *(name for name in DIMENSIONS if name != "list_id"))
_HOUR: Final = "date_trunc('hour', {at} AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'"
_EVENT_COUNTER: Final = "CASE {} END".format(
    " ".join(f"WHEN {condition} THEN '{name}'" for name, condition in EVENT_COUNTERS.items())
)
_IS_FACT: Final = " OR ".join(f"({condition})" for condition in FACTS.values())
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
FROM email_delivery_events WHERE campaign_id = ANY(%(campaigns)s) AND ({_IS_FACT})
GROUP BY recipient_id
"""  # noqa: S608  put together from constants alone

# The same from the ledger.
FACTS_OF_LEDGER: Final = f"""
SELECT r.organization_id, r.campaign_id, r.provider, c.identity_id, r.list_id, r.ip, c.stream,
    r.variant, r.bounce_class, {", ".join(f"r.{fact}" for fact in FACTS)}
FROM campaigns_recipient AS r JOIN campaigns_campaign AS c ON c.id = r.campaign_id
WHERE r.campaign_id = ANY(%(campaigns)s)
"""  # noqa: S608  put together from constants alone

# One row for each thing that counts; {facts} is one of the two above.
COUNTED: Final = f"""
WITH facts AS ({{facts}}), each AS (
    SELECT {_HOUR.format(at="ts")} AS hour, {_DIMENSIONS}, {_EVENT_COUNTER} AS counter
    FROM email_delivery_events WHERE campaign_id = ANY(%(campaigns)s)
    UNION ALL
    SELECT {_HOUR.format(at="step.at")}, {", ".join(f"facts.{name}" for name in DIMENSIONS)},
        step.counter
    FROM facts CROSS JOIN LATERAL (VALUES {_MESSAGE_COUNTERS}) AS step (counter, at)
    WHERE step.at IS NOT NULL
), counted AS (
    SELECT hour, organization_id, campaign_id, provider, COALESCE(identity_id, 0) AS identity_id,
        COALESCE(list_id, 0) AS list_id, ip, stream, variant, counter
    FROM each WHERE counter IS NOT NULL
)
"""  # noqa: S608  put together from constants alone

_KEPT: Final = ", ".join(f"('{name}', h.{name})" for name in COUNTERS)
_COMPARE: Final = f"""
{COUNTED.format(facts=FACTS_OF_EVENTS)}
SELECT {", ".join(_COMPARED)}, counter, sum(kept)::int8, sum(recounted)::int8
FROM (
    SELECT {", ".join(f"h.{name}" for name in _COMPARED)}, one.counter, one.number AS kept,
        0 AS recounted
    FROM insights_hourlycount AS h CROSS JOIN LATERAL (VALUES {_KEPT}) AS one (counter, number)
    WHERE h.campaign_id = ANY(%(campaigns)s) AND one.number <> 0
    UNION ALL
    SELECT {", ".join(_COMPARED)}, counter, 0, 1 FROM counted
) AS both_counts
GROUP BY {", ".join(_COMPARED)}, counter HAVING sum(kept) <> sum(recounted)
ORDER BY campaign_id, hour, counter, provider, ip, variant
"""  # noqa: S608  put together from constants alone


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


@dataclass(frozen=True, slots=True)
class Recountable:
    """Campaigns by whether all their events are still there."""

    complete: list[int]
    older: list[int]


def recountable(
    *, organization_id: int | None = None, campaign_id: int | None = None
) -> Recountable:
    """Return the campaigns of the installation, of one organization, or one of them."""
    chosen = Campaign.objects.order_by("pk")
    if organization_id is not None:
        chosen = chosen.filter(organization_id=organization_id)
    if campaign_id is not None:
        chosen = chosen.filter(pk=campaign_id)
    every = list(chosen.values_list("pk", flat=True))
    before = set(_older(_oldest_kept()))
    return Recountable(
        [pk for pk in every if pk not in before], [pk for pk in every if pk in before]
    )


def _oldest_kept() -> datetime:
    """Return the beginning of the month of the oldest event; months are dropped as a whole."""
    oldest = DeliveryEvent.objects.aggregate(oldest=Min("ts"))["oldest"]
    return month_of(oldest).begin if oldest else datetime.max.replace(tzinfo=UTC)


def _older(oldest_kept: datetime) -> list[int]:
    counts = HourlyCount.objects.filter(hour__lt=oldest_kept).order_by()
    return list(counts.values_list("campaign_id", flat=True).distinct())


def compare(campaign_ids: Sequence[int]) -> list[Difference]:
    """Return where the hourly counts of campaigns differ from a recount of their events alone."""
    with connection.cursor() as cursor:
        cursor.execute(_COMPARE, {"campaigns": list(campaign_ids)})
        return [Difference(*row) for row in cursor.fetchall()]
