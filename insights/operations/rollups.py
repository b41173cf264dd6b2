"""Hourly counts made anew, for when they cannot be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db import connection, transaction

from insights.metrics import COUNTERS, DIMENSIONS
from insights.queries.recount import COUNTED, FACTS_OF_LEDGER

_KEY: Final = ", ".join(("hour", *DIMENSIONS))
_SUMS: Final = ", ".join(f"count(*) FILTER (WHERE counter = '{name}')" for name in COUNTERS)
# Whoever records events waits, so that none is counted twice or not at all. Readers do not wait.
_LOCK: Final = "LOCK TABLE insights_hourlycount IN SHARE ROW EXCLUSIVE MODE"
_FORGET: Final = "DELETE FROM insights_hourlycount WHERE campaign_id = ANY(%(campaigns)s)"
_REBUILD: Final = f"""
{COUNTED.format(facts=FACTS_OF_LEDGER)}
INSERT INTO insights_hourlycount ({_KEY}, {", ".join(COUNTERS)})
SELECT {_KEY}, {_SUMS} FROM counted GROUP BY {_KEY}
"""  # noqa: S608  put together from constants alone


def rebuild(campaign_ids: Sequence[int]) -> int:
    """Make the hourly counts of campaigns anew from events and ledger; return how many rows.

    Give only campaigns whose events are all there (`insights.queries.recount.recountable`): what
    is missing counts as never having happened.
    """
    campaigns = {"campaigns": list(campaign_ids)}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK)
        cursor.execute(_FORGET, campaigns)
        cursor.execute(_REBUILD, campaigns)
        return int(cursor.rowcount)
