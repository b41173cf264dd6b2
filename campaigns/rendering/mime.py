"""The order of a message: headers, a text part, an HTML part, and where the values go.

Sources: RFC 5322 (headers), RFC 2046 5.1 (multipart), RFC 8058 (one-click unsubscribe), RFC 2919
(List-Id).
"""

from __future__ import annotations

import enum
import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Final

from campaigns.rendering import headers
from campaigns.rendering.forms import Slot, TokenSlot
from campaigns.rendering.liquid import TemplateError
from campaigns.rendering.message import Part, Sender

_HEADER_NAME = re.compile(r"[!-9;-~]{1,70}")
_LIST_ID = re.compile(r"(?P<name>.*)<(?P<id>[A-Za-z0-9._-]{1,255})>", re.DOTALL)
_OWN_HEADERS: Final = frozenset(
    {
        "from", "to", "subject", "date", "message-id", "reply-to", "list-unsubscribe",
        "list-unsubscribe-post", "list-id", "feedback-id", "mime-version", "content-type",
        "content-transfer-encoding",
    }
)  # fmt: skip


class Field(enum.IntEnum):
    """A value that every message has; the number is its place among the values."""

    TO = 0
    SUBJECT = 1
    DATE = 2
    MESSAGE_ID = 3
    OPENED = 4
    CLICKED = 5
    UNSUBSCRIBE = 6
    PREFERENCES = 7


Element = str | Field | Slot


def layout(
    *, sender: Sender, subject: str | Field, text: Sequence[str | Slot], html: Sequence[str | Slot]
) -> list[Element]:
    """Return a whole message as fixed texts and the values between them."""
    boundary = _boundary((*text, *html))
    return [
        *_headers(sender, subject, boundary),
        f"\r\n--{boundary}\r\n{_part_headers('plain')}\r\n",
        *_elements(text),
        f"\r\n--{boundary}\r\n{_part_headers('html')}\r\n",
        *_elements(html),
        f"\r\n--{boundary}--\r\n",
    ]


def _boundary(pieces: Iterable[str | Slot]) -> str:
    """Return a boundary of its own for each content.

    It contains "=_", which quoted-printable never does, so it cannot occur in a part.
    """
    fixed = "".join(piece for piece in pieces if isinstance(piece, str))
    return "=_" + hashlib.blake2s(fixed.encode(), digest_size=12).hexdigest()


def _part_headers(subtype: str) -> str:
    return (
        f'Content-Type: text/{subtype}; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n"
    )


def _elements(pieces: Iterable[str | Slot]) -> list[Element]:
    elements: list[Element] = []
    for piece in pieces:
        if isinstance(piece, TokenSlot):
            elements += [piece.before, Field[piece.token.upper()], piece.after]
        else:
            elements.append(piece)
    return elements


def _headers(sender: Sender, subject: str | Field, boundary: str) -> list[Element]:
    origin = headers.mailbox(sender.from_address, display_name=sender.from_name, name="From")
    return [
        f"From: {origin}\r\nTo: ", Field.TO,
        "\r\nSubject: ", subject,
        "\r\nDate: ", Field.DATE,
        "\r\nMessage-ID: <", Field.MESSAGE_ID, ">\r\n",
        *(_list_unsubscribe(sender) if sender.one_click else ()),
        headers.joined(_fixed_headers(sender)),
        "MIME-Version: 1.0\r\n",
        f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n',
    ]  # fmt: skip


def _list_unsubscribe(sender: Sender) -> list[Element]:
    elements: list[Element] = [f"List-Unsubscribe: <{sender.base_url}/u/", Field.UNSUBSCRIBE, ">"]
    if sender.unsubscribe_mailbox:
        local, _, domain = sender.unsubscribe_mailbox.partition("@")
        elements += [f",\r\n <mailto:{local}+", Field.UNSUBSCRIBE, f"@{domain}>"]
    return [*elements, "\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"]


def _fixed_headers(sender: Sender) -> list[tuple[str, str]]:
    lines = []
    if sender.reply_to:
        lines.append(
            ("Reply-To", headers.mailbox(sender.reply_to, display_name="", name="Reply-To"))
        )
    if sender.list_id:
        lines.append(("List-Id", _list_id(sender.list_id)))
    if sender.feedback_id:
        lines.append(("Feedback-ID", headers.unstructured(sender.feedback_id, name="Feedback-ID")))
    for name, value in sender.extra_headers:
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OWN_HEADERS:
            message = f"“{headers.cleaned(name)}” cannot be the name of an extra header."
            raise TemplateError(message, part=Part.HEADER)
        lines.append((name, headers.unstructured(value, name=name)))
    return lines


def _list_id(value: str) -> str:
    match = _LIST_ID.fullmatch(value.strip())
    if match is None:
        message = f"“{headers.cleaned(value)}” is no List-Id: write “Name <name.example.com>”."
        raise TemplateError(message, part=Part.HEADER)
    phrase = headers.phrase(match["name"], name="List-Id")
    return f"{phrase}{headers.FOLD}<{match['id']}>" if phrase else f"<{match['id']}>"
