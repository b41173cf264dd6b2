"""Reads of sending IPs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db.models import Q, QuerySet, Sum
from psycopg.types.range import Range

from insights.periods import next_hour
from iprouting.models import IPReputation, Pool, RoutingDecision, SendingIP
from iprouting.reputation import WINDOW, Counts

DECISIONS_AT_ONCE = 20  # read of the newest, until all are found


def usable_ips(organization_id: int, *, stream: str, now: datetime) -> QuerySet[SendingIP]:
    """Return the active IPs of a stream whose server could be reached, with transport and pool."""
    reachable = Q(unreachable_until__isnull=True) | Q(unreachable_until__lte=now)
    return configured_ips(organization_id, stream=stream).filter(reachable)


def configured_ips(organization_id: int, *, stream: str) -> QuerySet[SendingIP]:
    """Return the active IPs of a stream, oldest first, with transport and pool."""
    return (
        SendingIP.objects.filter(organization=organization_id, active=True, pool__stream=stream)
        .select_related("transport", "pool")
        .order_by("pk")
    )


def fallback_ips(ips: Iterable[SendingIP]) -> frozenset[int]:
    """Return which of some IPs are in a pool that only stands in for others."""
    by_pool: dict[int, list[int]] = {}
    for ip in ips:
        by_pool.setdefault(ip.pool_id, []).append(ip.pk)
    standing_in = Pool.objects.filter(pk__in=by_pool, stands_in_for__isnull=False)
    pools = standing_in.values_list("pk", flat=True).distinct()
    return frozenset(ip_id for pool_id in pools for ip_id in by_pool[pool_id])


def reputation(
    organization_id: int, *, now: datetime, addresses: Collection[str] | None = None
) -> dict[tuple[str, str], Counts]:
    """Return what became of the mail of the last 24 hours, by (IP, provider).

    The hour that is still going on is the last of the 24. `addresses` narrows to some IPs.
    `iprouting.reputation.score` makes a score of each.
    """
    end = next_hour(now)
    rows = IPReputation.objects.filter(
        organization=organization_id, window_start__gte=end - WINDOW, window_start__lt=end
    )
    if addresses is not None:
        rows = rows.filter(ip__in=addresses)
    sums = rows.values_list("ip", "provider").annotate(
        Sum("sent"), Sum("delivered"), Sum("bounced"), Sum("complained")
    )
    return {(ip, provider): Counts(*counts) for ip, provider, *counts in sums.order_by()}


def decision_for(recipient_id: int) -> tuple[RoutingDecision, int] | None:
    """Return the last decision about a message with the IP that was chosen for it.

    None if there was none, or it was too long ago. The ranges of several batches may hold the
    number: a message that was put off is taken again with others.
    """
    near = RoutingDecision.objects.filter(between__contains=recipient_id)
    for decision in near.order_by("-at", "-pk").iterator():
        for ip_id, recipient_ids in decision.chosen.items():
            if recipient_id in recipient_ids:
                return decision, int(ip_id)
    return None


def chosen_ips(recipient_ids: Collection[int]) -> dict[int, int]:
    """Return the IP that was chosen last for each of these messages, where that is kept."""
    wanted, found = set(recipient_ids), dict[int, int]()
    if not wanted:
        return found
    near = RoutingDecision.objects.filter(between__overlap=Range(min(wanted), max(wanted), "[]"))
    chosen = near.order_by("-at", "-pk").values_list("chosen", flat=True)
    for by_ip in chosen.iterator(chunk_size=DECISIONS_AT_ONCE):
        for ip_id, ids in by_ip.items():
            found |= dict.fromkeys(wanted.intersection(ids).difference(found), int(ip_id))
        if len(found) == len(wanted):
            break
    return found


def latest_best(organization_id: int, *, stream: str) -> dict[str, int]:
    """Return which IP counted as the best at each provider when mail was last shared out."""
    rows = RoutingDecision.objects.filter(organization=organization_id, stream=stream)
    best = rows.order_by("-at").values_list("best", flat=True).first()
    return dict(best or {})
