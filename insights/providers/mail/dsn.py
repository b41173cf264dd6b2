"""Delivery status reports to findings."""

from __future__ import annotations

from insights.providers.mail.addresses import clean_address
from insights.providers.mail.dates import parse_date
from insights.providers.mail.diagnostics import diagnose, host_of_field, plain_diagnostic, status_in
from insights.providers.mail.headers import Headers
from insights.providers.mail.reading import Action, Finding, MailKind
from insights.providers.mail.status import recipient_of

_KINDS = {
    Action.FAILED: MailKind.BOUNCE,
    Action.DELAYED: MailKind.DELAYED,
    Action.DELIVERED: MailKind.DELIVERED,
    Action.RELAYED: MailKind.DELIVERED,
    Action.EXPANDED: MailKind.DELIVERED,
    Action.DELIVERABLE: MailKind.DELIVERED,
}
_SPELLINGS = {
    "failure": Action.FAILED, "fail": Action.FAILED, "undeliverable": Action.FAILED,
    "delay": Action.DELAYED, "expired": Action.FAILED, "error": Action.FAILED,
    "success": Action.DELIVERED,
}  # fmt: skip


def finding_of(fields: Headers, *, words: str, report: str) -> Finding:
    """Return what the fields of one recipient say.

    `words` is what the part of the report for people says about this recipient, `report` all of it
    if it is about nobody else.
    """
    recipient = recipient_of(fields)
    status = status_in(fields.get("Status"))
    action = action_of(fields.get("Action"), status)
    kind = _KINDS[action]
    diagnosis = diagnose(
        plain_diagnostic(fields.get("Diagnostic-Code")),
        status=status,
        words=words if kind is MailKind.BOUNCE else "",
        report=report,
    )
    return Finding(
        kind=kind,
        recipient=recipient,
        original_recipient=clean_address(fields.raw("Original-Recipient")),
        action=action,
        status=diagnosis.status,
        smtp_code=diagnosis.smtp_code,
        diagnostic=diagnosis.text,
        remote_host=host_of_field(fields.get("Remote-MTA")),
        bounce_class=diagnosis.bounce_class if kind is MailKind.BOUNCE else None,
        happened_at=parse_date(fields.get("Last-Attempt-Date")),
    )


def action_of(value: str, status: str) -> Action:
    """Return what was done; a missing or strange word is read from the status."""
    word = value.strip().lower().partition(" ")[0].strip("().,;")
    if word in set(Action):
        return Action(word)
    if word in _SPELLINGS:
        return _SPELLINGS[word]
    return Action.DELIVERED if status.startswith("2.") else Action.FAILED
