"""Pausing, resuming and ending a warm-up: each asks once, and says what happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format

import warmup.operations.schedules
import warmup.queries
from campaigns.roles import Role
from common.errors import DomainError
from warmup.models import WarmupSchedule
from warmup.progress import OPEN, Status
from warmup.queries import Standing

if TYPE_CHECKING:
    from warmup.admin.schedules import WarmupScheduleAdmin

MAXIMUM_REASON_CHARACTERS = 500


class ReasonForm(forms.Form):
    """Why it is paused."""

    reason = forms.CharField(
        label="Reason",
        required=False,
        max_length=MAXIMUM_REASON_CHARACTERS,
        widget=forms.TextInput(attrs={"class": "mw-input", "autocomplete": "off"}),
        help_text="Shown on the board and in the audit log.",
    )


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a person reads before something happens."""

    title: str
    text: str
    button: str


@dataclass(frozen=True, slots=True)
class Button:
    """What leads to a question."""

    name: str
    label: str
    icon: str
    url: str


@dataclass(frozen=True, slots=True)
class Move:
    """One thing to do with a warm-up: when, how it is asked and done, what is said afterwards."""

    label: str
    icon: str
    statuses: frozenset[Status]
    confirm: Callable[[Standing], Confirmation]
    act: Callable[..., WarmupSchedule]
    done: str
    form: type[ReasonForm] | None = None
    dangerous: bool = False

    def page(
        self, admin: WarmupScheduleAdmin, request: HttpRequest, schedule: WarmupSchedule
    ) -> HttpResponse:
        """Ask (GET), or do it (POST)."""
        form = self.form(request.POST or None) if self.form else None
        error = ""
        if request.method == "POST" and (form is None or form.is_valid()):
            try:
                return self._do(request, schedule, given=form.cleaned_data if form else {})
            except DomainError as refused:
                error = refused.message
        context = {
            **admin.page_context(request, schedule),
            "move": self,
            "possible": Status(schedule.status) in self.statuses,
            "confirmation": self.confirm(_standing(schedule)),
            "form": form,
            "error": error,
        }
        partial = request.method == "GET" and bool(getattr(request, "htmx", False))
        template = "warmup/confirm_box.html" if partial else "warmup/confirm.html"
        wrong = error or (form is not None and form.errors)
        return render(request, template, context, status=400 if wrong else 200)

    def _do(
        self, request: HttpRequest, schedule: WarmupSchedule, *, given: dict[str, Any]
    ) -> HttpResponse:
        actor = request.user.get_username()
        self.act(schedule.pk, actor=actor, now=timezone.now(), **given)
        messages.success(request, self.done.format(ip=schedule.ip.address))
        return HttpResponseRedirect(reverse("admin:warmup_warmupschedule_changelist"))


def buttons(schedule: WarmupSchedule, *, may: Callable[[str], bool]) -> tuple[Button, ...]:
    """Return the buttons that a warm-up's state and a person's role allow."""
    if not may(Role.OPERATOR):
        return ()
    return tuple(
        Button(
            name,
            _label(name, move, schedule),
            move.icon,
            reverse(f"admin:warmup_warmupschedule_{name}", args=[schedule.pk]),
        )
        for name, move in MOVES.items()
        if Status(schedule.status) in move.statuses and not _pointless(name, schedule)
    )


def _pointless(name: str, schedule: WarmupSchedule) -> bool:
    """Say whether it is paused until somebody resumes it already."""
    paused = schedule.status == Status.PAUSED
    return name == "pause" and paused and schedule.resumes_on is None


def _label(name: str, move: Move, schedule: WarmupSchedule) -> str:
    if name == "pause" and schedule.status == Status.PAUSED:
        return "Keep paused"
    if name == "end" and schedule.status == Status.SCHEDULED:
        return "Call off"
    return move.label


def _standing(schedule: WarmupSchedule) -> Standing:
    found = WarmupSchedule.objects.filter(pk=schedule.pk)
    return warmup.queries.standings(found, now=timezone.now())[0]


def _ask_pause(standing: Standing) -> Confirmation:
    ip = standing.schedule.ip.address
    left = f"{number_format(standing.left)} more could leave today. " if standing.left else ""
    return Confirmation(
        f"Pause: nothing leaves through {ip}",
        f"{left}What is being handed over right now still goes out. Until somebody resumes it, "
        "mail takes the warm IPs of the same kind, or waits where there are none. Today does not "
        "count as a day of the warm-up.",
        "Pause",
    )


def _ask_resume(standing: Standing) -> Confirmation:
    schedule = standing.schedule
    day = next((day for day in standing.days if day.date == schedule.on_date), None)
    left = day.daily_limit - day.used if day else 0
    forgiven = (
        "The figures that stopped it are forgiven; it stops again if they stay bad. "
        if schedule.resumes_on
        else ""
    )
    return Confirmation(
        f"Resume: mail leaves through {schedule.ip.address} again",
        f"Up to {number_format(left)} more leave on day {schedule.current_day}, which comes again "
        f"with the same limit tomorrow. {forgiven}",
        "Resume",
    )


def _ask_end(standing: Standing) -> Confirmation:
    schedule = standing.schedule
    behind = standing.day_count - schedule.current_day + 1
    return Confirmation(
        f"End the warm-up of {schedule.ip.address}: no limit any more",
        f"It counts as warm from this moment on, {behind} of {standing.day_count} days early: "
        "whatever waits may leave through it at once, and providers may refuse it. This cannot be "
        "taken back; another warm-up would begin with day 1.",
        "End the warm-up",
    )


# In this order they are offered.
MOVES: dict[str, Move] = {
    "resume": Move(
        "Resume", "play_arrow", frozenset({Status.PAUSED}), _ask_resume,
        warmup.operations.schedules.resume_warmup, "Mail leaves through {ip} again.",
    ),
    "pause": Move(
        "Pause", "pause", frozenset({Status.ACTIVE, Status.PAUSED}), _ask_pause,
        warmup.operations.schedules.pause_warmup, "Nothing leaves through {ip} any more.",
        ReasonForm,
    ),
    "end": Move(
        "End now", "stop", OPEN, _ask_end,
        warmup.operations.schedules.abort_warmup, "The warm-up of {ip} has ended.",
        dangerous=True,
    ),
}  # fmt: skip
