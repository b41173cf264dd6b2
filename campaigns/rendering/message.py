"""What goes into a message and what comes out of rendering: plain values."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

TOKEN_MAX_LENGTH = 40  # characters; the encoded lines of a message leave this much room for a token


class Part(enum.StrEnum):
    """Where in a message something stands."""

    SUBJECT = "subject"
    HTML = "html"
    TEXT = "text"
    PREHEADER = "preheader"
    HEADER = "header"


@dataclass(frozen=True, slots=True)
class Content:
    """What the campaign says; Liquid in every field.

    An empty `text` is made from the HTML. A `preheader` that is not empty is put, hidden, at the
    top of the HTML: mail programs show it beside the subject.
    """

    subject: str
    html: str
    text: str = ""
    preheader: str = ""


@dataclass(frozen=True, slots=True)
class Sender:
    """What the headers and tracking addresses have in common for every recipient of a campaign.

    `list_id` is the content of List-Id, like `Weekly news <weekly.acme.example>`; empty for none.
    `base_url` is where /t/o/, /t/c/, /u/ and /p/ hang, without a slash at its end.
    `unsubscribe_mailbox` gets "+TOKEN" before its @; empty for no mailto.
    `one_click` says marketing mail: with List-Unsubscribe and List-Unsubscribe-Post (RFC 8058).
    `hidden_link` puts a link into the HTML that only machines follow, if clicks are tracked.
    """

    from_name: str
    from_address: str
    reply_to: str
    list_id: str
    feedback_id: str
    base_url: str
    unsubscribe_mailbox: str
    one_click: bool
    track_opens: bool
    track_clicks: bool
    extra_headers: tuple[tuple[str, str], ...] = ()
    hidden_link: bool = False


class Tokens(NamedTuple):
    """The signed tokens of one message: URL-safe ASCII, each at most `TOKEN_MAX_LENGTH` long.

    Link number n leads to `<base_url>/t/c/<clicked>.<n>`; a link whose address is only known for
    this recipient leads to `<base_url>/t/c/<sign_url(n, address)>`, which may be of any length.
    """

    opened: str
    clicked: str
    unsubscribe: str
    preferences: str
    sign_url: Callable[[int, str], str]


class Message(NamedTuple):
    """What differs from recipient to recipient.

    `to_address` is ASCII, `message_id` has no angle brackets, `date` is as RFC 5322 writes it.
    `contact` is Liquid's `contact`; its `timezone`, an IANA name, is the zone of the date filter.
    `data` is Liquid's `data`: what a transactional message was asked for with.
    """

    to_address: str
    to_name: str
    message_id: str
    date: str
    contact: Mapping[str, object]
    tokens: Tokens
    data: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """One followed link of a campaign.

    `url` is the address as a browser would follow it, with its entities decoded. Of a `dynamic`
    link it is the Liquid source of the address: the real one exists per recipient only.
    A `hidden` one is seen by nobody.
    """

    number: int
    url: str
    dynamic: bool
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Preview:
    """What an encoded message decodes to; line ends are LF."""

    subject: str
    html: str
    text: str
    headers: list[tuple[str, str]]


class ProblemCode(enum.StrEnum):
    """What can be wrong with a campaign's content before anybody gets it."""

    TEMPLATE = "template"  # Liquid that cannot be read: nothing can be sent
    UNKNOWN_VARIABLE = "unknown_variable"  # would stay empty for everyone
    NO_UNSUBSCRIBE = "no_unsubscribe"  # marketing mail whose HTML offers no way out
    BAD_LINK = "bad_link"  # a link that leads nowhere
    UNTRACKED_LINK = "untracked_link"  # Liquid that begins or ends in the middle of an address
    MISSING_ALT = "missing_alt"  # a picture that says nothing when pictures are off
    EMPTY_SUBJECT = "empty_subject"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend, as a plain sentence; `line` counts from 1 in `part`, None if unknown."""

    code: ProblemCode
    message: str
    part: Part
    line: int | None = None

    @property
    def blocking(self) -> bool:
        """Whether nothing can be sent until this is mended."""
        return self.code is ProblemCode.TEMPLATE
