"""What people read about events: what happened, who did it, where that was seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.safestring import SafeString

from common.admin import exact_time, pill, provider_name
from insights.classification.plain import NOTHING, Plain, answer_in_words
from insights.criteria import Criteria
from insights.events import Actor, BounceClass, EventType, Source
from insights.models import DeliveryEvent

# What happened: the word, its colour, its icon.
EVENT_WORDS: Final = {
    EventType.SENT: ("Handed over", "info", "send"),
    EventType.DELIVERED: ("Delivered", "good", "mark_email_read"),
    EventType.DEFERRED: ("Put off", "warning", "schedule"),
    EventType.BOUNCED: ("Refused", "bad", "block"),
    EventType.FAILED: ("Failed", "bad", "error"),
    EventType.OPENED: ("Opened", "active", "drafts"),
    EventType.CLICKED: ("Clicked", "active", "ads_click"),
    EventType.REPLIED: ("Replied", "active", "reply"),
    EventType.UNSUBSCRIBED: ("Unsubscribed", "neutral", "unsubscribe"),
    EventType.COMPLAINED: ("Marked as spam", "bad", "report"),
}
ACTOR_WORDS: Final = {
    Actor.HUMAN: ("A person", "good"),
    Actor.MACHINE: ("A machine", "neutral"),
    Actor.UNKNOWN: ("Person or machine?", "warning"),
}
SOURCE_WORDS: Final = {
    Source.SMTP: "the dialogue with the mail server",
    Source.TRACKING: "our own tracking",
    Source.MAIL: "a mail that came back",
    Source.STALWART: "the mail server's report",
    Source.ANYMAIL: "the sending provider's report",
    Source.SYSTEM: "Mailwright itself",
}
CLASS_WORDS: Final = {
    BounceClass.HARD: ("Permanent: bad address", "bad"),
    BounceClass.SOFT: ("Mailbox trouble", "warning"),
    BounceClass.BLOCK: ("Policy block", "bad"),
    BounceClass.EXPIRED: ("Time ran out", "warning"),
}
# What follows from a refusal by itself.
CLASS_EFFECTS: Final = {
    BounceClass.HARD: "The address is suppressed: nothing is sent there any more.",
    BounceClass.SOFT: "It counts: five such refusals in a row suppress the address.",
    BounceClass.BLOCK: "The address stays good: it says nothing about the person.",
    BounceClass.EXPIRED: "The address stays good: nobody said that it is bad.",
}
_BY_ACTOR: Final = {Actor.HUMAN: "by a person", Actor.MACHINE: "by a machine"}
_ASSUMED: Final = "Taken for delivered"


@dataclass(frozen=True, slots=True)
class Happening:
    """An event as people read it."""

    title: str
    kind: str  # the colour
    icon: str
    answer: Plain


def happening(event: DeliveryEvent) -> Happening:
    """Return an event in words."""
    event_type = EventType(event.event_type)
    _, kind, icon = EVENT_WORDS[event_type]
    if event.actor == Actor.MACHINE:
        kind, icon = "neutral", "smart_toy"
    return Happening(_title(event, event_type), kind, icon, answer_of(event))


def answer_of(event: DeliveryEvent) -> Plain:
    """Return what the server's answer means; empty where no server answered."""
    if event.event_type == EventType.FAILED and event.smtp_code is None:
        return NOTHING  # the reason is our own
    return answer_in_words(
        event.smtp_code,
        event.enhanced_code,
        event.smtp_response,
        bounce_class=event.bounce_class,
    )


def codes(smtp_code: int | None, enhanced_code: str, response: str) -> str:
    """Return the codes of an answer, such as "550 5.1.1", but not those its text begins with."""
    told = "" if response.startswith(enhanced_code) else enhanced_code
    return " ".join(filter(None, [str(smtp_code or ""), told]))


def class_pill(bounce_class: str) -> SafeString | str:
    """Return the class of a refusal as a coloured word; empty where there was none."""
    return pill(*CLASS_WORDS[BounceClass(bounce_class)]) if bounce_class else ""


def effect_of(bounce_class: str) -> str:
    """Return what follows from a refusal by itself, as a sentence; empty where there was none."""
    return CLASS_EFFECTS[BounceClass(bounce_class)] if bounce_class else ""


def asked_in_words(criteria: Criteria) -> str:
    """Return what a search asks for, in a line."""
    by = criteria.actor and ACTOR_WORDS[Actor(criteria.actor)][0].lower()
    parts = [
        f"“{criteria.q}”" if criteria.q else "",
        criteria.email and f"to {criteria.email}",
        criteria.event and EVENT_WORDS[EventType(criteria.event)][0],
        by and f"by {by}",
        f"code {criteria.smtp_code}" if criteria.smtp_code else "",
        criteria.provider and provider_name(criteria.provider),
        f"campaign {criteria.campaign}" if criteria.campaign else "",
        f"identity {criteria.identity}" if criteria.identity else "",
        "" if criteria.list is None else f"list {criteria.list or 'none'}",
        criteria.ip and f"from {criteria.ip}",
        criteria.stream,
        criteria.variant and f"variant {criteria.variant}",
        f"from {exact_time(criteria.begin)}" if criteria.begin else "",
        f"before {exact_time(criteria.end)}" if criteria.end else "",
    ]
    return ", ".join(filter(None, parts)) or "All messages"


def _title(event: DeliveryEvent, event_type: EventType) -> str:
    provider = _provider(event.provider)
    match event_type:
        case EventType.SENT:
            return "Handed over to the mail server"
        case EventType.DELIVERED:
            return _ASSUMED if event.source == Source.SYSTEM else f"Delivered to {provider}"
        case EventType.DEFERRED:
            return "Put off until later"
        case EventType.BOUNCED:
            return f"Refused by {provider}"
        case EventType.FAILED:
            return "Could not be handed over"
        case EventType.OPENED | EventType.CLICKED:
            who = _BY_ACTOR.get(Actor(event.actor)) if event.actor else None
            return f"{EVENT_WORDS[event_type][0]} {who}" if who else EVENT_WORDS[event_type][0]
        case _:
            return EVENT_WORDS[event_type][0]


def _provider(provider: str) -> str:
    return "the mailbox provider" if provider == "other" else provider_name(provider)
