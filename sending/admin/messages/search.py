"""The search for messages: one field, filters, and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.safestring import SafeString

import insights.queries.search
import sending.queries.filters
from campaigns.models.content import Stream
from campaigns.roles import Role
from common.admin import moment, organization_of, provider_name
from common.admin.scoping import may
from insights.criteria import Meaning
from insights.events import Actor, EventType
from insights.queries.search import FoundMessage, Page
from sending.admin.messages import exports
from sending.admin.messages.asked import Asked, asked_of
from sending.admin.messages.words import EVENT_WORDS, answer_of, codes, happening
from sending.admin.words import recipient_pill
from sending.queries.filters import Choice, Choices

PER_PAGE: Final = 50
RESULTS: Final = "results"  # id of what htmx replaces
MEANING_WORDS: Final = {
    Meaning.ADDRESS: "Addresses beginning with",
    Meaning.DOMAIN: "Addresses at",
    Meaning.MESSAGE_ID: "The message with the Message-ID",
    Meaning.CODE: "Answers with the code",
    Meaning.WORDS: "Answers that say",
}
# Above the usual ones are always seen; the others are folded away until one is used.
_FOLDED: Final = ("identity", "list", "ip", "stream", "smtp_code")
_STREAM_WORDS: Final = {
    Stream.MARKETING.value: "Marketing",
    Stream.TRANSACTIONAL.value: "Transactional",
}
_NO_LIST: Final = ("0", "No list")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of what was found."""

    url: str
    email: str
    campaign: str
    provider: str
    state: SafeString
    happened: str
    kind: str
    answer: str
    codes: str
    response: str
    when: SafeString


def show(request: HttpRequest) -> HttpResponse:
    """Answer with the page, or with what was found alone when a filter changed."""
    organization = organization_of(request)
    asked = asked_of(request.GET)
    page = insights.queries.search.page_of(
        organization.pk, asked.criteria, limit=PER_PAGE, place=asked.place
    )
    context = {"asked": asked, **_found(request, asked, page)}
    htmx: Any = getattr(request, "htmx", None)
    if htmx and htmx.target == RESULTS:
        response = render(request, "sending/messages/results.html", {**context, "is_part": True})
        response["HX-Push-Url"] = request.path + asked.here
    else:
        choices = sending.queries.filters.choices_of(
            organization.pk, chosen=asked.criteria, now=timezone.now()
        )
        context |= {
            **admin.site.each_context(request),
            "title": "Messages",
            **_filters(asked, choices),
            **exports.context_of(request),
        }
        response = render(request, "sending/messages/search.html", context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def _found(request: HttpRequest, asked: Asked, page: Page) -> dict[str, Any]:
    meaning = page.meaning
    by_person = meaning in (Meaning.ADDRESS, Meaning.DOMAIN) and not asked.criteria.email
    return {
        "rows": [_row(found) for found in page.messages],
        "next_url": asked.at(page.after),
        "previous_url": asked.at(page.before),
        "meaning": MEANING_WORDS[meaning] if meaning and asked.criteria.q else "",
        "as_words_url": asked.with_q(f'"{asked.criteria.q}"') if by_person else "",
        "chips": _chips(asked),
        "all_shown": not page.after and not page.before,
        "may_export": may(request, Role.EDITOR),
        "export_query": asked.here,
    }


def _row(found: FoundMessage) -> Row:
    message, event = found.message, found.event
    read = happening(event) if event else None
    answered = event if event and (event.smtp_code or event.smtp_response) else None
    answer = answer_of(answered) if answered else None
    return Row(
        url=reverse("admin:insights_message", args=[message.pk]),
        email=message.email,
        campaign=message.campaign.name,
        provider=provider_name(message.provider),
        state=recipient_pill(message.state),
        happened=read.title if read else "Nothing yet",
        kind=read.kind if read else "neutral",
        answer=answer.title if answer else "",
        codes=codes(answered.smtp_code, answered.enhanced_code, answered.smtp_response)
        if answered
        else "",
        response=answered.smtp_response if answered else "",
        when=moment(event.ts if event else None, reason="Nothing has happened yet"),
    )


@dataclass(frozen=True, slots=True)
class Menu:
    """One filter with its choices."""

    name: str
    label: str
    every: str  # the words for no choice
    options: list[Choice]
    value: str


def _filters(asked: Asked, choices: Choices) -> dict[str, Any]:
    menus = {menu.name: menu for menu in _menus(asked, choices)}
    return {
        "menus": [menu for name, menu in menus.items() if name not in _FOLDED],
        "folded": [menu for name, menu in menus.items() if name in _FOLDED],
        "unfolded": any(name in asked.params for name in _FOLDED),
        "moments": [
            ("from", "From", asked.shown_moment("from"), asked.mistakes.get("from", "")),
            ("to", "Before", asked.shown_moment("to"), asked.mistakes.get("to", "")),
        ],
        "smtp_code": asked.params.get("smtp_code", ""),
        "hidden": [(n, asked.params[n]) for n in ("email", "variant") if n in asked.params],
    }


def _menus(asked: Asked, choices: Choices) -> list[Menu]:
    events = [(kind.value, EVENT_WORDS[kind][0]) for kind in EventType]
    actors = [(Actor.HUMAN.value, "A person"), (Actor.MACHINE.value, "Not a person for certain")]
    providers = [(name, provider_name(name)) for name in choices.providers]
    streams = list(_STREAM_WORDS.items())
    offered = (
        ("event", "What happened", "Anything", events),
        ("actor", "Opened or clicked by", "Anybody", actors),
        ("campaign", "Campaign", "All campaigns", choices.campaigns),
        ("provider", "Provider", "All providers", providers),
        ("identity", "Sent as", "All identities", choices.identities),
        ("list", "List", "All lists", [_NO_LIST, *choices.lists]),
        ("ip", "Sending IP", "All IPs", [(ip, ip) for ip in choices.ips]),
        ("stream", "Stream", "Both streams", streams),
    )
    return [
        Menu(name, label, every, options, asked.params.get(name, ""))
        for name, label, every, options in offered
    ]


def _chips(asked: Asked) -> list[tuple[str, str]]:
    """Return what no field of the form shows, each with the address that drops it."""
    shown = {"email": "To {}", "variant": "Variant {}"}
    return [
        (words.format(asked.params[name]), asked.without(name))
        for name, words in shown.items()
        if name in asked.params
    ]
