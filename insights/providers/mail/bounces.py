"""Bounces: by the fields of a status report, or by the words of whoever wrote the report."""

from __future__ import annotations

from collections.abc import Sequence

from insights.providers.mail.addresses import addresses_of, same_address
from insights.providers.mail.anatomy import Anatomy, is_answer
from insights.providers.mail.diagnostics import code_in, diagnose, host_in
from insights.providers.mail.dsn import finding_of
from insights.providers.mail.notices import Entry, entries_of, words_about
from insights.providers.mail.phrases import (
    AUTO_REPLY_LABELS,
    BOUNCE_SUBJECTS,
    DAEMONS,
    FAILURES,
    FINAL,
    WARNINGS,
)
from insights.providers.mail.reading import Action, Finding, MailKind
from insights.providers.mail.status import recipient_of

_NULL_PATHS = frozenset({"", "<>", "<mailer-daemon>", "mailer-daemon", "<#@[]>"})


def status_findings(anatomy: Anatomy) -> list[Finding]:
    """Return what a delivery status report says about each recipient."""
    if anatomy.status is None or not (anatomy.status_declared or is_report(anatomy)):
        return []
    recipients, notice = anatomy.status.recipients, anatomy.notice
    entries = entries_of(notice)
    report = notice if len(recipients) == 1 else ""
    found = [
        finding_of(
            fields,
            words=words_about(recipient_of(fields), entries, notice=notice),
            report=report,
        )
        for fields in recipients
    ]
    return [finding for finding in found if finding.recipient]


def worded_findings(anatomy: Anatomy) -> list[Finding]:
    """Return what a report without status fields says about each recipient it names."""
    if not is_report(anatomy):
        return []
    delayed = _is_warning(anatomy)
    entries = _entries(anatomy)
    report = anatomy.notice if len(entries) == 1 else ""
    return [_finding(entry, report=report, delayed=delayed) for entry in entries]


def is_report(anatomy: Anatomy) -> bool:
    """Return whether a mail without status fields reports a failure of delivery.

    It takes a sign of who wrote it and a sign of what about; a person who quotes a bounce, or a
    vacation notice from an empty sender, gives only one of them.
    """
    subject = anatomy.headers.get("Subject")
    about = bool(BOUNCE_SUBJECTS.search(subject))
    in_words = bool(FAILURES.search(anatomy.notice))
    if "X-Failed-Recipients" in anatomy.headers:
        return True
    if AUTO_REPLY_LABELS.search(subject):
        return False
    if is_daemon(anatomy):
        return about or in_words or code_in(anatomy.notice) is not None
    return about and in_words and not is_answer(anatomy.headers)


def is_daemon(anatomy: Anatomy) -> bool:
    """Return whether a mail system wrote the mail, as far as its sender says so."""
    headers = anatomy.headers
    writers = [headers.get(name) for name in ("From", "Sender", "Return-Path")]
    return any(DAEMONS.search(writer) for writer in writers)


def has_null_path(anatomy: Anatomy) -> bool:
    """Return whether the mail came from the empty sender, as reports do (RFC 5321 4.5.5)."""
    paths = anatomy.headers.all("Return-Path")
    return any(path.strip().lower() in _NULL_PATHS for path in paths)


def _is_warning(anatomy: Anatomy) -> bool:
    """Return whether a report is about a delay; what says that it is final is not."""
    text = anatomy.headers.get("Subject") + "\n" + anatomy.notice
    return bool(WARNINGS.search(text)) and not FINAL.search(text)


def _entries(anatomy: Anatomy) -> list[Entry]:
    declared = addresses_of(anatomy.headers.all("X-Failed-Recipients"))
    if declared:
        named = entries_of(anatomy.notice)
        return [
            Entry(address, words_about(address, named, notice=anatomy.notice))
            for address in declared
        ]
    named = entries_of(anatomy.notice, ignored=anatomy.own_addresses)
    return named or _returned_recipient(anatomy)


def _returned_recipient(anatomy: Anatomy) -> list[Entry]:
    """Return the one address that the returned message was for, when the report names nobody."""
    recipients = addresses_of(anatomy.returned.all("To") + anatomy.returned.all("Cc"))
    unique: Sequence[str] = list(dict.fromkeys(recipients))
    if len(unique) == 1 and not any(same_address(unique[0], own) for own in anatomy.own_addresses):
        return [Entry(unique[0], anatomy.notice)]
    return []


def _finding(entry: Entry, *, report: str, delayed: bool) -> Finding:
    diagnosis = diagnose("", words=entry.words, report=report)
    return Finding(
        kind=MailKind.DELAYED if delayed else MailKind.BOUNCE,
        recipient=entry.address,
        action=Action.DELAYED if delayed else Action.FAILED,
        status=diagnosis.status,
        smtp_code=diagnosis.smtp_code,
        diagnostic=diagnosis.text,
        remote_host=host_in(entry.words),
        bounce_class=None if delayed else diagnosis.bounce_class,
    )
