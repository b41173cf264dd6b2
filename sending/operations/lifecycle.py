"""What moves campaigns on by itself: scheduled starts, preparation, the end."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

import campaigns.operations.campaigns
import campaigns.operations.ledger
import campaigns.queries.ledger
import sending.queries.audience
from campaigns.models import Campaign, CampaignLink
from campaigns.rendering import TemplateError, compile_message
from campaigns.states import CampaignState
from sending.mailing import content_of, sender_of, variables_of

SYSTEM = "system"


def start_scheduled(*, now: datetime) -> list[int]:
    """Begin the campaigns whose time has come; return the ids of all that wait for preparation.

    One that should have been started by `start_before` and was not, fails instead of going out at
    a time nobody wanted.
    """
    due = Campaign.objects.filter(
        state=CampaignState.SCHEDULED, scheduled_at__lte=now, finished_at__isnull=True
    )
    for campaign in due:
        try:
            _begin_or_fail(campaign, now=now)
        except campaigns.operations.campaigns.CampaignChangedError:
            continue  # somebody, or another beat, was faster
    waiting = Campaign.objects.filter(state=CampaignState.PREPARING, finished_at__isnull=True)
    return list(waiting.values_list("pk", flat=True))


def _begin_or_fail(campaign: Campaign, *, now: datetime) -> None:
    if campaign.start_before is not None and now > campaign.start_before:
        reason = (
            f"It could not be started before {campaign.start_before:%Y-%m-%d %H:%M} UTC. "
            "Start it by hand if it should still go out."
        )
        campaigns.operations.campaigns.fail(campaign, reason=reason, now=now)
        return
    campaigns.operations.campaigns.begin(campaign, actor=SYSTEM, now=now)


def prepare(campaign_id: int, *, now: datetime) -> int | None:
    """Write the ledger of a campaign that was started, and let it go out; return its audience.

    None when there was nothing to do: it is not being prepared, or another worker is at it.
    """
    with transaction.atomic():
        campaign = (
            Campaign.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("organization", "identity__domain", "template")
            .filter(pk=campaign_id, state=CampaignState.PREPARING)
            .first()
        )
        return None if campaign is None else _prepare(campaign, now=now)


def _prepare(campaign: Campaign, *, now: datetime) -> int | None:
    try:
        _fix_content(campaign)
    except TemplateError as error:
        campaigns.operations.campaigns.fail(campaign, reason=str(error), now=now)
        return None
    audience = sending.queries.audience.mailable(campaign, now=now)
    count = campaigns.operations.ledger.write_ledger(campaign, audience=audience, now=now)
    if not count:
        reason = "There is nobody to mail: no subscriber of its lists is left after exclusions."
        campaigns.operations.campaigns.fail(campaign, reason=reason, now=now)
        return None
    campaign.audience_count = count
    campaign.prepared_at = now
    campaign.save(
        update_fields=[
            "subject", "preheader", "html", "text", "audience_count", "prepared_at", "updated_at",
        ]
    )  # fmt: skip
    campaigns.operations.campaigns.move(campaign, CampaignState.SENDING, actor=SYSTEM, now=now)
    return count


def _fix_content(campaign: Campaign) -> None:
    """Copy what comes from the template into the campaign, so that a later edit changes nothing."""
    content = content_of(campaign)
    campaign.subject, campaign.preheader = content.subject, content.preheader
    campaign.html, campaign.text = content.html, content.text
    store_links(campaign)


def store_links(campaign: Campaign) -> None:
    """Keep the links of a campaign's content for the redirects. Raises TemplateError."""
    compiled = compile_message(
        content_of(campaign), sender=sender_of(campaign), variables=variables_of(campaign)
    )
    CampaignLink.objects.bulk_create(
        [
            CampaignLink(
                campaign=campaign,
                number=link.number,
                url=link.url,
                dynamic=link.dynamic,
                hidden=link.hidden,
            )
            for link in compiled.links
        ],
        ignore_conflicts=True,
    )


def end_finished(*, now: datetime) -> int:
    """Close campaigns that have nobody left to mail; return how many."""
    for campaign_id in Campaign.objects.filter(
        state=CampaignState.CANCELLED, finished_at__isnull=True
    ).values_list("pk", flat=True):
        campaigns.operations.ledger.cancel_waiting(campaign_id)
    return sum(
        _end(campaign, now=now) for campaign in campaigns.queries.ledger.finished_candidates()
    )


def _end(campaign: Campaign, *, now: datetime) -> int:
    with transaction.atomic():
        try:
            if campaign.state == CampaignState.SENDING:
                campaigns.operations.campaigns.move(
                    campaign, CampaignState.SENT, actor=SYSTEM, now=now
                )
        except campaigns.operations.campaigns.CampaignChangedError:
            return 0
        campaigns.operations.ledger.note_last_mailed(campaign.pk)
        Campaign.objects.filter(pk=campaign.pk).update(finished_at=now, problem="")
    return 1
