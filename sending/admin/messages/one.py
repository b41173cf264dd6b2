"""The page of one message: whose it is, how it stands, and everything that happened to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.safestring import SafeString

import sending.queries.stories
from campaigns.models import Recipient
from campaigns.states import RecipientState
from common.admin import exact_time, organization_of, pill, provider_name
from common.admin.display import duration
from insights.actors import describe
from insights.actors.confidence import confidence
from insights.classification.plain import Plain, answer_in_words
from insights.events import Actor, EventType, Source
from insights.models import DeliveryEvent
from sending.admin.messages.words import (
    ACTOR_WORDS,
    SOURCE_WORDS,
    class_pill,
    codes,
    effect_of,
    happening,
)
from sending.admin.words import exclusion, recipient_pill
from sending.queries.routing import explain_routing
from suppression.queries import Explanation
from suppression.reasons import Reason

MOST_SURE: Final = 99  # percent; evidence is never proof
_SECOND: Final = timedelta(seconds=1)
_PUT_OFF: Final = "It was put off."
_STATE_WORDS: Final = {
    RecipientState.PLANNED: "It waits for its turn.",
    RecipientState.CLAIMED: "It is going out right now.",
    RecipientState.SENT: "The mail server took it. What the mailbox provider did is not known yet.",
    RecipientState.DELIVERED: "It reached the mailbox provider.",
    RecipientState.BOUNCED: "It was refused and did not reach the person.",
    RecipientState.FAILED: "It could not be handed over.",
    RecipientState.SKIPPED: "It was left out on purpose.",
    RecipientState.CANCELLED: "The campaign was cancelled before its turn came.",
    RecipientState.IN_DOUBT: "The connection broke while it was handed over: "
    "nobody knows whether the server took it.",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One step of the timeline."""

    title: str
    kind: str
    icon: str
    at: datetime
    exact: str
    after: str  # how long after the step before
    answer: Plain
    codes: str
    response: str
    bounce_class: SafeString | str
    effect: str
    actor: SafeString | str
    certainty: str
    reasons: list[str]
    url: str
    source: str


def show(request: HttpRequest, recipient_id: int) -> HttpResponse:
    """Answer with the page. Raises Http404 for a message of another organization."""
    organization = organization_of(request)
    story = sending.queries.stories.story_of(organization.pk, recipient_id, now=timezone.now())
    if story is None:
        raise Http404("There is no such message here.")
    context = {
        **admin.site.each_context(request),
        "title": "Messages",
        "subtitle": story.message.email,
        "message": story.message,
        **_head(story.message),
        **_links(story.message),
        "entries": _entries(story.events),
        "route": story.route,
        "routing": explain_routing(story.message),
        "suppressions": [_suppression(explanation) for explanation in story.suppressions],
    }
    return render(request, "sending/messages/message.html", context)


def _head(message: Recipient) -> dict[str, Any]:
    state = RecipientState(message.state)
    again = state is RecipientState.PLANNED and message.attempts > 0
    answer = answer_in_words(
        message.smtp_code,
        message.enhanced_code,
        message.smtp_response,
        bounce_class=message.bounce_class,
    )
    return {
        "state": recipient_pill(state),
        "state_words": _PUT_OFF if again else _STATE_WORDS[state],
        "reason": message.reason,
        "again_at": message.not_before if again else None,
        "answer": answer if message.bounce_class else None,
        "provider": provider_name(message.provider),
    }


def _links(message: Recipient) -> dict[str, str]:
    campaign = message.campaign
    return {
        "campaign_url": reverse("admin:campaigns_campaign_overview", args=[campaign.pk]),
        "contact_url": reverse("admin:campaigns_contact_change", args=[message.contact_id])
        if message.contact_id
        else "",
        "same_person_url": _search(email=message.email),
        "suppression_url": reverse("admin:suppression_suppression_changelist")
        + "?"
        + urlencode({"q": message.email}),
    }


def _search(**asked: str) -> str:
    return f"{reverse('admin:insights_messages')}?{urlencode(asked)}"


def _entries(events: list[DeliveryEvent]) -> list[Entry]:
    before = [None, *(event.ts for event in events)]
    return [_entry(event, earlier) for event, earlier in zip(events, before, strict=False)]


def _entry(event: DeliveryEvent, earlier: datetime | None) -> Entry:
    read = happening(event)
    sure = confidence(event.actor_reasons)
    by_server = event.event_type not in (EventType.OPENED, EventType.CLICKED)
    return Entry(
        title=read.title,
        kind=read.kind,
        icon=read.icon,
        at=event.ts,
        exact=exact_time(event.ts),
        after=_after(event.ts, earlier),
        answer=read.answer if by_server else Plain(""),
        codes=codes(event.smtp_code, event.enhanced_code, event.smtp_response),
        response=event.smtp_response,
        bounce_class=class_pill(event.bounce_class),
        effect=effect_of(event.bounce_class),
        actor=pill(*ACTOR_WORDS[Actor(event.actor)]) if event.actor else "",
        certainty=f"{min(round(100 * sure), MOST_SURE)} % sure" if sure else "",
        reasons=[describe(reason) for reason in event.actor_reasons],
        url=event.url,
        source=SOURCE_WORDS[Source(event.source)],
    )


def _after(at: datetime, earlier: datetime | None) -> str:
    if earlier is None:
        return ""
    seconds = (at - earlier) // _SECOND
    return f"{duration(seconds)} later" if seconds > 0 else "at once"


def _suppression(explanation: Explanation) -> dict[str, Any]:
    entry = explanation.suppression
    return {
        "applies": explanation.applies,
        "reason": exclusion(Reason(entry.reason).value),
        "why": explanation.why,
        "lifted_by": explanation.lifted_by,
        "note": entry.note,
        "added_at": entry.added_at,
    }
