"""A message as it lies in the Maildir: whom it reached, and what in it can be acted upon."""

from __future__ import annotations

import email.policy
import html
import re
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.utils import parseaddr
from typing import Final

_TRACE: Final = (b"return-path:", b"delivered-to:", b"received:")  # what the sandbox put on top
# The old policy: the new one parses every header that is asked for, at ten times the cost.
_POLICY: Final = email.policy.compat32
_URL: Final = re.compile(r"https?://[^\s<>\"]+")
_IN_ANGLES: Final = re.compile(r"<([^<>]+)>")
# Expressions instead of a parser: every message that anybody reads comes through here.
_TAG: Final = re.compile(r"<(?P<name>a|img)\s(?P<attributes>[^>]*)>", re.IGNORECASE)
_TARGET: Final = re.compile(
    r"(?:^|\s)(?:href|src)\s*=\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)')", re.IGNORECASE
)
_PIXEL: Final = re.compile(r"/t/o/[^/]+\.gif$")
_TRACKED: Final = re.compile(r"/t/c/[^/]+/?$")


@dataclass(frozen=True, slots=True)
class Envelope:
    """Whom a message reached, and what it was called."""

    address: str
    return_path: str
    message_id: str  # without angle brackets
    subject: str


@dataclass(frozen=True, slots=True)
class Letter:
    """What somebody who got a message can act upon; what it does not have is empty.

    `links` are followed by people, in the order of the message; `pages` are its other addresses on
    the web, which only scanners follow. `header` is the header section as it was sent.
    """

    envelope: Envelope
    answers_to: str
    pixel: str
    links: tuple[str, ...]
    pages: tuple[str, ...]
    one_click: str
    unsubscribe_mailbox: str
    header: bytes


def read_envelope(raw: bytes) -> Envelope:
    """Return the envelope of a message, of which the header section is enough."""
    return _envelope(BytesHeaderParser(policy=_POLICY).parsebytes(raw))


def read_letter(raw: bytes) -> Letter:
    """Return a whole message."""
    message = BytesParser(policy=_POLICY).parsebytes(raw)
    wishes = _IN_ANGLES.findall(_header(message, "List-Unsubscribe"))
    one_click = next((wish for wish in wishes if wish.startswith("http")), "")
    mailbox = next((wish for wish in wishes if wish.startswith("mailto:")), "")
    urls, pictures = _addresses(message)
    return Letter(
        envelope=_envelope(message),
        answers_to=_address(message, "Reply-To") or _address(message, "From"),
        pixel=next(filter(_PIXEL.search, pictures), ""),
        links=tuple(filter(_TRACKED.search, urls)),
        pages=tuple(url for url in urls if not _TRACKED.search(url)),
        one_click=one_click if _header(message, "List-Unsubscribe-Post") else "",
        unsubscribe_mailbox=mailbox.removeprefix("mailto:").partition("?")[0],
        header=_sent_header(raw),
    )


def _envelope(message: Message) -> Envelope:
    return Envelope(
        address=_header(message, "Delivered-To"),
        return_path=_header(message, "Return-Path").strip("<>"),
        message_id=_header(message, "Message-ID").strip("<>"),
        subject=_decoded(_header(message, "Subject")),
    )


def _decoded(text: str) -> str:
    """Return a header without its encoding; as it is where nobody can undo that."""
    try:
        return str(make_header(decode_header(text)))
    except (HeaderParseError, LookupError, ValueError):
        return text


def _header(message: Message, name: str) -> str:
    """Return a header in one line, encoded as it came; empty if there is none."""
    return " ".join(str(message.get(name, "")).split())


def _address(message: Message, name: str) -> str:
    return parseaddr(_header(message, name))[1]


def _addresses(message: Message) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return where the links in the HTML lead and where its pictures are, each once, in order.

    Without HTML, the addresses in the text.
    """
    parts = {part.get_content_type(): part for part in message.walk()}
    if "text/html" not in parts:
        found = _URL.findall(_text(parts["text/plain"])) if "text/plain" in parts else []
        return tuple(dict.fromkeys(found)), ()
    urls: dict[str, dict[str, None]] = {"a": {}, "img": {}}
    for tag in _TAG.finditer(_text(parts["text/html"])):
        target = _TARGET.search(tag["attributes"])
        url = html.unescape(target["double"] or target["single"] or "") if target else ""
        if url.startswith("http"):
            urls[tag["name"].lower()][url] = None
    return tuple(urls["a"]), tuple(urls["img"])


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    octets = payload if isinstance(payload, bytes) else b""
    try:
        return octets.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        return octets.decode("utf-8", "replace")


def _sent_header(raw: bytes) -> bytes:
    """Return the header section without the lines that the receiving server added on top."""
    lines = (raw.partition(b"\r\n\r\n")[0] + b"\r\n").splitlines(keepends=True)
    first = 0
    while first < len(lines) and (
        lines[first].lower().startswith(_TRACE) or lines[first][:1] in (b" ", b"\t")
    ):
        first += 1
    return b"".join(lines[first:])
