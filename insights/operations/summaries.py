"""Summaries of the hourly counts: one row for each hour and thing that figures are shown apart by.

Figures over weeks need not add up every combination of campaign, provider, list and so on. Whoever
counts says in the same transaction which hours it touched (`insights_stalehour`); until an hour is
summed up again, figures of it come from the counts themselves, so that they are never behind.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction

from insights.metrics import COUNTERS, SUMMED_BY, TRACKED

HOURS_TOGETHER: Final = 1_000
SUMMARY_LOCK: Final = 0x73756D73  # "sums": number of the advisory lock

_ORGANIZATIONS: Final = """
SELECT DISTINCT organization_id FROM insights_stalehour
UNION SELECT id FROM campaigns_organization WHERE id NOT IN (
    SELECT organization_id FROM insights_summarizedorganization
) AND EXISTS (
    SELECT FROM insights_hourlycount AS h WHERE h.organization_id = campaigns_organization.id
)
"""
_IS_KNOWN: Final = "SELECT FROM insights_summarizedorganization WHERE organization_id = %s"
_KNOW: Final = """
INSERT INTO insights_summarizedorganization (organization_id) VALUES (%s) ON CONFLICT DO NOTHING
"""
_EVERY_HOUR: Final = "SELECT DISTINCT hour FROM insights_hourlycount WHERE organization_id = %s"
_STALE_HOURS: Final = """
WITH gone AS (DELETE FROM insights_stalehour WHERE organization_id = %s RETURNING hour)
SELECT DISTINCT hour FROM gone
"""
_FORGET: Final = """
DELETE FROM insights_hourlysummary WHERE organization_id = %(organization)s
    AND hour = ANY(%(hours)s)
"""
# In this order, what is read together lies together.
_SUM_UP: Final = f"""
INSERT INTO insights_hourlysummary (organization_id, hour, dimension, key, {", ".join(COUNTERS)},
    {", ".join(TRACKED)})
SELECT h.organization_id, h.hour, by.dimension, by.key,
    {", ".join(f"sum(h.{name})" for name in COUNTERS)},
    {
    ", ".join(
        f"COALESCE(sum(h.delivered) FILTER (WHERE COALESCE(c.{flag}, true)), 0)"
        for flag in TRACKED.values()
    )
}
FROM insights_hourlycount AS h LEFT JOIN campaigns_campaign AS c ON c.id = h.campaign_id
CROSS JOIN LATERAL (VALUES {
    ", ".join(f"('{dimension}', {key}::text)" for dimension, key in SUMMED_BY.items())
}) AS by (dimension, key)
WHERE h.organization_id = %(organization)s AND h.hour = ANY(%(hours)s)
GROUP BY h.organization_id, h.hour, by.dimension, by.key
ORDER BY by.dimension, h.hour
"""  # noqa: S608  put together from constants alone


def sum_up() -> int:
    """Sum up the hours whose counts have changed since, and return how many they are."""
    with connection.cursor() as cursor:
        cursor.execute(_ORGANIZATIONS)
        organization_ids = sorted(row[0] for row in cursor.fetchall())
    return sum(_sum_up_organization(organization_id) for organization_id in organization_ids)


def _sum_up_organization(organization_id: int) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [SUMMARY_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(_IS_KNOWN, [organization_id])
        is_known = cursor.fetchone() is not None
        cursor.execute(_STALE_HOURS, [organization_id])
        hours = {row[0] for row in cursor.fetchall()}
        if not is_known:
            cursor.execute(_EVERY_HOUR, [organization_id])
            hours |= {row[0] for row in cursor.fetchall()}
            cursor.execute(_KNOW, [organization_id])
        _replace(organization_id, hours)
        return len(hours)


def _replace(organization_id: int, hours: Collection[datetime]) -> None:
    ordered = sorted(hours)
    with connection.cursor() as cursor:
        for first in range(0, len(ordered), HOURS_TOGETHER):
            chosen: dict[str, Any] = {
                "organization": organization_id,
                "hours": ordered[first : first + HOURS_TOGETHER],
            }
            cursor.execute(_FORGET, chosen)
            cursor.execute(_SUM_UP, chosen)
