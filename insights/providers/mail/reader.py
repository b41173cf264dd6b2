"""Reading one mail: every form of report is tried, the most formal first."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from insights.providers.mail.anatomy import Anatomy, take_apart
from insights.providers.mail.answers import answer_kind, unsubscribe_token
from insights.providers.mail.bounces import status_findings, worded_findings
from insights.providers.mail.complaints import complaint_findings
from insights.providers.mail.dates import parse_date
from insights.providers.mail.limits import READ_BYTES
from insights.providers.mail.notifications import notification_of
from insights.providers.mail.opening import open_mail
from insights.providers.mail.reading import Finding, MailKind, Reading
from insights.providers.mail.references import references_in, references_of_answer

# What a mail is, when it says several things: whatever weighs most.
_WEIGHT = (
    MailKind.COMPLAINT, MailKind.BOUNCE, MailKind.DELAYED, MailKind.DELIVERED, MailKind.NONE,
)  # fmt: skip


def read_mail(raw: bytes, *, received_at: datetime, envelope_to: str = "") -> Reading:
    """Return what a mail says. Never raises, whatever the bytes.

    `envelope_to` is the address the mail was delivered to, where the way in knows it.
    """
    anatomy = take_apart(open_mail(raw))
    reading = _as_report(anatomy, envelope_to=envelope_to) or _as_answer(
        anatomy, envelope_to=envelope_to
    )
    return replace(
        reading,
        mail_key=anatomy.headers.get("Message-ID") or _digest(raw),
        written_at=parse_date(anatomy.headers.get("Date")),
        received_at=received_at,
    )


def _as_report(anatomy: Anatomy, *, envelope_to: str) -> Reading | None:
    if notification := notification_of(anatomy):
        findings, returned = notification.findings(), notification.returned
        anatomy = replace(anatomy, returned=returned)
        reading = _report(findings, anatomy, envelope_to=envelope_to)
        references = replace(reading.references, queue_id=notification.message_id)
        return replace(reading, references=references)
    if _only_encloses(anatomy):
        inner = take_apart(open_mail(anatomy.enclosed.encode("utf-8", "surrogateescape")))
        anatomy = replace(inner, mail=replace(inner.mail, headers=anatomy.headers))
    for read in (complaint_findings, status_findings, worded_findings):
        if findings := read(anatomy):
            return _report(findings, anatomy, envelope_to=envelope_to)
    return None


def _only_encloses(anatomy: Anatomy) -> bool:
    """Return whether a gateway put a report into a mail that says nothing itself."""
    words = anatomy.notice.strip()
    return bool(anatomy.enclosed and not words and not anatomy.status and not anatomy.feedback)


def _report(findings: Sequence[Finding], anatomy: Anatomy, *, envelope_to: str) -> Reading:
    kinds = {finding.kind for finding in findings}
    return Reading(
        kind=next((kind for kind in _WEIGHT if kind in kinds), MailKind.NONE),
        findings=tuple(findings),
        references=references_in(anatomy, envelope_to=envelope_to),
        returned=anatomy.returned,
    )


def _as_answer(anatomy: Anatomy, *, envelope_to: str) -> Reading:
    kind = answer_kind(anatomy, envelope_to=envelope_to)
    if kind is MailKind.NONE:
        return Reading(kind)
    token = unsubscribe_token(anatomy, envelope_to=envelope_to)
    references = references_of_answer(anatomy, envelope_to=envelope_to, token=token)
    return Reading(kind, (Finding(kind, references.address),), references)


def _digest(raw: bytes) -> str:
    return hashlib.blake2b(raw[:READ_BYTES], digest_size=16).hexdigest()
