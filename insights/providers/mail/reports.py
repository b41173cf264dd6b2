"""Findings to reports: what of a mail changes a figure, each with a key that lasts."""

from __future__ import annotations

import uuid

from insights.events import EventType, Source
from insights.providers.base import natural_key, storable
from insights.providers.mail.dates import believable
from insights.providers.mail.reading import Action, Finding, MailKind, Reading
from insights.reports import References, Report

# Feedback that no person gave, or that takes a complaint back.
_NO_COMPLAINTS = frozenset({"auth-failure", "virus", "dmarc", "not-spam"})
_OPT_OUTS = frozenset({"opt-out", "opt-out-list"})
_TYPES = {
    MailKind.BOUNCE: EventType.BOUNCED,
    MailKind.DELAYED: EventType.DEFERRED,
    MailKind.UNSUBSCRIBE: EventType.UNSUBSCRIBED,
    MailKind.REPLY: EventType.REPLIED,
}


def reports(reading: Reading) -> list[Report]:
    """Return what a mail reports, one for each recipient; nothing where no figure changes.

    Automatic answers report nothing, neither does feedback of machines or a test of an address.
    """
    typed = ((finding, _event_type(finding)) for finding in reading.findings)
    return [_report(finding, kind, reading) for finding, kind in typed if kind is not None]


def _event_type(finding: Finding) -> EventType | None:
    if finding.kind is MailKind.COMPLAINT:
        if finding.feedback_type in _OPT_OUTS:
            return EventType.UNSUBSCRIBED
        return None if finding.feedback_type in _NO_COMPLAINTS else EventType.COMPLAINED
    if finding.kind is MailKind.DELIVERED:
        tested = finding.action is Action.DELIVERABLE
        return None if tested else EventType.DELIVERED
    return _TYPES.get(finding.kind)


def _report(finding: Finding, event_type: EventType, reading: Reading) -> Report:
    references = _references(finding, reading)
    return Report(
        event_type=event_type,
        ts=believable([finding.happened_at, reading.written_at], received_at=reading.received_at),
        source=Source.MAIL,
        natural_key=_key(finding, event_type, reading, references),
        references=references,
        smtp_code=finding.smtp_code,
        enhanced_code=finding.status,
        smtp_response=storable(finding.diagnostic),
        bounce_class=finding.bounce_class,
        refused_address=storable(finding.recipient or finding.original_recipient),
        remote_host=storable(finding.remote_host),
        ip=storable(finding.source_ip),
    )


def _references(finding: Finding, reading: Reading) -> References:
    """Return what points at the message, with the address that we sent it to as far as known."""
    address = finding.original_recipient or finding.recipient or reading.references.address
    found = reading.references
    return References(
        return_path=storable(found.return_path),
        message_id=storable(found.message_id),
        unsubscribe_token=storable(found.unsubscribe_token),
        queue_id=storable(found.queue_id),
        feedback_id=storable(found.feedback_id),
        address=storable(address),
    )


def _key(
    finding: Finding, event_type: EventType, reading: Reading, references: References
) -> uuid.UUID:
    """Return what stays the same when this is reported again, by whatever mail.

    The message that it is about, not the mail that tells; only answers, and what names no message,
    are told apart by the mail itself.
    """
    about = (
        references.return_path
        or references.message_id
        or references.unsubscribe_token
        or references.queue_id
    )
    if not about or event_type is EventType.REPLIED:
        about = f"{about} {reading.mail_key}"
    recipient = finding.recipient.lower()
    return natural_key("mail", event_type, about, recipient, finding.action or "", finding.status)
