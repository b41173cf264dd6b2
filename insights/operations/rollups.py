"""Hourly counts made anew, for when they cannot be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.db import connection, transaction

from insights.metrics import COUNTERS, DIMENSIONS
from insights.queries.keeping import kept_since
from insights.queries.recount import BEGINNING, COUNTED, FACTS_OF_LEDGER

_KEY: Final = ", ".join(("hour", *DIMENSIONS))
_SUMS: Final = ", ".join(f"count(*) FILTER (WHERE counter = '{name}')" for name in COUNTERS)
# Whoever records events waits, so that none is counted twice or not at all. Readers do not wait.
_LOCK: Final = "LOCK TABLE insights_hourlycount IN SHARE ROW EXCLUSIVE MODE"
_FORGET: Final = """
DELETE FROM insights_hourlycount WHERE campaign_id = ANY(%(campaigns)s) AND hour >= %(since)s
"""
_SAY_STALE: Final = """
INSERT INTO insights_stalehour (organization_id, hour)
SELECT DISTINCT organization_id, hour FROM insights_hourlycount
WHERE campaign_id = ANY(%(campaigns)s) AND hour >= %(since)s
"""
_REBUILD: Final = f"""
{COUNTED.format(facts=FACTS_OF_LEDGER)}
INSERT INTO insights_hourlycount ({_KEY}, {", ".join(COUNTERS)})
SELECT {_KEY}, {_SUMS} FROM counted GROUP BY {_KEY}
"""  # noqa: S608  put together from constants alone


def rebuild(campaign_ids: Sequence[int]) -> int:
    """Make the hourly counts of campaigns anew from events and ledger; return how many rows.

    Hours whose events were dropped keep their counts: of those there is nothing else.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK)
        chosen: dict[str, Any] = {
            "campaigns": list(campaign_ids),
            "since": kept_since() or BEGINNING,
        }
        cursor.execute(_SAY_STALE, chosen)
        cursor.execute(_FORGET, chosen)
        cursor.execute(_REBUILD, chosen)
        rows = int(cursor.rowcount)
        cursor.execute(_SAY_STALE, chosen)
        return rows
