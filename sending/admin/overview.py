"""The page of one campaign: what would happen, what is happening, what to do."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

import sending.queries.held
import sending.queries.preflight
import sending.queries.progress
from campaigns.models import Campaign
from campaigns.roles import Role
from campaigns.states import EDITABLE, RUNNING, CampaignState, RecipientState
from common.admin.display import duration
from common.providers import provider_name
from sending.admin import moves
from sending.admin.words import exclusion
from sending.mailing import content_of
from sending.queries.preflight import Preflight
from sending.queries.progress import Progress

if TYPE_CHECKING:
    from sending.admin.campaigns import CampaignAdmin

POLL_SECONDS = 2
# State, word and colour of each part of the progress bar, in the order of a message's life.
PARTS = (
    (RecipientState.DELIVERED, "Delivered", "good"),
    (RecipientState.SENT, "Sent", "info"),
    (RecipientState.BOUNCED, "Refused", "bad"),
    (RecipientState.FAILED, "Failed", "bad-light"),
    (RecipientState.IN_DOUBT, "In doubt", "warning"),
    (RecipientState.SKIPPED, "Left out", "neutral"),
    (RecipientState.CANCELLED, "Cancelled", "neutral"),
    (RecipientState.CLAIMED, "Going out", "active"),
    (RecipientState.PLANNED, "Waiting", "empty"),
)


def show(admin: CampaignAdmin, request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """Answer with the campaign's own page."""
    offered = moves.possible(campaign, may=lambda role: admin.may(request, role))
    editable = CampaignState(campaign.state) in EDITABLE
    context = {
        **admin.page_context(request, campaign, "overview"),
        "moves": [_button(campaign, name, move) for name, move in offered],
        "editable": editable,
        "subject": content_of(campaign).subject,
        "lists": list(campaign.lists.order_by("name")),
        "segments": list(campaign.segments.order_by("name")),
        "may_operate": admin.may(request, Role.OPERATOR),
        **({} if editable else _progress(campaign)),
    }
    return render(request, "sending/campaign/overview.html", context)


def preflight(admin: CampaignAdmin, request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """Answer with the audience and the problems; counting takes time, so the page comes first."""
    found = sending.queries.preflight.preflight(campaign, now=timezone.now())
    form = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
    context = {
        "campaign": campaign,
        "found": found,
        "expected": _expected(found),
        "excluded": [(exclusion(reason), n) for reason, n in _largest_first(found.excluded)],
        "providers": [(provider_name(name), n) for name, n in _largest_first(found.by_provider)],
        "problems": [
            (problem, f"{form}#id_{problem.field}" if problem.field else "")
            for problem in sorted(found.problems, key=lambda problem: not problem.blocking)
        ],
        "ips_url": reverse("admin:iprouting_sendingip_changelist"),
    }
    return render(request, "sending/campaign/preflight.html", context)


def progress(admin: CampaignAdmin, request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """Answer with how far it is; the whole page is loaded anew once the state has changed."""
    context = {"campaign": campaign, **_progress(campaign)}
    response = render(request, "sending/campaign/progress.html", context)
    if request.GET.get("state") not in (None, campaign.state):
        response["HX-Refresh"] = "true"
    return response


def _expected(found: Preflight) -> str:
    """Return how long it takes, in words; empty where nobody can say."""
    if found.forecast is not None and found.forecast.words:
        known = found.forecast.days is not None
        return f"takes {found.forecast.words}" if known else found.forecast.words
    return f"about {duration(found.seconds_expected)} to send" if found.seconds_expected else ""


def _largest_first(counts: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def _button(campaign: Campaign, name: str, move: moves.Move) -> dict[str, Any]:
    return {
        "name": name,
        "label": move.label,
        "icon": move.icon,
        "url": reverse(f"admin:campaigns_campaign_{name}", args=[campaign.pk]),
    }


def _progress(campaign: Campaign) -> dict[str, Any]:
    now = timezone.now()
    found = sending.queries.progress.progress(campaign, now=now)
    due = found.next_due_at
    resting = bool(due and due > now and not found.claimed)
    return {
        "progress": found,
        "parts": _parts(found),
        "percent": f"{100 * found.share_done:.1f}",
        "rate": _rate(found.rate_per_second),
        "waits": found.waits_for_room,
        "capped": found.waits_for_providers,
        "done_on": _done_on(found, now=now),
        "resting_until": due if resting else None,
        "held": _held(campaign, now=now) if resting else [],
        "left": duration(found.seconds_left) if found.seconds_left is not None else "",
        "warmup_url": reverse("admin:warmup_warmupschedule_changelist"),
        "polling": CampaignState(campaign.state) in RUNNING,
        "poll_seconds": POLL_SECONDS,
        "recipients_url": reverse("admin:campaigns_campaign_recipients", args=[campaign.pk]),
    }


def _done_on(found: Progress, *, now: datetime) -> date | None:
    """Return on which date it is out at the pace of a warm-up; None if it is out today."""
    days = found.forecast.days if found.forecast else None
    return timezone.localdate(now) + timedelta(days=days - 1) if days and days > 1 else None


def _held(campaign: Campaign, *, now: datetime) -> list[tuple[str, datetime | None]]:
    found = sending.queries.held.held(campaign, now=now)
    return [(provider_name(one.provider), one.until) for one in found]


def _parts(found: Progress) -> list[dict[str, Any]]:
    counts: dict[RecipientState, int] = {RecipientState.PLANNED: found.waiting}
    for state, _, _ in PARTS:
        if state is not RecipientState.PLANNED:
            counts[state] = getattr(found, state.value)
    return [
        {
            "state": state.value,
            "word": word,
            "kind": kind,
            "count": counts[state],
            "width": f"{100 * counts[state] / found.total:.3f}" if found.total else "0",
        }
        for state, word, kind in PARTS
    ]


def _rate(per_second: float | None) -> str:
    if per_second is None:
        return ""
    return f"{per_second:,.0f}" if per_second >= 10 else f"{per_second:.1f}"  # noqa: PLR2004
