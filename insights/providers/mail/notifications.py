"""Notifications of Amazon SES that SNS sends as mail: JSON instead of a report."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from insights.providers.mail.addresses import clean_address
from insights.providers.mail.anatomy import Anatomy
from insights.providers.mail.diagnostics import diagnose, host_of_field, plain_diagnostic, status_in
from insights.providers.mail.headers import Headers
from insights.providers.mail.limits import FINDINGS
from insights.providers.mail.reading import Action, Finding, MailKind

_BEGINNING = re.compile(r"\{\s*\"")
_DECODER = json.JSONDecoder(strict=False)  # long lines arrive broken inside of strings
_LINE_BROKEN = re.compile(r"!\n ")  # sendmail breaks lines of more than 998 characters like this


class Notification:
    """One notification: what happened, and the mail that it happened to."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self._body = body
        self._mail = _mapping(body.get("mail"))

    @property
    def message_id(self) -> str:
        """What SES called the mail."""
        return _text(self._mail.get("messageId"))

    @property
    def returned(self) -> Headers:
        """The header of our message, as far as SES gives it back."""
        listed = self._mail.get("headers")
        pairs = [_mapping(item) for item in listed] if isinstance(listed, list) else []
        return Headers((_text(pair.get("name")), _text(pair.get("value"))) for pair in pairs)

    def findings(self) -> list[Finding]:
        """Return what happened to each recipient."""
        kind = _text(self._body.get("notificationType") or self._body.get("eventType"))
        read = _READERS.get(kind.replace(" ", ""))
        return read(self._body)[:FINDINGS] if read else []


def notification_of(anatomy: Anatomy) -> Notification | None:
    """Return the notification in a mail, or None when it is none."""
    text = _LINE_BROKEN.sub("", anatomy.mail.parts[0].text) if anatomy.mail.parts else ""
    body = _decoded(text)
    if isinstance(body.get("Message"), str):
        body = _decoded(body["Message"])
    is_one = "mail" in body and ("notificationType" in body or "eventType" in body)
    return Notification(body) if is_one else None


def _decoded(text: str) -> Mapping[str, Any]:
    found = _BEGINNING.search(text)
    if not found:
        return {}
    try:
        value, _ = _DECODER.raw_decode(text, found.start())
    except (ValueError, RecursionError):
        return {}
    return _mapping(value)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _recipients(body: Mapping[str, Any], part: str, name: str) -> list[Mapping[str, Any]]:
    listed = _mapping(body.get(part)).get(name)
    items = listed if isinstance(listed, list) else []
    return [{"emailAddress": item} if isinstance(item, str) else _mapping(item) for item in items]


def _bounced(body: Mapping[str, Any]) -> list[Finding]:
    return [
        _failed(item, MailKind.BOUNCE) for item in _recipients(body, "bounce", "bouncedRecipients")
    ]


def _delayed(body: Mapping[str, Any]) -> list[Finding]:
    items = _recipients(body, "deliveryDelay", "delayedRecipients")
    return [_failed(item, MailKind.DELAYED) for item in items]


def _failed(item: Mapping[str, Any], kind: MailKind) -> Finding:
    answer = plain_diagnostic(_text(item.get("diagnosticCode")))
    diagnosis = diagnose(answer, status=status_in(_text(item.get("status"))))
    bounced = kind is MailKind.BOUNCE
    return Finding(
        kind=kind,
        recipient=clean_address(_text(item.get("emailAddress"))),
        action=Action.FAILED if bounced else Action.DELAYED,
        status=diagnosis.status,
        smtp_code=diagnosis.smtp_code,
        diagnostic=diagnosis.text,
        bounce_class=diagnosis.bounce_class if bounced else None,
    )


def _complained(body: Mapping[str, Any]) -> list[Finding]:
    feedback_type = _text(_mapping(body.get("complaint")).get("complaintFeedbackType")) or "abuse"
    return [
        Finding(
            kind=MailKind.NONE if feedback_type == "not-spam" else MailKind.COMPLAINT,
            recipient=clean_address(_text(item.get("emailAddress"))),
            feedback_type=feedback_type,
        )
        for item in _recipients(body, "complaint", "complainedRecipients")
    ]


def _delivered(body: Mapping[str, Any]) -> list[Finding]:
    delivery = _mapping(body.get("delivery"))
    answer = plain_diagnostic(_text(delivery.get("smtpResponse")))
    diagnosis = diagnose(answer)
    return [
        Finding(
            kind=MailKind.DELIVERED,
            recipient=clean_address(_text(item.get("emailAddress"))),
            action=Action.DELIVERED,
            status=diagnosis.status,
            smtp_code=diagnosis.smtp_code,
            diagnostic=answer,
            remote_host=host_of_field(_text(delivery.get("remoteMtaIp"))),
        )
        for item in _recipients(body, "delivery", "recipients")
    ]


_READERS: Mapping[str, Callable[[Mapping[str, Any]], list[Finding]]] = {
    "Bounce": _bounced,
    "Complaint": _complained,
    "Delivery": _delivered,
    "DeliveryDelay": _delayed,
}
