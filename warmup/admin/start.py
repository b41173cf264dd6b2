"""The page that starts a warm-up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

import warmup.operations.schedules
import warmup.queries
from common.admin import organization_of
from common.errors import DomainError
from iprouting.models import SendingIP
from warmup.admin.caps import cap_forms, caps_of
from warmup.caps import Cap
from warmup.schedule import PRESETS, STANDARD, Stage, stages

if TYPE_CHECKING:
    from warmup.admin.schedules import WarmupScheduleAdmin

NOW, LATER = "now", "later"
CALMEST = "smooth"  # offered where a preset asks for caution
LOCAL_FORMAT = "%Y-%m-%dT%H:%M"  # what a browser's date and time field sends


class IPField(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic only in the stubs
    """A sending IP, named by what tells it from others."""

    def label_from_instance(self, obj: Any) -> str:
        """Return address, name and pool."""
        name = f" ({obj.hostname})" if obj.hostname else ""
        return f"{obj.address}{name}, {obj.pool.name}, {obj.pool.get_stream_display().lower()}"


class StartForm(forms.Form):
    """Which IP, how fast, from when on."""

    ip = IPField(
        queryset=SendingIP.objects.none(),
        label="Sending IP",
        empty_label="Choose an IP",
        widget=forms.Select(attrs={"class": "mw-input"}),
    )
    preset = forms.ChoiceField(choices=[(name, one.label) for name, one in PRESETS.items()])
    when = forms.ChoiceField(choices=[(NOW, "Now"), (LATER, "Later")])
    starts_at = forms.DateTimeField(
        required=False,
        label="Start at",
        input_formats=[LOCAL_FORMAT, "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local", "class": "mw-input"}, format=LOCAL_FORMAT
        ),
    )

    def __init__(self, *args: Any, ips: QuerySet[SendingIP, SendingIP], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ip"].queryset = ips  # type: ignore[attr-defined]  # of a choice of rows

    def clean(self) -> dict[str, Any]:
        """Return the input; a time counts only if it is asked for, and then it has to be there."""
        cleaned = super().clean() or {}
        if cleaned.get("when") != LATER:
            cleaned["starts_at"] = None
            self.errors.pop("starts_at", None)
        elif cleaned.get("starts_at") is None and "starts_at" not in self.errors:
            self.add_error("starts_at", "Say when it starts.")
        return cleaned


@dataclass(frozen=True, slots=True)
class Choice:
    """A schedule to choose, with its days."""

    name: str
    label: str
    caution: str
    days: int
    stages: tuple[Stage, ...]


CHOICES = tuple(
    Choice(preset.name, preset.label, preset.caution, len(preset.limits), stages(preset.name))
    for preset in PRESETS.values()
)


def page(admin: WarmupScheduleAdmin, request: HttpRequest) -> HttpResponse:
    """Ask (GET), or start it (POST) and go on to the board."""
    ips = _ips_without_one(request)
    form = StartForm(request.POST or None, ips=ips, initial=_initial(request, ips))
    caps = cap_forms(request)
    if request.method == "POST" and form.is_valid() and caps.is_valid():
        try:
            return _start(request, form, caps_of(caps))
        except DomainError as refused:
            _refuse(form, refused)
    context = {
        **admin.admin_site.each_context(request),
        "opts": admin.opts,
        "title": "Start a warm-up",
        "form": form,
        "chosen": {name: form[name].value() for name in ("preset", "when")},
        "choices": CHOICES,
        "rows": caps,
        "calmest": PRESETS[CALMEST],
        "has_ips": ips.exists(),
        "zone": timezone.get_current_timezone_name(),
        "board_url": reverse("admin:warmup_warmupschedule_changelist"),
        "ips_url": reverse("admin:iprouting_sendingip_changelist"),
    }
    return render(request, "warmup/start.html", context, status=_status(form, caps))


def _refuse(form: StartForm, refused: DomainError) -> None:
    """Say what was refused beside the field that it is about."""
    field = refused.extra.get("field")
    if field == "provider_caps":
        form.add_error(None, refused.message)
    else:
        form.add_error(field if isinstance(field, str) else "ip", refused.message)


def _status(form: StartForm, caps: Any) -> int:
    return 400 if form.errors or (caps.is_bound and not caps.is_valid()) else 200


def _start(request: HttpRequest, form: StartForm, caps: list[Cap]) -> HttpResponse:
    given = form.cleaned_data
    warmup.operations.schedules.start_warmup(
        given["ip"],
        preset=given["preset"],
        starts_at=given["starts_at"],
        provider_caps=caps,
        actor=request.user.get_username(),
        now=timezone.now(),
    )
    messages.success(request, f"The warm-up of {given['ip'].address} is set up.")
    return HttpResponseRedirect(reverse("admin:warmup_warmupschedule_changelist"))


def _ips_without_one(request: HttpRequest) -> QuerySet[SendingIP, SendingIP]:
    warming = warmup.queries.open_schedules().filter(ip=OuterRef("pk"))
    ips: QuerySet[SendingIP, SendingIP] = SendingIP.objects.filter(
        ~Exists(warming), organization=organization_of(request)
    )
    return ips.select_related("pool").order_by("address")


def _initial(request: HttpRequest, ips: QuerySet[SendingIP, SendingIP]) -> dict[str, Any]:
    """Return what the form begins with: at once, or the next local midnight for a whole day.

    The IP is the one that was asked for, or the only one.
    """
    tomorrow = timezone.localtime() + timedelta(days=1)
    midnight = tomorrow.replace(hour=0, minute=0, second=0, microsecond=0)
    first_two = [str(ip.pk) for ip in ips[:2]]
    only = first_two[0] if len(first_two) == 1 else ""
    return {
        "ip": request.GET.get("ip", only),
        "preset": STANDARD,
        "when": NOW,
        "starts_at": midnight,
    }
