"""What somebody, or some machine, does about a message."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Deed(enum.StrEnum):
    """What is done."""

    OPEN = "open"  # loads the pixel
    CLICK = "click"  # follows one link
    SCAN = "scan"  # follows all links
    UNSUBSCRIBE = "unsubscribe"  # one-click, as a mail program does (RFC 8058)
    UNSUBSCRIBE_BY_MAIL = "unsubscribe_by_mail"
    REPLY = "reply"
    AUTO_REPLY = "auto_reply"  # a vacation notice
    COMPLAIN = "complain"  # a feedback report by the provider (RFC 5965)
    COMPLAIN_IN_WORDS = "complain_in_words"  # a mail of a feedback desk with the message in it
    BOUNCE = "bounce"  # a delivery status report (RFC 3464), long after the message was taken
    BOUNCE_IN_WORDS = "bounce_in_words"  # the same without any structure


# What is done by writing a mail; the rest is done on the web.
WRITTEN = frozenset(
    {
        Deed.UNSUBSCRIBE_BY_MAIL,
        Deed.REPLY,
        Deed.AUTO_REPLY,
        Deed.COMPLAIN,
        Deed.COMPLAIN_IN_WORDS,
        Deed.BOUNCE,
        Deed.BOUNCE_IN_WORDS,
    }
)


class Who(enum.StrEnum):
    """Whom the deed is to be taken for."""

    PERSON = "person"
    MACHINE = "machine"


class Trouble(enum.StrEnum):
    """Why a message that was taken comes back."""

    GONE = "hard"  # the mailbox turns out not to exist
    FULL = "soft"
    REFUSED = "block"  # by a filter behind the server that took it


@dataclass(frozen=True, slots=True)
class Action:
    """One deed, `after_seconds` from the arrival of the message.

    `link` is how far down the message the link stands that is clicked, in [0, 1); `network` the
    third of the four numbers of the address on loopback that it comes from, see `visits`.
    """

    after_seconds: float
    deed: Deed
    who: Who
    agent: str = ""
    network: str = ""
    link: float = 0.0
    asks_first: bool = False  # a scanner that asks with HEAD before it follows
    trouble: Trouble | None = None
