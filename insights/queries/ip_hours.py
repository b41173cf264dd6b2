"""How much left from each IP to each provider, hour by hour: for tables that are kept from it."""

from __future__ import annotations

from typing import Final

# Takes `since` (inclusive) and `until` (exclusive), both full hours of UTC.
IP_HOURS: Final = """
SELECT organization_id, ip, provider, hour AS window_start, sum(sent)::int AS sent,
    sum(delivered)::int AS delivered, sum(bounced)::int AS bounced,
    sum(complaints)::int AS complained
FROM insights_hourlycount
WHERE hour >= %(since)s AND hour < %(until)s AND ip <> ''
GROUP BY organization_id, ip, provider, hour
HAVING sum(sent) <> 0 OR sum(delivered) <> 0 OR sum(bounced) <> 0 OR sum(complaints) <> 0
"""
