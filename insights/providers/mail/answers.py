"""Answers: of people, of machines in their absence, and of those who want no more mail."""

from __future__ import annotations

import re

from insights.providers.mail.anatomy import Anatomy, is_reply
from insights.providers.mail.bounces import has_null_path, is_daemon
from insights.providers.mail.phrases import AUTO_REPLY_LABELS, AUTO_REPLY_SUBJECTS, AUTO_REPLY_WORDS
from insights.providers.mail.reading import MailKind
from insights.providers.mail.references import UNSUBSCRIBE_TOKEN, delivered_to

# Headers that only automatic answers carry, beside Auto-Submitted (RFC 3834).
_MACHINE_HEADERS = (
    "X-Autoreply", "X-Autorespond", "X-Auto-Reply", "X-Auto-Response", "X-Mail-Autoreply",
    "X-Autoreply-From", "X-Autoresponder", "X-Vacation",
)  # fmt: skip
_MACHINE_PRECEDENCE = frozenset({"auto_reply", "auto-reply", "autoreply"})
_BULK_PRECEDENCE = frozenset({"bulk", "junk", "list"})
_MAILBOX = re.compile(rf"(?:^|[\s<\"])unsubscribe(?:\+({UNSUBSCRIBE_TOKEN}))?@", re.IGNORECASE)
_SUBJECT = re.compile(
    rf"^\s*(?:unsubscribe|remove)?[\s:<(\[]*({UNSUBSCRIBE_TOKEN})[\s>)\]]*$", re.IGNORECASE
)
_RECEIPT = "message/disposition-notification"
_WORDS_READ = 4_000  # characters of a mail in which a weak sign may stand
_WEAK_SIGNS_NEEDED = 2


def answer_kind(anatomy: Anatomy, *, envelope_to: str) -> MailKind:
    """Return which sort of answer a mail is, or NONE.

    A machine never unsubscribes anybody: a vacation notice that comes back to the address for
    unsubscribing is an automatic answer.
    """
    if _answered_by_machine(anatomy):
        return MailKind.AUTO_REPLY
    if is_unsubscribe(anatomy, envelope_to=envelope_to):
        return MailKind.UNSUBSCRIBE
    if _written_by_machine(anatomy):
        return MailKind.AUTO_REPLY if is_reply(anatomy.headers) else MailKind.NONE
    return MailKind.REPLY if is_reply(anatomy.headers) and not is_daemon(anatomy) else MailKind.NONE


def is_unsubscribe(anatomy: Anatomy, *, envelope_to: str) -> bool:
    """Return whether a mail came to the mailbox for unsubscribing, or asks for it by token."""
    came_to = delivered_to(anatomy, envelope_to=envelope_to)
    return any(map(_MAILBOX.search, came_to)) or bool(
        _SUBJECT.match(anatomy.headers.get("Subject"))
    )


def unsubscribe_token(anatomy: Anatomy, *, envelope_to: str) -> str:
    """Return the token in the address or the subject of such a mail, or an empty one."""
    for value in delivered_to(anatomy, envelope_to=envelope_to):
        found = _MAILBOX.search(value)
        if found and found[1]:
            return found[1]
    in_subject = _SUBJECT.match(anatomy.headers.get("Subject"))
    return in_subject[1] if in_subject else ""


def _answered_by_machine(anatomy: Anatomy) -> bool:
    """Return whether a machine answered our mail: by its own word, or by two weak signs."""
    headers = anatomy.headers
    submitted = headers.get("Auto-Submitted").strip().lower()
    if submitted.startswith(("auto-replied", "auto-notified")):
        return True
    if _is_receipt(anatomy) or any(name in headers for name in _MACHINE_HEADERS):
        return True
    return _precedence(anatomy) in _MACHINE_PRECEDENCE or _weak_signs(anatomy) >= _WEAK_SIGNS_NEEDED


def _weak_signs(anatomy: Anatomy) -> int:
    """Return how many signs there are that alone prove nothing: our own subject may hold them."""
    subject = anatomy.headers.get("Subject")
    return (
        2 * bool(AUTO_REPLY_LABELS.search(subject))
        + bool(AUTO_REPLY_SUBJECTS.search(subject))
        + bool(AUTO_REPLY_WORDS.search(anatomy.notice[:_WORDS_READ]))
        + has_null_path(anatomy)
        + ("X-Auto-Response-Suppress" in anatomy.headers)
        + (_precedence(anatomy) in _BULK_PRECEDENCE)
    )


def _is_receipt(anatomy: Anatomy) -> bool:
    """Return whether a mail program reports that a mail was shown or deleted (RFC 8098)."""
    return any(part.content_type == _RECEIPT for part in anatomy.mail.parts)


def _written_by_machine(anatomy: Anatomy) -> bool:
    submitted = anatomy.headers.get("Auto-Submitted").strip().lower()
    return submitted.startswith("auto-") or _precedence(anatomy) in _BULK_PRECEDENCE


def _precedence(anatomy: Anatomy) -> str:
    return anatomy.headers.get("Precedence").strip().lower()
