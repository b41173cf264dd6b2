"""Where in the providers' own events stand the things that anymail does not pass on.

A place is written as names joined by dots; `*` stands for the only element of a list or the only
value of a mapping, and leads nowhere if there are several: what one recipient's server said must
not be taken for another's.

Sources: the providers' descriptions of their webhooks, listed in docs/feedback-webhooks.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

ONLY: Final = "*"
_Paths = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """Places of one provider; of several the first that holds anything counts."""

    code: _Paths = ()  # SMTP reply code
    enhanced_code: _Paths = ()
    response: _Paths = ()  # words, if anymail has none
    message_id: _Paths = ()  # our own, where the provider kept it
    happened: _Paths = ()  # ISO 8601, if better than what anymail takes
    remote_host: _Paths = ()
    sending_ip: _Paths = ()
    user_agent: _Paths = ()  # if anymail has none
    machine: Mapping[str, frozenset[object]] | None = None  # values that say: no person opened it


_YES: Final[frozenset[object]] = frozenset({True, "true", "True"})

PLACES: Final[Mapping[str, Places]] = {
    "Amazon SES": Places(
        enhanced_code=(
            "bounce.bouncedRecipients.*.status",
            "deliveryDelay.delayedRecipients.*.status",
        ),
        response=("deliveryDelay.delayedRecipients.*.diagnosticCode",),
        message_id=("mail.commonHeaders.messageId",),
        # What anymail takes is when the notification was published.
        happened=(
            "bounce.timestamp", "complaint.timestamp", "delivery.timestamp", "open.timestamp",
            "click.timestamp", "deliveryDelay.timestamp",
        ),
    ),
    "Brevo": Places(
        message_id=("message-id",),
        sending_ip=("sending_ip",),
        user_agent=("user_agent",),
        machine={"event": frozenset({"proxy_open", "unique_proxy_open"})},
    ),
    "Mailgun": Places(
        code=("event-data.delivery-status.code", "code"),
        enhanced_code=("event-data.delivery-status.enhanced-code",),
        message_id=("event-data.message.headers.message-id", "Message-Id", "message-id"),
        remote_host=("event-data.delivery-status.mx-host",),
        sending_ip=("event-data.envelope.sending-ip",),
        machine={"event-data.client-info.bot": frozenset({"apple", "gmail", "generic"})},
    ),
    "Mailjet": Places(response=("comment", "error")),
    "Mailtrap": Places(code=("response_code",), response=("reason",)),
    "Mandrill": Places(
        response=("msg.smtp_events.*.diag", "msg.reject.reason"),
        sending_ip=("msg.smtp_events.*.source_ip",),
    ),
    "Postal": Places(
        message_id=("payload.message.message_id", "payload.original_message.message_id"),
        user_agent=("payload.user_agent",),
    ),
    "Resend": Places(response=("data.bounce.diagnosticCode.*", "data.failed.reason")),
    "SendGrid": Places(
        enhanced_code=("status",),
        response=("reason",),
        message_id=("smtp-id",),
        sending_ip=("ip",),
        machine={"sg_machine_open": _YES},
    ),
    "SparkPost": Places(
        code=("msys.*.error_code",),
        sending_ip=("msys.*.sending_ip",),
        machine={"msys.*.user_agent_parsed.is_prefetched": _YES},
    ),
}  # fmt: skip
_NOWHERE: Final = Places()


def places_of(esp_name: str) -> Places:
    """Return the places of a provider, by the name that anymail gives it."""
    return PLACES.get(esp_name, _NOWHERE)


def at(event: object, path: str) -> object:
    """Return what stands at a place of a provider's event; None if there is no such place."""
    for step in path.split("."):
        if step == ONLY:
            event = _only(event)
        else:
            event = event.get(step) if isinstance(event, Mapping) else None
        if event is None:
            return None
    return event


def first(event: object, paths: _Paths) -> object:
    """Return what stands at the first of these places that holds anything."""
    found = (at(event, path) for path in paths)
    return next((value for value in found if value not in (None, "")), None)


def _only(event: object) -> object:
    values: list[object] = []
    if isinstance(event, Mapping):
        values = list(event.values())
    elif isinstance(event, list):
        values = event
    return values[0] if len(values) == 1 else None
