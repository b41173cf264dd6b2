"""The demo's campaigns of the last days, so that there is something to look at from the start.

Everything about them is recorded by the operations that record what happens now; only the clock is
set back. They are small: each open and click takes some milliseconds of the first start.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import insights.operations.partitions
from campaigns.models import Campaign, Organization, Segment
from sandbox.operations.audience import Audience
from sandbox.operations.mailings import Templates
from sandbox.operations.past_reactions import record_reactions
from sandbox.operations.past_sending import send
from sandbox.operations.senders import Identities

ACTOR: Final = "demo"
MORNING_HOUR: Final = 9  # of UTC


@dataclass(frozen=True, slots=True)
class _Past:
    """A campaign that went out so many days ago, to a segment of the product news."""

    name: str
    subject: str
    days_ago: int
    segment: Segment


def make_past(
    organization: Organization,
    *,
    identities: Identities,
    audience: Audience,
    templates: Templates,
    now: datetime,
) -> None:
    """Make the campaigns that went out before the demo was loaded, with all that followed."""
    tea, members = (audience.segments[name] for name in ("Tea drinkers", "Plus and Pro members"))
    pasts = (
        _Past("First sip, for members", "A first sip of the winter roast", 8, members),
        _Past("Three teas for short days", "Three teas for short days", 3, tea),
    )
    for past in pasts:
        at = (now - timedelta(days=past.days_ago)).replace(hour=MORNING_HOUR, minute=30)
        campaign = Campaign.objects.create(
            organization=organization,
            name=past.name,
            subject=past.subject,
            identity=identities.marketing,
            template=templates.newsletter,
        )
        campaign.lists.set([audience.product_news])
        campaign.segments.set([past.segment])
        Campaign.objects.filter(pk=campaign.pk).update(created_at=at - timedelta(days=1))
        insights.operations.partitions.make_partitions(now=at)
        send(campaign, actor=ACTOR, at=at)
        record_reactions(campaign, now=now)
