"""Moves of a campaign from state to state. Each refuses what the table of moves does not allow."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F

from campaigns.models import AuditEntry, Campaign
from campaigns.states import EDITABLE, CampaignState, IllegalMoveError, require_move
from common.errors import DomainError


class CampaignChangedError(DomainError):
    """Somebody else moved or edited the campaign in the meantime."""


def move(
    campaign: Campaign, target: CampaignState, *, actor: str, now: datetime, reason: str = ""
) -> None:
    """Bring a campaign into another state and note who did it.

    Raises IllegalMoveError when the move is not allowed, CampaignChangedError when the campaign is
    no longer in the state it was read in.
    """
    require_move(campaign.state, target)
    with transaction.atomic():
        changed = Campaign.objects.filter(pk=campaign.pk, state=campaign.state).update(
            state=target, state_reason=reason, version=F("version") + 1, updated_at=now
        )
        if not changed:
            raise CampaignChangedError(
                "campaign_changed", "The campaign has changed meanwhile. Load it again."
            )
        _note(campaign, target, actor=actor, now=now, reason=reason)
    campaign.refresh_from_db()


def _note(
    campaign: Campaign, target: CampaignState, *, actor: str, now: datetime, reason: str
) -> None:
    AuditEntry.objects.create(
        organization_id=campaign.organization_id,
        actor=actor,
        action=f"campaign.{target}",
        subject=f"campaign {campaign.pk}: {campaign.name}"[:200],
        details={"from": campaign.state, "to": str(target), "reason": reason},
        at=now,
    )


def schedule(campaign: Campaign, *, at: datetime, actor: str, now: datetime) -> None:
    """Let a campaign start by itself at `at`. Raises DomainError for a time in the past."""
    if at <= now:
        raise DomainError(
            "schedule_in_past",
            "The start lies in the past. Choose a later time, or start it now.",
            {"field": "at"},
        )
    with transaction.atomic():
        if campaign.state != CampaignState.SCHEDULED:
            move(campaign, CampaignState.SCHEDULED, actor=actor, now=now)
        campaign.scheduled_at = at
        campaign.save(update_fields=["scheduled_at"])


def unschedule(campaign: Campaign, *, actor: str, now: datetime) -> None:
    """Turn a scheduled campaign back into a draft."""
    move(campaign, CampaignState.DRAFT, actor=actor, now=now)


def begin(campaign: Campaign, *, actor: str, now: datetime) -> None:
    """Let a campaign's ledger be written, after which it goes out.

    Raises IllegalMoveError for a paused one too: its ledger is written, it is resumed instead.
    """
    if campaign.state == CampaignState.PAUSED:
        raise IllegalMoveError(
            "illegal_move",
            "This campaign is paused. Resume it.",
            {"state": campaign.state, "target": str(CampaignState.PREPARING)},
        )
    with transaction.atomic():
        move(campaign, CampaignState.PREPARING, actor=actor, now=now)
        campaign.started_at = now
        campaign.save(update_fields=["started_at"])


def pause(campaign: Campaign, *, actor: str, now: datetime, reason: str = "") -> None:
    """Keep workers from claiming more of a campaign; what they hold goes out."""
    move(campaign, CampaignState.PAUSED, actor=actor, now=now, reason=reason)


def resume(campaign: Campaign, *, actor: str, now: datetime) -> None:
    """Let a paused campaign go on where it stopped. Raises IllegalMoveError for any other."""
    if campaign.state != CampaignState.PAUSED:
        raise IllegalMoveError(
            "illegal_move",
            f"This campaign is {campaign.state}: only a paused one can be resumed.",
            {"state": campaign.state, "target": str(CampaignState.SENDING)},
        )
    target = CampaignState.SENDING if campaign.prepared_at else CampaignState.PREPARING
    move(campaign, target, actor=actor, now=now)


def cancel(campaign: Campaign, *, actor: str, now: datetime, reason: str = "") -> None:
    """Stop a campaign for good; whoever has not been mailed yet never will be."""
    move(campaign, CampaignState.CANCELLED, actor=actor, now=now, reason=reason)


def fail(campaign: Campaign, *, reason: str, now: datetime) -> None:
    """Stop a campaign that cannot go on, with the reason people will read."""
    move(campaign, CampaignState.FAILED, actor="system", now=now, reason=reason)


def note_problem(campaign_id: int, *, problem: str, now: datetime) -> None:
    """Keep, or with an empty text clear, what is holding a running campaign up.

    What a campaign is held for is not cleared before its time: who clears may not know of it yet.
    """
    rows = Campaign.objects.filter(pk=campaign_id).exclude(problem=problem)
    if not problem:
        rows = rows.exclude(waits_until__gt=now)
    rows.update(problem=problem)


def hold(campaign_id: int, *, until: datetime, reason: str) -> None:
    """Leave a running campaign alone until a moment, and say for what it waits."""
    Campaign.objects.filter(pk=campaign_id).update(waits_until=until, problem=reason)


def require_editable(campaign: Campaign) -> None:
    """Raise DomainError once a campaign's content and audience must stay as they are."""
    if CampaignState(campaign.state) not in EDITABLE:
        raise DomainError(
            "not_editable",
            f"This campaign is {campaign.state}: its content can no longer be changed. "
            "Make a copy to send a changed version.",
        )


def duplicate(campaign: Campaign, *, actor: str, now: datetime) -> Campaign:
    """Return a draft with the same content and audience."""
    copied = [
        "organization_id", "identity_id", "template_id", "kind", "stream", "subject", "preheader",
        "html", "text", "track_opens", "track_clicks", "hidden_link", "in_doubt_policy",
        "maximum_attempts",
    ]  # fmt: skip
    with transaction.atomic():
        draft = Campaign.objects.create(
            name=f"{campaign.name[:190]} (copy)",
            **{name: getattr(campaign, name) for name in copied},
        )
        draft.lists.set(campaign.lists.all())
        draft.segments.set(campaign.segments.all())
        _note(draft, CampaignState.DRAFT, actor=actor, now=now, reason=f"copy of {campaign.pk}")
    return draft
