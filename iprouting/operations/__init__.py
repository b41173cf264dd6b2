"""Writes of sending IPs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction

from campaigns.models import Campaign
from insights.periods import hour_of, next_hour
from insights.queries.ip_hours import IP_HOURS
from iprouting.decisions import KEPT_FOR
from iprouting.models import RoutingDecision, SendingIP

REPUTATION_LOCK: Final = 0x697072657075  # "iprepu": number of the advisory lock
_COUNTS: Final = ("sent", "delivered", "bounced", "complained")
_FIGURES: Final = ", ".join(_COUNTS)
# Rows whose figures are right stay as they are, so that running it again writes nothing.
_REFRESH: Final = f"""
WITH counted AS ({IP_HOURS}), gone AS (
    DELETE FROM ip_reputation AS kept
    WHERE window_start >= %(since)s AND window_start < %(until)s AND NOT EXISTS (
        SELECT FROM counted AS c WHERE (c.organization_id, c.ip, c.provider, c.window_start)
            = (kept.organization_id, kept.ip, kept.provider, kept.window_start))
    RETURNING 1
), written AS (
    INSERT INTO ip_reputation AS kept (organization_id, ip, provider, window_start, {_FIGURES})
    SELECT c.organization_id, c.ip, c.provider, c.window_start, {_FIGURES}
    FROM counted AS c JOIN campaigns_organization AS o ON o.id = c.organization_id
    ON CONFLICT (organization_id, window_start, ip, provider)
    DO UPDATE SET {", ".join(f"{name} = EXCLUDED.{name}" for name in _COUNTS)}
    WHERE ({", ".join(f"kept.{name}" for name in _COUNTS)})
        IS DISTINCT FROM ({", ".join(f"EXCLUDED.{name}" for name in _COUNTS)})
    RETURNING 1
)
SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM written)
"""  # noqa: S608  put together from constants alone

# Written for every batch that is sent: as a model it would take twice the time.
_KEEP: Final = """
INSERT INTO iprouting_routingdecision
    (organization_id, campaign_id, stream, at, "between", chosen, weighed, best)
VALUES (%(organization)s, %(campaign)s, %(stream)s, %(at)s,
    int8range(%(lowest)s, %(highest)s, '[]'), %(chosen)s, %(weighed)s, %(best)s)
"""


def mark_unreachable(ip_id: int, *, until: datetime, reason: str) -> None:
    """Leave an IP alone until `until`, because its server could not be reached."""
    SendingIP.objects.filter(pk=ip_id).update(unreachable_until=until, unreachable_reason=reason)


def mark_reachable(ip_id: int) -> None:
    """Forget that an IP's server could not be reached."""
    SendingIP.objects.filter(pk=ip_id, unreachable_until__isnull=False).update(
        unreachable_until=None, unreachable_reason=""
    )


def refresh_reputation(*, look_back: timedelta, now: datetime) -> int:
    """Bring the reputation of the last hours up to the hourly counts; return how many rows changed.

    Late bounces and complaints correct earlier hours, so all of `look_back` is compared. Run again,
    or by two at once, it changes nothing more.
    """
    hours = {"since": hour_of(now - look_back), "until": next_hour(now)}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [REPUTATION_LOCK])
        cursor.execute(_REFRESH, hours)
        return int(cursor.fetchone()[0])


def keep_decision(
    campaign: Campaign,
    *,
    chosen: Mapping[int, Sequence[int]],
    weighed: Mapping[str, Sequence[Any]],
    best: Mapping[str, int],
    now: datetime,
) -> None:
    """Write down which messages go through which IP (`chosen`), and what was weighed."""
    bound: dict[str, Any] = {
        "organization": campaign.organization_id,
        "campaign": campaign.pk,
        "stream": campaign.stream,
        "at": now,
        "lowest": min(min(ids) for ids in chosen.values()),
        "highest": max(max(ids) for ids in chosen.values()),
        "chosen": json.dumps(chosen),
        "weighed": json.dumps(weighed),
        "best": json.dumps(best),
    }
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, bound)


def forget_decisions(*, now: datetime) -> int:
    """Delete decisions of long ago; return how many."""
    return RoutingDecision.objects.filter(at__lt=now - KEPT_FOR).delete()[0]
