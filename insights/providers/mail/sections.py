"""Where a report ends and the message that it returns begins."""

from __future__ import annotations

import re

from insights.providers.mail.limits import NOTICE_CHARACTERS, RETURNED_CHARACTERS

# Lines that announce the returned message: qmail, Exim, sendmail, Postfix, Gmail, GMX, Notes, DMA,
# OpenSMTPD, m-FILTER, IMail, Exchange, PowerMTA and what resembles them.
_ANNOUNCEMENT = re.compile(
    r"^[ \t>*#=_-]{0,60}(?:"
    r"(?:(?!receive)[^\n]){0,30}\bcopy of (?:the|your)(?: original| returned)? (?:message|mail)"
    r"|(?:your )?(?:original|returned|unsent|undelivered|bounced|rejected) (?:message|mail)"
    r"(?:[ -]headers?)?(?: \w{1,30}){0,3}"
    r"|(?:the )?(?:message )?headers? (?:of the (?:original|returned) (?:message|mail)[^\n]{0,40}"
    r"|follows?)"
    r"|message (?:header|headers|contents?) follows?"
    r"|message header"
    r"|text of (?:your|the) (?:original )?message[^\n]{0,20}"
    r"|(?:the )?(?:body|text|first \d+ lines) of the (?:original |returned )?message[^\n]{0,60}"
    r"|origina(?:l|ltext der)[^\n]{0,12}nachricht"
    r"|message d'origine|mensaje original|mensagem original|messaggio originale"
    r"|исходное сообщение|元のメッセージ"
    r")[ \t>*#=_.:-]{0,60}$",
    re.IGNORECASE | re.MULTILINE,
)
_HEADER_LINE = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,60}:(?:[ \t<\"=\[]|[^\s/]|$)")
_TELLING = frozenset(
    {"received", "return-path", "from", "to", "subject", "message-id", "date", "mime-version",
     "delivered-to", "x-original-to", "dkim-signature", "reply-to", "sender", "content-type"}
)  # fmt: skip
_REPORT_FIELDS = frozenset(
    {"final-recipient", "original-recipient", "action", "status", "reporting-mta",
     "diagnostic-code", "remote-mta", "arrival-date", "last-attempt-date", "feedback-type"}
)  # fmt: skip
_TELLING_FIELDS_NEEDED = 3  # header lines in a row that make a header section


def split_returned(text: str) -> tuple[str, str]:
    """Return (report, returned message) of a text; without a returned message it is empty."""
    head = text[: NOTICE_CHARACTERS + RETURNED_CHARACTERS]
    beginning = _header_section(head)
    announced = _ANNOUNCEMENT.search(head, 0, beginning if beginning is not None else len(head))
    if announced and _plausible(head, announced.end(), beginning):
        after = beginning if beginning is not None else announced.end()
        return head[: announced.start()][:NOTICE_CHARACTERS], head[after:]
    if beginning is not None:
        return head[:beginning][:NOTICE_CHARACTERS], head[beginning:]
    return head[:NOTICE_CHARACTERS], ""


def _plausible(text: str, end: int, beginning: int | None) -> bool:
    """Return whether nothing but the returned message can follow an announcement."""
    if beginning is not None:
        return not text[end:beginning].strip(" \t\n>*#=_-")
    return not any(f"{name}:" in text[end:].lower() for name in _REPORT_FIELDS)


def _header_section(text: str) -> int | None:
    """Return where the first header section of a message begins, or None without one."""
    start, names = 0, set[str]()
    position = 0
    for line in text.split("\n"):
        if _HEADER_LINE.match(line):
            if not names:
                start = position
            names.add(line.partition(":")[0].lower())
            if len(names & _TELLING) >= _TELLING_FIELDS_NEEDED and not names & _REPORT_FIELDS:
                return start
        elif not (names and line[:1] in {" ", "\t"} and line.strip()):
            names = set()
        position += len(line) + 1
    return None
