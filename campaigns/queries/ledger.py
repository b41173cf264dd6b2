"""Reads of the send ledger."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from campaigns.ledger import ClaimedRecipient
from campaigns.models import Campaign, CampaignKind, Recipient
from campaigns.states import CampaignState, RecipientState

MAILING = (CampaignState.SENDING, CampaignState.TESTING)
_LEASED = """
SELECT r.id, r.contact_id, r.list_id, r.email, c.email_key, r.provider, r.variant,
    r.engagement_days, r.message_id, r.attempts, r.data,
    c.first_name, c.last_name, c.language, c.timezone, c.attributes
FROM campaigns_recipient AS r LEFT JOIN campaigns_contact AS c ON c.id = r.contact_id
WHERE r.lease_owner = %s AND r.state = 'claimed'
"""


def state_counts(campaign_id: int) -> dict[RecipientState, int]:
    """Return how many recipients of a campaign are in each state; every state is present."""
    rows = (
        Recipient.objects.filter(campaign=campaign_id)
        .values_list("state")
        .annotate(rows=Count("*"))
    )
    found = dict(rows.order_by())
    return {state: found.get(state.value, 0) for state in RecipientState}


def leased_rows(owner: uuid.UUID) -> list[ClaimedRecipient]:
    """Return the rows that `owner` still holds."""
    with connection.cursor() as cursor:
        cursor.execute(_LEASED, [owner])
        return [ClaimedRecipient.from_row(row) for row in cursor.fetchall()]


def due_campaigns(*, now: datetime) -> QuerySet[Campaign]:
    """Return the running campaigns that have a recipient whose turn has come."""
    due = Recipient.objects.filter(
        campaign=OuterRef("pk"), state=RecipientState.PLANNED, not_before__lte=now
    )
    held = Q(waits_until__isnull=True) | Q(waits_until__lte=now)
    return Campaign.objects.filter(held, Exists(due), state__in=MAILING, finished_at__isnull=True)


def engaged_waiting(
    organization_id: int,
    *,
    stream: str,
    within_days: int,
    before: datetime,
    without_providers: Collection[str] = (),
) -> bool:
    """Say whether running campaigns of a stream have yet to mail somebody engaged so lately.

    Whose turn comes at `before` or later does not wait yet, and nobody at one of
    `without_providers` counts.
    """
    waiting = Recipient.objects.filter(
        campaign=OuterRef("pk"),
        state=RecipientState.PLANNED,
        engagement_days__lte=within_days,
        not_before__lt=before,
    )
    if without_providers:
        waiting = waiting.exclude(provider__in=without_providers)
    return Campaign.objects.filter(
        Exists(waiting), organization=organization_id, stream=stream, state__in=MAILING
    ).exists()


def finished_candidates() -> QuerySet[Campaign]:
    """Return the broadcasts that are sending or cancelled and have nobody left to mail."""
    open_rows = Recipient.objects.filter(
        campaign=OuterRef("pk"), state__in=[RecipientState.PLANNED, RecipientState.CLAIMED]
    )
    ending = [CampaignState.SENDING, CampaignState.CANCELLED]
    return Campaign.objects.filter(
        ~Exists(open_rows), state__in=ending, finished_at__isnull=True
    ).exclude(kind=CampaignKind.TRANSACTIONAL)


def waiting_by_provider(campaign_id: int) -> dict[str, int]:
    """Return how many of a campaign wait to be mailed at each provider."""
    waiting = Recipient.objects.filter(campaign=campaign_id, state=RecipientState.PLANNED)
    rows = waiting.values_list("provider").annotate(rows=Count("*"))
    return dict(rows.order_by("-rows", "provider"))


def next_due_at(campaign_id: int, *, without_providers: Collection[str] = ()) -> datetime | None:
    """Return when the next waiting recipient's turn comes, or None when nobody waits.

    Nobody at one of `without_providers` counts.
    """
    waiting = Recipient.objects.filter(campaign=campaign_id, state=RecipientState.PLANNED)
    if without_providers:
        waiting = waiting.exclude(provider__in=without_providers)
    return waiting.order_by("not_before").values_list("not_before", flat=True).first()
