"""HTML to words: enough to find what a report says, in linear time on anything."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from insights.providers.mail.limits import NOTICE_CHARACTERS

MARKUP_CHARACTERS = 4 * NOTICE_CHARACTERS  # of HTML; what follows is not looked at

_TAG = re.compile(r"<(/?)([a-zA-Z!][a-zA-Z0-9]{0,20})[^<>]{0,2000}>")
_BLOCKS = frozenset(
    {"br", "p", "div", "tr", "li", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "pre"}
)
_UNSEEN = frozenset({"style", "script", "head", "title"})


def words_of_html(markup: str) -> str:
    """Return what a reader sees, roughly: one line for each block."""
    return html.unescape("".join(_pieces(markup[:MARKUP_CHARACTERS])))


def _pieces(markup: str) -> Iterator[str]:
    position, unseen = 0, ""
    for tag in _TAG.finditer(markup):
        if not unseen:
            yield markup[position : tag.start()]
        position, name = tag.end(), tag[2].lower()
        if unseen:
            unseen = "" if tag[1] and name == unseen else unseen
        elif name in _UNSEEN and not tag[1]:
            unseen = name
        elif name in _BLOCKS:
            yield "\n"
    if not unseen:
        yield markup[position:]
