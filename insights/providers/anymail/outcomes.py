"""What happened, by anymail's word for it, the provider's own, and the answer they hand on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from insights.classification import classify_refusal
from insights.events import BounceClass, EventType
from insights.providers.anymail.answers import code_in, enhanced_code, enhanced_code_in
from insights.providers.anymail.meanings import WITHHELD, event_meant, meaning_of
from insights.providers.anymail.places import first, places_of
from insights.providers.base import LONGEST_RESPONSE_CHARS, smtp_code, storable

if TYPE_CHECKING:
    from anymail.signals import AnymailTrackingEvent

_REJECTED: Final = "rejected"  # the provider itself did not send it
_EVENT_TYPES: Final[Mapping[str, EventType]] = {  # anymail's; those not named tell us nothing
    "queued": EventType.SENT,
    "sent": EventType.SENT,
    "delivered": EventType.DELIVERED,
    "deferred": EventType.DEFERRED,
    "bounced": EventType.BOUNCED,
    _REJECTED: EventType.FAILED,
    "failed": EventType.FAILED,
    "opened": EventType.OPENED,
    "clicked": EventType.CLICKED,
    "complained": EventType.COMPLAINED,
    "unsubscribed": EventType.UNSUBSCRIBED,
}
_HARD_REASONS: Final = frozenset({"invalid", "bounced"})  # anymail's reject reasons
OF_DELIVERY: Final = frozenset(  # what servers do; the others are what people and machines do
    {EventType.SENT, EventType.DELIVERED, EventType.DEFERRED, EventType.BOUNCED, EventType.FAILED}
)
_PERMANENT_CODE: Final = 500  # and above; RFC 5321 4.2.1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened to a message and what was said of it.

    `bounce_class` is there for bounces only. The words are the mailbox provider's, or where there
    are none the commercial provider's.
    """

    event_type: EventType
    code: int | None = None
    enhanced_code: str = ""
    text: str = ""
    bounce_class: BounceClass | None = None

    @property
    def of_policy(self) -> bool:
        """Whether the enhanced code says that policy or security is the reason (RFC 3463)."""
        return self.enhanced_code.partition(".")[2].startswith("7.")

    @property
    def unanswered(self) -> bool:
        """Whether no code of a mail server is known."""
        return self.code is None and not self.enhanced_code

    def bounced(self, bounce_class: BounceClass | None) -> Outcome:
        """Return it as a bounce; or, without a class, as withheld by the commercial provider."""
        event_type = EventType.FAILED if bounce_class is None else EventType.BOUNCED
        return Outcome(event_type, self.code, self.enhanced_code, self.text, bounce_class)


def outcome_of(event: AnymailTrackingEvent, *, esp_name: str) -> Outcome | None:
    """Return what an event says happened; None if nothing that concerns us."""
    event_type = event_meant(
        event.esp_event,
        esp_name=esp_name,
        otherwise=_EVENT_TYPES.get(event.event_type or ""),
    )
    if event_type is None:
        return None
    if event_type not in OF_DELIVERY:
        return Outcome(event_type)
    outcome = _with_answer(event, event_type, esp_name=esp_name)
    if event_type == EventType.BOUNCED:
        return outcome.bounced(_bounce_class(event, outcome, esp_name=esp_name))
    if event.event_type == _REJECTED:
        return outcome.bounced(_rejection_class(event, esp_name=esp_name))
    return outcome


def _with_answer(event: AnymailTrackingEvent, event_type: EventType, *, esp_name: str) -> Outcome:
    raw, places = event.esp_event, places_of(esp_name)
    words = (event.mta_response, first(raw, places.response), event.description)
    text = next(filter(None, (storable(word).strip() for word in words)), "")
    code = smtp_code(first(raw, places.code)) or code_in(text)
    given = enhanced_code(first(raw, places.enhanced_code))
    return Outcome(
        event_type,
        code=code,
        enhanced_code=given or enhanced_code_in(text, code=code),
        text=text[:LONGEST_RESPONSE_CHARS],
    )


def _bounce_class(
    event: AnymailTrackingEvent, outcome: Outcome, *, esp_name: str
) -> BounceClass | None:
    """Return why a message was refused; None if the provider withheld it, so that nobody did."""
    meaning = meaning_of(event.esp_event, esp_name=esp_name)
    if meaning == WITHHELD:
        return None
    if meaning is not None and meaning.exact and not outcome.of_policy:
        return meaning.bounce_class
    if outcome.unanswered and meaning is not None:
        return meaning.bounce_class
    if outcome.unanswered and event.reject_reason == "invalid":
        return BounceClass.HARD
    return _class_of_answer(outcome)


def _class_of_answer(outcome: Outcome) -> BounceClass:
    found = classify_refusal(outcome.code, outcome.enhanced_code, outcome.text)
    given_up = outcome.code is not None and outcome.code < _PERMANENT_CODE
    if found == BounceClass.BLOCK and given_up and not outcome.of_policy:
        return BounceClass.EXPIRED
    return found


def _rejection_class(event: AnymailTrackingEvent, *, esp_name: str) -> BounceClass | None:
    """Return what follows from a provider's own refusal; None if nothing does for the address."""
    meaning = meaning_of(event.esp_event, esp_name=esp_name)
    if meaning is not None:
        return meaning.bounce_class
    return BounceClass.HARD if event.reject_reason in _HARD_REASONS else None
