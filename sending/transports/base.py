"""What a transport takes and gives back: an envelope in, exactly one receipt out.

What is made once a message is a NamedTuple: a frozen dataclass costs ten times as much to make.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple, Protocol

from sending.transports.lanes import Lane


class Answer(enum.StrEnum):
    """What became of one message at the hand-over."""

    ACCEPTED = "accepted"  # 2xx to the whole message: the next server is responsible now
    REFUSED = "refused"  # 5xx: trying again would be refused again
    DEFERRED = "deferred"  # 4xx: the server asks to try later
    UNREACHED = (
        "unreached"  # never handed over (no connection, dropped before the body): safe to retry
    )
    IN_DOUBT = "in_doubt"  # the body was written and no answer came: may or may not have been taken


class Stage(enum.StrEnum):
    """Which step of the dialogue the answer belongs to."""

    CONNECT = "connect"
    GREETING = "greeting"
    EHLO = "ehlo"
    TLS = "tls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"


class Envelope(NamedTuple):
    """One message to one address, ready for the wire.

    `data` is the complete message: ASCII, CRLF line ends, ending in CRLF, not dot-stuffed.
    `mail_from` is the VERP return path, `rcpt_to` the address; both ASCII, without brackets.
    `no_leading_dots` is the writer's word that no line of `data` begins with a dot; a transport
    then need not look for one.
    """

    recipient_id: int
    mail_from: str
    rcpt_to: str
    data: bytes
    no_leading_dots: bool = False


class Receipt(NamedTuple):
    """The answer to one envelope.

    `code` and `response` are exactly what the server said (several lines joined by a newline, each
    without its code), or None and a plain sentence of ours when it said nothing.
    `enhanced_code` is like "5.1.1" or empty, `queue_id` the server's name of the message or empty.
    """

    recipient_id: int
    answer: Answer
    stage: Stage
    code: int | None
    enhanced_code: str
    response: str
    queue_id: str
    answered_at: datetime


class Journal(Protocol):
    """Remembers, beyond a kill of this process, what was on the wire."""

    def handing_over(self, recipient_id: int) -> None:
        """Note that the body of this message is about to be written to a connection."""

    def answered(self, receipt: Receipt) -> None:
        """Note the answer to a message."""


class Transport(Protocol):
    """Hands messages over. Lives across batches; keeps its connections open between them."""

    def feed(
        self,
        envelopes: Iterator[Envelope],
        *,
        on_receipt: Callable[[Receipt], None],
        lane: Lane | None = None,
    ) -> None:
        """Add messages to the work; `on_receipt` is called exactly once for each, in any order.

        The iterator is pulled lazily, one message whenever a connection is free, in the event loop
        that the transport was opened in. An iterator that ends early simply ends. Messages of a
        lane are carried by no more connections at once than it allows; others do not wait for them.
        """

    async def aclose(self) -> None:
        """Finish nothing new, say QUIT, close every connection."""
