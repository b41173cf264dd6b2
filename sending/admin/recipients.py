"""Everybody a campaign goes to, with the exact answer to each message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

import campaigns.queries.ledger
from campaigns.models import Campaign, Contact, Recipient
from campaigns.states import RecipientState
from common.addresses import AddressError, normalize_address
from common.admin import moment
from sending.admin.words import RECIPIENT_WORDS, recipient_pill, refusal

if TYPE_CHECKING:
    from sending.admin.campaigns import CampaignAdmin

PER_PAGE = 50
PEOPLE_SEARCHED = 50  # contacts whose address begins as asked
# States that an index of their own finds, in the order of the ledger.
EXCEPTIONS = frozenset(RecipientState) - {
    RecipientState.PLANNED,
    RecipientState.CLAIMED,
    RecipientState.SENT,
    RecipientState.DELIVERED,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of the page asks for; `after` is where the page before it ended."""

    state: RecipientState | None
    beginning: str
    after: int

    @classmethod
    def of(cls, request: HttpRequest) -> Asked:
        """Return what a request asks for; what makes no sense is left out."""
        state, after = request.GET.get("state", ""), request.GET.get("after", "")
        return cls(
            RecipientState(state) if state in list(RecipientState) else None,
            request.GET.get("q", "").replace("\0", "").strip(),
            int(after) if after.isdecimal() else 0,
        )

    @property
    def order(self) -> str:
        """The column whose index leads through the rows without sorting all of them."""
        return "id" if self.state in EXCEPTIONS or self.beginning else "contact_id"


def show(admin: CampaignAdmin, request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """Answer with a page of recipients."""
    asked = Asked.of(request)
    rows = list(_rows(campaign, asked)[: PER_PAGE + 1])
    shown, more = rows[:PER_PAGE], len(rows) > PER_PAGE
    context = {
        **admin.page_context(request, campaign, "recipients"),
        "asked": asked,
        "chips": _chips(campaign, asked),
        "recipients": [
            (row, recipient_pill(row.state), refusal(row.bounce_class), _when(row)) for row in shown
        ],
        "next_url": _url(asked, after=getattr(shown[-1], asked.order)) if more else "",
        "first_url": _url(asked) if asked.after else "",
        "overview_url": reverse("admin:campaigns_campaign_overview", args=[campaign.pk]),
    }
    return render(request, "sending/campaign/recipients.html", context)


def _when(row: Recipient) -> SafeString:
    """Return when the message was handed over, or is tried again."""
    if row.sent_at is None and row.state == RecipientState.PLANNED and row.attempts:
        return format_html("again {}", moment(row.not_before))
    return moment(row.sent_at, reason="Not handed over")


def _rows(campaign: Campaign, asked: Asked) -> QuerySet[Recipient, Recipient]:
    rows = Recipient.objects.filter(campaign=campaign)
    if asked.state:
        rows = rows.filter(state=asked.state)
    if asked.beginning:
        rows = rows.filter(contact__in=_people(campaign, asked.beginning))
    if asked.after:
        rows = rows.filter(Q(**{f"{asked.order}__gt": asked.after}))
    return rows.order_by(asked.order)


def _people(campaign: Campaign, beginning: str) -> list[int]:
    try:
        beginning = normalize_address(beginning).key
    except AddressError:
        beginning = beginning.lower()
    found = Contact.objects.filter(
        organization=campaign.organization_id, email_key__istartswith=beginning
    )
    return list(found.values_list("pk", flat=True)[:PEOPLE_SEARCHED])


def _chips(campaign: Campaign, asked: Asked) -> list[dict[str, Any]]:
    """Return the states that occur, with their counts, as links."""
    counts = campaigns.queries.ledger.state_counts(campaign.pk)
    everybody = {
        "word": "Everybody",
        "count": sum(counts.values()),
        "url": _url(Asked(None, asked.beginning, 0)),
        "chosen": asked.state is None,
    }
    return [everybody] + [
        {
            "word": RECIPIENT_WORDS[state][0],
            "kind": RECIPIENT_WORDS[state][1],
            "count": number,
            "url": _url(Asked(state, asked.beginning, 0)),
            "chosen": asked.state is state,
        }
        for state, number in counts.items()
        if number or asked.state is state
    ]


def _url(asked: Asked, *, after: int | None = None) -> str:
    parts = {"state": asked.state, "q": asked.beginning, "after": after}
    return "?" + urlencode({name: value for name, value in parts.items() if value})
