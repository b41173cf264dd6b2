"""Reading one mail: every form of report is tried, the most formal first."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from insights.providers.mail.anatomy import Anatomy, take_apart
from insights.providers.mail.answers import answer_kind, unsubscribe_token
from insights.providers.mail.bounces import (
    has_null_path,
    is_daemon,
    status_findings,
    worded_findings,
)
from insights.providers.mail.complaints import complaint_findings
from insights.providers.mail.dates import parse_date
from insights.providers.mail.headers import Headers
from insights.providers.mail.notifications import Notification, notification_of
from insights.providers.mail.opening import open_mail
from insights.providers.mail.reading import Finding, MailKind, Reading
from insights.providers.mail.references import references_in, references_of_answer
from insights.reports import References

# What a mail is, when it says several things: whatever weighs most.
_WEIGHT = (
    MailKind.COMPLAINT, MailKind.BOUNCE, MailKind.DELAYED, MailKind.DELIVERED, MailKind.NONE,
)  # fmt: skip


def read_mail(raw: bytes, *, received_at: datetime, envelope_to: str = "") -> Reading:
    """Return what a mail says. Never raises, whatever the bytes.

    `received_at` is when it came in, aware; `envelope_to` the address that it was delivered to,
    where the way in knows it.
    """
    anatomy = take_apart(open_mail(raw))
    headers = anatomy.headers
    said = _report(anatomy, envelope_to=envelope_to) or _answer(anatomy, envelope_to=envelope_to)
    return Reading(
        kind=said.kind,
        received_at=received_at,
        findings=tuple(said.findings),
        references=said.references,
        returned=said.returned,
        mail_key=headers.get("Message-ID") or _digest(anatomy),
        written_at=parse_date(headers.get("Date")),
    )


@dataclass(frozen=True, slots=True)
class _Said:
    """What a mail says, without what is known of the mail itself."""

    kind: MailKind
    findings: Sequence[Finding]
    references: References
    returned: Headers


def _report(anatomy: Anatomy, *, envelope_to: str) -> _Said | None:
    if notification := notification_of(anatomy):
        return _notified(notification, anatomy, envelope_to=envelope_to)
    if _only_encloses(anatomy):
        inner = take_apart(open_mail(anatomy.enclosed.encode("utf-8", "surrogateescape")))
        anatomy = replace(inner, mail=replace(inner.mail, headers=anatomy.headers))
    for read in (complaint_findings, status_findings, worded_findings):
        if findings := read(anatomy):
            return _about(findings, anatomy, envelope_to=envelope_to)
    return None


def _notified(notification: Notification, anatomy: Anatomy, *, envelope_to: str) -> _Said:
    told = replace(anatomy, returned=notification.returned)
    said = _about(notification.findings(), told, envelope_to=envelope_to)
    return replace(said, references=replace(said.references, queue_id=notification.message_id))


def _only_encloses(anatomy: Anatomy) -> bool:
    """Return whether a gateway put a report into a mail that says nothing itself."""
    silent = not anatomy.notice.strip() and not anatomy.status and not anatomy.feedback
    return bool(silent and anatomy.enclosed and (is_daemon(anatomy) or has_null_path(anatomy)))


def _about(findings: Sequence[Finding], anatomy: Anatomy, *, envelope_to: str) -> _Said:
    kinds = {finding.kind for finding in findings}
    return _Said(
        kind=next((kind for kind in _WEIGHT if kind in kinds), MailKind.NONE),
        findings=findings,
        references=references_in(anatomy, envelope_to=envelope_to),
        returned=anatomy.returned,
    )


def _answer(anatomy: Anatomy, *, envelope_to: str) -> _Said:
    kind = answer_kind(anatomy, envelope_to=envelope_to)
    if kind is MailKind.NONE:
        return _Said(kind, (), References(), Headers())
    token = unsubscribe_token(anatomy, envelope_to=envelope_to)
    references = references_of_answer(anatomy, envelope_to=envelope_to, token=token)
    return _Said(kind, (Finding(kind, references.address),), references, Headers())


def _digest(anatomy: Anatomy) -> str:
    """Return what tells a mail without a Message-ID apart, whichever way it came."""
    headers = anatomy.headers
    written = [headers.get(name) for name in ("From", "To", "Subject", "Date")]
    text = "\n".join([*written, anatomy.notice, anatomy.feedback])
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()
