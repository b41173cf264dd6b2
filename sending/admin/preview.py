"""A campaign as somebody would get it, and test messages to colleagues."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from campaigns.models import Campaign, Contact
from campaigns.roles import Role
from common.addresses import AddressError, normalize_address
from common.admin import organization_of
from common.errors import DomainError
from sending.admin.words import answer_pill
from sending.operations.testing import MAXIMUM_ADDRESSES, send_test
from sending.queries.preview import EXAMPLE, preview

if TYPE_CHECKING:
    from sending.admin.campaigns import CampaignAdmin

CONTACTS_OFFERED = 8
_BETWEEN_ADDRESSES = re.compile(r"[\s,;]+")


class TestForm(forms.Form):
    """Where a test message goes, and as whom it is written."""

    addresses = forms.CharField(max_length=5000)
    contact = forms.IntegerField(required=False)

    def clean_addresses(self) -> list[str]:
        """Return the addresses, separated as people separate them."""
        return [part for part in _BETWEEN_ADDRESSES.split(self.cleaned_data["addresses"]) if part]


def show(admin: CampaignAdmin, request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """Answer with the page on which the message is looked at."""
    context = {
        **admin.page_context(request, campaign, "preview"),
        **_rendered(request, campaign),
        "own_address": request.user.email if request.user.is_authenticated else "",
        "may_test": admin.may(request, Role.EDITOR),
        "maximum_addresses": MAXIMUM_ADDRESSES,
    }
    return render(request, "sending/campaign/preview.html", context)


def message(admin: CampaignAdmin, request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """Answer with the message as the chosen contact would get it."""
    context = {"campaign": campaign, **_rendered(request, campaign)}
    return render(request, "sending/campaign/message.html", context)


def contacts(admin: CampaignAdmin, request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """Answer with a few contacts whose address begins as typed."""
    beginning = request.GET.get("q", "").replace("\0", "").strip()
    found = _contacts_of(request).filter(email_key__istartswith=_key(beginning)).order_by("-id")
    context = {
        "campaign": campaign,
        "found": list(found[:CONTACTS_OFFERED]) if beginning else [],
        "beginning": beginning,
    }
    return render(request, "sending/campaign/contacts.html", context)


def test(admin: CampaignAdmin, request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """Send the message to the addresses given, and answer with what each server said."""
    template = "sending/campaign/tested.html"
    form = TestForm(request.POST)
    if not form.is_valid():
        return render(request, template, {"mistake": "Type at least one address."})
    contact = _contacts_of(request).filter(pk=form.cleaned_data["contact"]).first()
    try:
        answers = send_test(
            campaign,
            addresses=form.cleaned_data["addresses"],
            contact=contact,
            clock=timezone.now,
        )
    except DomainError as refused:
        return render(request, template, {"mistake": refused.message})
    shown = [(address, answer_pill(receipt.answer), receipt) for address, receipt in answers]
    return render(request, template, {"answers": shown})


def _rendered(request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
    """Return the message, or what is wrong with it.

    Without tracking: a look at it must not count as one, and its links show where they lead.
    """
    contact = _chosen(request)
    campaign.track_opens = campaign.track_clicks = False
    shown: dict[str, Any] = {"contact": contact, "shown_as": contact or EXAMPLE}
    try:
        return {**shown, "preview": preview(campaign, contact)}
    except DomainError as refused:
        line = refused.extra.get("line")
        part = refused.extra.get("part", "")
        return {**shown, "mistake": refused.message, "line": line, "part": part}


def _chosen(request: HttpRequest) -> Contact | None:
    number = request.GET.get("contact", "")
    return _contacts_of(request).filter(pk=int(number)).first() if number.isdecimal() else None


def _contacts_of(request: HttpRequest) -> Any:
    return Contact.objects.filter(organization=organization_of(request))


def _key(beginning: str) -> str:
    try:
        return normalize_address(beginning).key
    except AddressError:
        return beginning
