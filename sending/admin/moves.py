"""Starting, stopping and copying a campaign: each asks once, and names how many it concerns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format

import campaigns.operations.campaigns
import sending.operations.starting
from campaigns.models import Campaign
from campaigns.roles import Role
from campaigns.states import EDITABLE, RUNNING, CampaignState
from common.errors import DomainError
from sending.queries.preflight import preflight
from sending.queries.progress import progress

if TYPE_CHECKING:
    from sending.admin.campaigns import CampaignAdmin

STARTABLE = EDITABLE | {CampaignState.FAILED}
MORNING_HOUR = 9  # when a campaign is offered to start, on the organization's clock
LOCAL_FORMAT = "%Y-%m-%dT%H:%M"  # what a browser's date and time field sends


class TimeForm(forms.Form):
    """When to start, on the organization's clock."""

    at = forms.DateTimeField(
        label="Start at",
        input_formats=[LOCAL_FORMAT, "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local", "class": "mw-input"}, format=LOCAL_FORMAT
        ),
    )


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a person reads before something happens."""

    title: str
    text: str
    button: str
    dangerous: bool = False
    possible: bool = True


@dataclass(frozen=True, slots=True)
class Move:
    """One thing to do with a campaign: from which states, by whom, and how it is asked and done.

    `done` is what is said afterwards.
    """

    label: str
    icon: str
    role: Role
    states: frozenset[CampaignState]
    confirm: Callable[[Campaign, datetime], Confirmation]
    act: Callable[..., Campaign | None]
    done: str
    form: type[TimeForm] | None = None

    def page(self, admin: CampaignAdmin, request: HttpRequest, campaign: Campaign) -> HttpResponse:
        """Ask (GET), or do it (POST)."""
        form = self.form(request.POST or None, initial=_initial(campaign)) if self.form else None
        error = ""
        if request.method == "POST" and (form is None or form.is_valid()):
            try:
                return self._do(request, campaign, at=form.cleaned_data["at"] if form else None)
            except DomainError as refused:
                error = refused.message
        context = {
            **admin.page_context(request, campaign, "overview"),
            "confirmation": self.confirm(campaign, timezone.now()),
            "form": form,
            "error": error,
            "zone": str(timezone.get_current_timezone()),
        }
        partial = request.method == "GET" and bool(getattr(request, "htmx", False))
        template = (
            "sending/campaign/confirm_box.html" if partial else "sending/campaign/confirm.html"
        )
        return render(request, template, context, status=400 if error else 200)

    def _do(self, request: HttpRequest, campaign: Campaign, *, at: datetime | None) -> HttpResponse:
        extra: dict[str, Any] = {} if at is None else {"at": at}
        actor = request.user.get_username()
        shown = self.act(campaign, actor=actor, now=timezone.now(), **extra) or campaign
        when = date_format(timezone.localtime(at), "D j M Y, H:i") if at else ""
        messages.success(request, self.done.format(name=shown.name, when=when))
        return HttpResponseRedirect(reverse("admin:campaigns_campaign_overview", args=[shown.pk]))


def possible(campaign: Campaign, *, may: Callable[[Role], bool]) -> list[tuple[str, Move]]:
    """Return the moves that a campaign's state and a person's role allow; the likeliest first."""
    state = CampaignState(campaign.state)
    return [(n, move) for n, move in MOVES.items() if state in move.states and may(move.role)]


def require_editable(campaign: Campaign, *, change: Any) -> None:
    """Raise DomainError when a campaign in a form has been started meanwhile."""
    if change:
        stored = Campaign.objects.only("state").get(pk=campaign.pk)
        campaigns.operations.campaigns.require_editable(stored)


def _initial(campaign: Campaign) -> dict[str, Any]:
    """Return what the form begins with: the time it is scheduled for, or tomorrow morning."""
    tomorrow = timezone.localtime() + timedelta(days=1)
    morning = tomorrow.replace(hour=MORNING_HOUR, minute=0, second=0, microsecond=0)
    return {"at": campaign.scheduled_at or morning}


def _people(number: int) -> str:
    return "1 person" if number == 1 else f"{number_format(number)} people"


def _waiting(campaign: Campaign, now: datetime) -> int:
    return progress(campaign, now=now).waiting


def _ask_start(campaign: Campaign, now: datetime) -> Confirmation:
    found = preflight(campaign, now=now)
    if found.blocking:
        text = " ".join(problem.message for problem in found.blocking)
        return Confirmation("This cannot be started yet", text, "", possible=False)
    people = _people(found.audience_count)
    return Confirmation(
        f"Start: {people} will get this",
        "It begins at once. You can pause it, but mail that is out cannot be taken back.",
        f"Start: {people}",
    )


def _ask_schedule(campaign: Campaign, now: datetime) -> Confirmation:
    found = preflight(campaign, now=now)
    if found.blocking:
        text = " ".join(problem.message for problem in found.blocking)
        return Confirmation("This cannot be scheduled yet", text, "", possible=False)
    people = _people(found.audience_count)
    return Confirmation(
        f"Schedule: {people} as of now",
        "The audience is counted again at the start, so people who join until then get it too.",
        "Schedule",
    )


def _ask_unschedule(campaign: Campaign, now: datetime) -> Confirmation:
    return Confirmation(
        "Back to draft: nobody will get this",
        "It does not start by itself any more. You can start or schedule it again.",
        "Back to draft",
    )


def _ask_pause(campaign: Campaign, now: datetime) -> Confirmation:
    return Confirmation(
        f"Pause: {_people(_waiting(campaign, now))} still wait",
        "What is being handed over right now still goes out. The others wait until you resume.",
        "Pause",
    )


def _ask_resume(campaign: Campaign, now: datetime) -> Confirmation:
    people = _people(_waiting(campaign, now))
    return Confirmation(
        f"Resume: {people} still wait",
        "It goes on where it stopped. Nobody who has it gets it again.",
        f"Resume: {people}",
    )


def _ask_cancel(campaign: Campaign, now: datetime) -> Confirmation:
    people = _people(_waiting(campaign, now))
    return Confirmation(
        f"Cancel: {people} will not get this",
        "It stops for good and cannot be resumed. To reach them later, make a copy.",
        "Cancel the campaign",
        dangerous=True,
    )


def _ask_duplicate(campaign: Campaign, now: datetime) -> Confirmation:
    return Confirmation(
        "Make a copy: nobody gets anything yet",
        "The copy is a draft with the same content and the same audience.",
        "Make a copy",
    )


# In this order they are offered; the first of a state is its likeliest.
MOVES: dict[str, Move] = {
    "start": Move(
        "Start", "send", Role.OPERATOR, STARTABLE, _ask_start,
        sending.operations.starting.start, "{name} has started.",
    ),
    "resume": Move(
        "Resume", "play_arrow", Role.OPERATOR, frozenset({CampaignState.PAUSED}), _ask_resume,
        campaigns.operations.campaigns.resume, "{name} goes on.",
    ),
    "pause": Move(
        "Pause", "pause", Role.OPERATOR, RUNNING, _ask_pause,
        campaigns.operations.campaigns.pause, "{name} is paused.",
    ),
    "schedule": Move(
        "Schedule", "schedule", Role.OPERATOR, EDITABLE, _ask_schedule,
        sending.operations.starting.schedule_start, "{name} starts on {when}.", TimeForm,
    ),
    "unschedule": Move(
        "Back to draft", "undo", Role.OPERATOR, frozenset({CampaignState.SCHEDULED}),
        _ask_unschedule, campaigns.operations.campaigns.unschedule, "{name} is a draft again.",
    ),
    "duplicate": Move(
        "Make a copy", "content_copy", Role.EDITOR, frozenset(CampaignState), _ask_duplicate,
        campaigns.operations.campaigns.duplicate, "This is the copy: {name}.",
    ),
    "cancel": Move(
        "Cancel", "block", Role.OPERATOR,
        RUNNING | {CampaignState.PAUSED, CampaignState.SCHEDULED, CampaignState.FAILED},
        _ask_cancel, campaigns.operations.campaigns.cancel, "{name} is cancelled.",
    ),
}  # fmt: skip
