"""What providers say when they refuse, most frequent first, without reading every event."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from insights.periods import Period

CAMPAIGNS_READ: Final = 3  # those with most refusals
REFUSALS_READ: Final = 500  # of each campaign and provider, the newest

# The index on (campaign_id, event_type, ts) leads to the newest refusals of a campaign.
_FREQUENT: Final = """
WITH worst AS (
    SELECT campaign_id, provider FROM (
        SELECT campaign_id, provider,
            row_number() OVER (PARTITION BY provider ORDER BY sum(bounced) DESC) AS place
        FROM insights_hourlycount
        WHERE organization_id = %(organization)s AND hour >= %(start)s AND hour < %(end)s
            AND provider = ANY(%(providers)s) AND bounced > 0{condition}
        GROUP BY campaign_id, provider
    ) AS ranked WHERE place <= %(campaigns)s
)
SELECT provider, smtp_code, mode() WITHIN GROUP (ORDER BY smtp_response), count(*) AS number
FROM worst CROSS JOIN LATERAL (
    SELECT smtp_code, enhanced_code, smtp_response FROM email_delivery_events AS e
    WHERE e.campaign_id = worst.campaign_id AND e.provider = worst.provider
        AND e.event_type = 'bounced' AND e.ts >= %(start)s AND e.ts < %(end)s
    ORDER BY e.ts DESC LIMIT %(refusals)s
) AS newest
WHERE smtp_response <> ''
GROUP BY provider, smtp_code, enhanced_code ORDER BY provider, number DESC, smtp_code
"""


@dataclass(frozen=True, slots=True)
class Wording:
    """What a provider said, and how many of the refusals that were read say the like."""

    provider: str
    smtp_code: int | None
    response: str
    number: int

    @property
    def text(self) -> str:
        """The answer as a server gives it, with its code in front."""
        code = "" if self.smtp_code is None else str(self.smtp_code)
        return self.response if self.response.startswith(code) else f"{code} {self.response}"


def most_frequent(
    organization_id: int,
    *,
    period: Period,
    providers: Collection[str],
    campaign_id: int | None = None,
) -> dict[str, Wording]:
    """Return how each provider words most of its refusals; without those that say nothing.

    Answers that share both codes count as one, shown as the most frequent of them.
    """
    if not providers:
        return {}
    asked: dict[str, Any] = {
        "organization": organization_id,
        "providers": list(providers),
        "campaign": campaign_id,
        "campaigns": CAMPAIGNS_READ,
        "refusals": REFUSALS_READ,
        "start": period.first_hour,
        "end": period.end_hour,
    }
    condition = "" if campaign_id is None else " AND campaign_id = %(campaign)s"
    found: dict[str, Wording] = {}
    with connection.cursor() as cursor:
        cursor.execute(_FREQUENT.format(condition=condition), asked)
        for row in cursor.fetchall():
            found.setdefault(row[0], Wording(*row))
    return found
