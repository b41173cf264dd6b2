"""The forms in which a template's pieces are kept: as plain text, or quoted-printable already."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from liquid.stringify import to_liquid_string

from campaigns.rendering.message import Message
from campaigns.rendering.quoted import (
    SOFT_BREAK,
    around_token,
    quoted,
    stands_for_itself,
    with_line_feeds,
)
from campaigns.rendering.slots import Value

Slot = Callable[[Message], str]


@dataclass(frozen=True, slots=True)
class TokenSlot:
    """An address that ends in a token of the message: the commonest slot, and the cheapest."""

    before: str
    token: str  # the name of an attribute of Tokens
    after: str

    def __call__(self, message: Message) -> str:
        """Return the address for one message."""
        return f"{self.before}{getattr(message.tokens, self.token)}{self.after}"


@dataclass(frozen=True, slots=True)
class Form:
    """How text, values and addresses with a token are written.

    `escaped` says whether values are put into HTML, `encoding` whether pieces are quoted-printable.
    """

    escaped: bool
    encoding: bool
    literal: Callable[[str], str]
    around: Callable[[str, str], tuple[str, str]]
    slot: Callable[[Value, bool], Slot]

    def value_slot(self, value: Value) -> Slot:
        """Return the slot for the value of an output."""
        return self.slot(value, self.escaped)

    def token_slot(self, before: str, token: str, after: str = "") -> TokenSlot:
        """Return the slot for `before`, a token and `after`."""
        if self.escaped:
            before = html.escape(before)
        before, after = self.around(before, after)
        return TokenSlot(before, token, after)


def _quoted_slot(value: Value, escaped: bool) -> Slot:  # noqa: FBT001 (called by Form alone)
    def slot(message: Message) -> str:
        found = value(message)
        if type(found) is str and stands_for_itself(found):
            return found and found + SOFT_BREAK
        return quoted(to_liquid_string(found, escaped))

    return slot


def _text_slot(value: Value, escaped: bool) -> Slot:  # noqa: FBT001 (called by Form alone)
    return lambda message: with_line_feeds(to_liquid_string(value(message), escaped))


def _beside(before: str, after: str) -> tuple[str, str]:
    return before, after


QUOTED_HTML: Final = Form(
    escaped=True, encoding=True, literal=quoted, around=around_token, slot=_quoted_slot
)
QUOTED_TEXT: Final = replace(QUOTED_HTML, escaped=False)
HTML: Final = Form(
    escaped=True, encoding=False, literal=with_line_feeds, around=_beside, slot=_text_slot
)
TEXT: Final = replace(HTML, escaped=False)
