"""How soon links are followed at each domain, as of the last weeks: counted anew from the events.

What is counted is when the first click came, not what it was taken for, so that a verdict never
becomes evidence for the next one.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction

from insights.actors.rules import HISTORY_MESSAGES, SOON

LOOKED_AT: Final = timedelta(weeks=4)  # people change their gateway now and then

# One after the other, if two do this at once; readers do not wait.
_FORGET: Final = """
LOCK TABLE insights_domainhistory IN SHARE ROW EXCLUSIVE MODE;
DELETE FROM insights_domainhistory
"""
# Campaign by campaign, as the index goes; most events are no clicks.
_COUNT: Final = """
WITH first AS (
    SELECT e.recipient_id, min(e.seconds_after_delivery) < %(soon)s AS fast
    FROM (
        SELECT DISTINCT campaign_id FROM insights_hourlycount
        WHERE hour >= %(since)s AND (clicks > 0 OR machine_clicks > 0)
    ) AS one
    JOIN email_delivery_events AS e ON e.campaign_id = one.campaign_id
    WHERE e.event_type = 'clicked' AND e.ts >= %(since)s AND e.ts < %(until)s
        AND e.seconds_after_delivery IS NOT NULL AND e.method <> 'HEAD'
    GROUP BY e.recipient_id
)
INSERT INTO insights_domainhistory (organization_id, domain, messages, fast_messages)
SELECT r.organization_id, lower(regexp_replace(r.email, '^.*@', '')) AS domain, count(*),
    count(*) FILTER (WHERE first.fast)
FROM first JOIN campaigns_recipient AS r ON r.id = first.recipient_id
GROUP BY 1, 2 HAVING count(*) >= %(enough)s
"""


def refresh_histories(*, now: datetime) -> int:
    """Count anew how soon links are followed at each domain; return of how many that is known."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_FORGET)
        cursor.execute(
            _COUNT,
            {
                "since": now - LOOKED_AT,
                "until": now,
                "soon": SOON.total_seconds(),
                "enough": HISTORY_MESSAGES,
            },
        )
        return int(cursor.rowcount)
