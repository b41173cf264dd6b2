"""The counts of the last days against the events, every night: what differs is said and shown."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from campaigns.models import Campaign
from insights.models import CountCheck
from insights.periods import hour_of
from insights.queries.recount import Difference, active_since, compare

logger = logging.getLogger(__name__)

DAYS: Final = 3  # compared each night: a night or two may be missed
TOGETHER: Final = 50  # campaigns of one statement
REMEMBERED: Final = timedelta(days=90)  # checks of an organization
EXAMPLES: Final = 5  # shown of an organization


def compare_recent(*, now: datetime, organization_id: int | None = None) -> int:
    """Compare the last days, keep what was found for each organization, return how much differs."""
    since = hour_of(now - timedelta(days=DAYS))
    mailing = Campaign.objects.filter(pk__in=active_since(since)).order_by("pk")
    if organization_id is not None:
        mailing = mailing.filter(organization_id=organization_id)
    owners = dict(mailing.values_list("pk", "organization_id"))
    found = _compared(list(owners), since=since)
    known = CountCheck.objects.values_list("organization_id", flat=True)
    for owner in {*owners.values(), *([organization_id] if organization_id else known)}:
        _keep(owner, found.get(owner, []), since=since, now=now)
    return sum(map(len, found.values()))


def _compared(campaign_ids: list[int], *, since: datetime) -> dict[int, list[Difference]]:
    """Return what differs, by organization."""
    found: dict[int, list[Difference]] = defaultdict(list)
    for first in range(0, len(campaign_ids), TOGETHER):
        for one in compare(campaign_ids[first : first + TOGETHER], since=since):
            found[one.organization_id].append(one)
    return found


def _keep(
    organization_id: int, found: Collection[Difference], *, since: datetime, now: datetime
) -> None:
    examples = [str(one) for one in list(found)[:EXAMPLES]]
    for example in examples:
        logger.error("a count is wrong: %s", example)
    checks = CountCheck.objects.filter(organization=organization_id)
    checks.filter(compared_at__lt=now - REMEMBERED).delete()
    CountCheck.objects.create(
        organization_id=organization_id,
        compared_at=now,
        since=since,
        differences=len(found),
        examples=examples,
    )
