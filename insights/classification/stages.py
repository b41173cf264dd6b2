"""At which command a server said no: what comes before RCPT is about the sender."""

from __future__ import annotations

import enum
import re
from typing import Final


class Stage(enum.StrEnum):
    """The command that was refused."""

    CONNECT = "connect"
    HELO = "helo"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"  # the message itself was refused


ABOUT_THE_SENDER: Final = frozenset({Stage.CONNECT, Stage.HELO, Stage.MAIL})

# How mail systems name the command in their reports: Exim, Postfix, DMA, qmail, GMX, sendmail,
# m-FILTER, Yahoo. A bare ">>> DATA" of sendmail is none of these: with PIPELINING the replies to
# RCPT are listed below it.
_WORDINGS: Final = (
    (
        Stage.CONNECT,
        r"after initial connection|refused to talk to me|but greeting failed"
        r"|while receiving the initial (?:SMTP )?greeting",
    ),
    (
        Stage.HELO,
        r"(?:after|reply to|like our) ?(?:EHLO|HELO|LHLO)|but my name was rejected"
        r"|>>> (?:EHLO|HELO)",
    ),
    (
        Stage.MAIL,
        r"(?:after|reply to|like our) (?:pipelined )?MAIL\b|after pipelined sending MAIL"
        r"|but sender was rejected|>>> MAIL FROM|\[MAIL_?FROM\]",
    ),
    (
        Stage.RCPT,
        r"(?:after|reply to|like our) (?:pipelined )?RCPT\b|does not like recipient|>>> RCPT TO"
        r"|\[RCPT_?TO\]|SMTP:RCPT",
    ),
    (
        Stage.DATA,
        r"(?:after|reply to|like our) (?:end of |final |pipelined )?(?:DATA\b|message body)"
        r"|after I sent the message|SMTP command\s{1,4}DATA\b|\[DATA\]",
    ),
)
_PATTERNS: Final = tuple((stage, re.compile(words, re.IGNORECASE)) for stage, words in _WORDINGS)


def stage_of(text: str) -> Stage | None:
    """Return which command the text says was refused, or None when it does not say."""
    return next((stage for stage, pattern in _PATTERNS if pattern.search(text)), None)
