"""The form for how much of a day single providers may get, and the page that changes it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

import warmup.operations.schedules
from common.errors import DomainError
from common.providers import NO_MAIL, PROVIDER_NAMES, UNKNOWN, provider_name
from warmup.caps import MOST_CAPS, Cap, read
from warmup.models import WarmupSchedule

if TYPE_CHECKING:
    from warmup.admin.schedules import WarmupScheduleAdmin

PREFIX: Final = "caps"
SHARE, MESSAGES = "share", "messages"
EMPTY_ROWS: Final = 3  # offered beside those that are filled in
PERCENT: Final = Decimal(100)


class CapForm(forms.Form):
    """One provider and how much of a day it may get; an empty row says nothing."""

    provider = forms.ChoiceField(required=False, widget=forms.Select(attrs={"class": "mw-input"}))
    amount = forms.DecimalField(
        required=False,
        min_value=0,
        decimal_places=1,
        widget=forms.NumberInput(attrs={"class": "mw-input", "step": "any", "min": "0"}),
    )
    unit = forms.ChoiceField(
        choices=[(SHARE, "% of the day's limit"), (MESSAGES, "messages a day")],
        initial=SHARE,
        widget=forms.Select(attrs={"class": "mw-input"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = {**PROVIDER_NAMES}
        if own := (self.initial or {}).get("provider"):
            names.setdefault(own, provider_name(own))
        listed = [(k, name) for k, name in names.items() if k not in (NO_MAIL, UNKNOWN)]
        self.fields["provider"].choices = [  # type: ignore[attr-defined]  # of a choice field
            ("", "Choose a provider"),
            *listed,
        ]

    def clean(self) -> dict[str, Any]:
        """Return the input; a row is either empty or whole."""
        cleaned = super().clean() or {}
        provider, amount = cleaned.get("provider"), cleaned.get("amount")
        if provider and amount is None and "amount" not in self.errors:
            self.add_error("amount", "Say how much.")
        if amount is not None and not provider and "provider" not in self.errors:
            self.add_error("provider", "Choose the provider.")
        whole = amount is None or amount == amount.to_integral_value()
        if cleaned.get("unit") == MESSAGES and not whole:
            self.add_error("amount", "A number of messages is whole.")
        return cleaned

    @property
    def cap(self) -> Cap | None:
        """The cap that a valid row stands for; None for an empty row."""
        provider, amount = self.cleaned_data.get("provider"), self.cleaned_data.get("amount")
        if not provider or amount is None:
            return None
        if self.cleaned_data["unit"] == MESSAGES:
            return Cap(provider, messages=int(amount))
        return Cap(provider, share=float(amount / PERCENT))


CapFormSet = forms.formset_factory(CapForm, extra=EMPTY_ROWS, max_num=MOST_CAPS, validate_max=True)


def cap_forms(request: HttpRequest, *, caps: Iterable[Cap] = ()) -> Any:
    """Return the rows of a form, filled with what was sent, or else with these caps."""
    initial = [
        {"provider": cap.provider, "amount": cap.messages, "unit": MESSAGES}
        if cap.messages is not None
        else {
            "provider": cap.provider,
            "amount": _percent(cap.share or 0.0),
            "unit": SHARE,
        }
        for cap in caps
    ]
    return CapFormSet(request.POST or None, initial=initial, prefix=PREFIX)


def _percent(share: float) -> str:
    """Return a share as a person would type it."""
    return f"{(Decimal(str(share)) * PERCENT).normalize():f}"


def caps_of(forms_: Any) -> list[Cap]:
    """Return the caps that valid rows stand for."""
    return [form.cap for form in forms_ if form.cap is not None]


def page(
    admin: WarmupScheduleAdmin, request: HttpRequest, schedule: WarmupSchedule
) -> HttpResponse:
    """Ask (GET), or change the caps (POST) and go back to the warm-up."""
    rows, error = cap_forms(request, caps=read(schedule.provider_caps)), ""
    if request.method == "POST" and rows.is_valid():
        try:
            return _change(request, schedule, caps_of(rows))
        except DomainError as refused:
            error = refused.message
    wrong = error or (request.method == "POST" and not rows.is_valid())
    context = {
        **admin.page_context(request, schedule),
        "rows": rows,
        "error": error,
        "back_url": reverse("admin:warmup_warmupschedule_change", args=[schedule.pk]),
    }
    return render(request, "warmup/caps.html", context, status=400 if wrong else 200)


def _change(request: HttpRequest, schedule: WarmupSchedule, caps: list[Cap]) -> HttpResponse:
    warmup.operations.schedules.change_caps(
        schedule.pk, provider_caps=caps, actor=request.user.get_username(), now=timezone.now()
    )
    messages.success(request, f"The limits for single providers of {schedule.ip.address} count.")
    url = reverse("admin:warmup_warmupschedule_change", args=[schedule.pk])
    return HttpResponseRedirect(url)
