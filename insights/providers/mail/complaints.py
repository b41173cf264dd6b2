"""Complaints: feedback reports (RFC 5965), and the kinds that came before them."""

from __future__ import annotations

import re

from insights.providers.mail.addresses import addresses_of, clean_address
from insights.providers.mail.anatomy import Anatomy, is_reply
from insights.providers.mail.headers import Headers, read_headers
from insights.providers.mail.reading import Finding, MailKind

NOT_SPAM = "not-spam"  # somebody took a complaint back
ABUSE = "abuse"
MAX_IP_CHARACTERS = 45  # IPv6 with an IPv4 tail

# Where the recipient of a complaint stands, in the order of trust; several providers leave it out.
_RECIPIENT_FIELDS = (
    "Original-Rcpt-To",
    "Removal-Recipient",
    "Original-Recipient",
    "Final-Recipient",
)
_RETURNED_FIELDS = ("X-HmXmrOriginalRecipient", "To", "X-Original-To", "Delivered-To")
_JUNK_MAIL_REPORTING = "X-HmXmrOriginalRecipient"  # Outlook.com's programme of that name
_TYPE_FIELD = re.compile(r"^Feedback-Type[ \t]*:", re.IGNORECASE | re.MULTILINE)
_OTHER_FIELD = re.compile(
    r"^(?:User-Agent|Version|Source-IP|Reported-Domain|Original-Mail-From|Original-Rcpt-To"
    r"|Arrival-Date|Received-Date|Incidents)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
_DESK = re.compile(
    r"staff@hotmail|feedback|\bfbl|complaint|abuse|scomp@|spam|\barf\b|junk", re.IGNORECASE
)
_WORDS = re.compile(
    r"\b(?:spam|abuse|junk)\b[^\n]{0,40}\b(?:report|complain|notif|feedback)"
    r"|\bcomplaint (?:about|regarding|against|from|report)|\bfeedback[- ]?loop\b|\bfbl\b"
    r"|\b(?:report|mark|flag)ed\b[^\n]{0,40}\b(?:spam|junk|abus|unwanted)"
    r"|\bopt[- ]?out\b[^\n]{0,20}\b(?:report|request|notif)",
    re.IGNORECASE,
)


def complaint_findings(anatomy: Anatomy) -> list[Finding]:
    """Return the complaint in a mail if it is one: none or one."""
    fields = feedback_fields(anatomy)
    if fields:
        return [_by_fields(fields, anatomy)]
    if _JUNK_MAIL_REPORTING in anatomy.returned or _is_worded(anatomy):
        return [_finding(_returned_recipient(anatomy.returned), ABUSE, fields)]
    return []


def feedback_fields(anatomy: Anatomy) -> Headers:
    """Return the fields of the feedback report in a mail, declared or not; empty without one."""
    if anatomy.feedback:
        return read_headers(anatomy.feedback)
    found = _TYPE_FIELD.search(anatomy.notice)
    if not found or not _OTHER_FIELD.search(anatomy.notice) or is_reply(anatomy.headers):
        return Headers()
    begin = anatomy.notice.rfind("\n\n", 0, found.start())
    return read_headers(anatomy.notice[max(begin, 0) :].lstrip("\n"))


def _by_fields(fields: Headers, anatomy: Anatomy) -> Finding:
    named = (clean_address(fields.get(name)) for name in _RECIPIENT_FIELDS)
    recipient = next(filter(None, named), "") or _returned_recipient(anatomy.returned)
    feedback_type = fields.get("Feedback-Type").strip().lower().partition(" ")[0].rstrip(";,.")
    return _finding(recipient, feedback_type or ABUSE, fields)


def _is_worded(anatomy: Anatomy) -> bool:
    """Return whether a mail in words is a complaint: from a desk for such, with our mail in it."""
    headers = anatomy.headers
    text = f"{headers.get('Subject')}\n{anatomy.notice}"
    from_desk = _DESK.search(f"{headers.get('From')} {headers.get('Return-Path')}")
    return bool(from_desk and anatomy.returned and _WORDS.search(text))


def _returned_recipient(returned: Headers) -> str:
    """Return whom our message was for, where it comes back with exactly one recipient."""
    for name in _RETURNED_FIELDS:
        found = list(dict.fromkeys(addresses_of(returned.all(name))))
        if len(found) == 1:
            return found[0]
    return ""


def _finding(recipient: str, feedback_type: str, fields: Headers) -> Finding:
    return Finding(
        kind=MailKind.NONE if feedback_type == NOT_SPAM else MailKind.COMPLAINT,
        recipient=recipient,
        feedback_type=feedback_type,
        source_ip=fields.get("Source-IP").strip("[] ")[:MAX_IP_CHARACTERS],
    )
