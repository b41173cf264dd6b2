"""Raw bytes to a flat list of parts. Never raises, and takes bounded time on anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

from insights.providers.mail.charsets import decode_bytes
from insights.providers.mail.headers import Headers, read_headers
from insights.providers.mail.html import words_of_html
from insights.providers.mail.limits import HEADER_BYTES, READ_BYTES, READ_DELIMITERS

_DELIMITER = re.compile(rb"^--", re.MULTILINE)
_UNFOLDED = re.compile(rb";[ \t]{0,4}\n(?=(?:boundary|report-type|charset)=)", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s{0,4}=\s{0,4}[\"']?([\w.:+-]{1,40})", re.IGNORECASE)
_TYPE = re.compile(r"\s*([\w.+-]{1,60}/[\w.+-]{1,60})")

# What the standard library is known to raise on damaged mail, instead of noting a defect.
_PARSER_ERRORS = (
    ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf of a mail. A message inside a message is a leaf too: its text is what is inside."""

    content_type: str  # lower case
    headers: Headers
    text: str


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that came in: its own headers and its leaves in their order."""

    headers: Headers
    content_type: str
    parts: tuple[Part, ...]


class _ShallowMessage(Message):
    """A message whose parser does not look into enclosed messages and reports.

    So that damage inside them does no harm out here, and depth costs nothing.
    """

    def get_content_maintype(self) -> str:
        """Return the main type, but plain text for anything of type message."""
        kind = super().get_content_maintype()
        return "text" if kind == "message" else kind

    def get_content_type(self) -> str:
        """Return the type, but plain text for anything of type message."""
        kind = super().get_content_type()
        return "text/plain" if kind.startswith("message/") else kind


def open_mail(raw: bytes) -> Mail:
    """Return the parts of a mail; of a very large one only the beginning is looked at."""
    shortened = _shortened(raw)
    try:
        message = BytesParser(_class=_ShallowMessage, policy=compat32).parsebytes(shortened)
        return Mail(_headers(message), _declared_type(message), tuple(_leaves(message)))
    except _PARSER_ERRORS:
        return _as_text(decode_bytes(shortened, ""))


def _shortened(raw: bytes) -> bytes:
    """Return at most READ_BYTES with LF line ends, cut before one MIME delimiter too many.

    Parameters of a header that stand on a line of their own, not folded, are given their space.
    """
    text = raw[:READ_BYTES].replace(b"\r\n", b"\n").replace(b"\r", b"\n").lstrip(b"\n \t\0")
    head, empty_line, body = _UNFOLDED.sub(rb";\n ", text).partition(b"\n\n")
    text = head[:HEADER_BYTES] + empty_line + body
    for number, found in enumerate(_DELIMITER.finditer(text)):
        if number == READ_DELIMITERS:
            return text[: found.start()]
    return text


def _as_text(text: str) -> Mail:
    headers = read_headers(text)
    body = text.partition("\n\n")[2]
    return Mail(headers, "text/plain", (Part("text/plain", Headers(), body),))


def _leaves(message: Message) -> Iterator[Part]:
    for part in message.walk():
        if not part.is_multipart():
            kind = _declared_type(part)
            yield Part(kind, _headers(part), _text(part, kind))


def _headers(message: Message) -> Headers:
    return Headers((name, str(value)) for name, value in message.raw_items())


def _declared_type(message: Message) -> str:
    declared = _TYPE.match(str(message.get("Content-Type", "")))
    return declared[1].lower() if declared else "text/plain"


def _text(part: Message, kind: str) -> str:
    """Return the words of a leaf; attachments of no textual kind have none."""
    if kind.partition("/")[0] not in {"text", "message", "multipart"}:
        return ""
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    charset = _CHARSET.search(str(part.get("Content-Type", "")))
    text = decode_bytes(payload, charset[1] if charset else "").replace("\0", "")
    return words_of_html(text) if kind == "text/html" else text
