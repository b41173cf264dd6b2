"""The addresses that a compiled template gets: links, pixel, unsubscribe and preference pages."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from campaigns.rendering.forms import Form, Slot, TokenSlot
from campaigns.rendering.links import decoded, find_links, is_web_address
from campaigns.rendering.liquid import is_complete
from campaigns.rendering.markup import Kind, tokens
from campaigns.rendering.message import Link, Message, Sender

PIXEL_NUMBER: Final = 0  # marked like a link, so links count from 1
_PIXEL: Final = '<img src="{}" width="1" height="1" alt="" style="display:block;border:0">'
# Without a word in it: hidden text is what spam filters look for.
_HIDDEN: Final = (
    '<a href="{}" rel="nofollow" aria-hidden="true" tabindex="-1"'
    ' style="display:none;mso-hide:all"></a>'
)
_PAGES: Final = {
    "unsubscribe_url": ("/u/", "unsubscribe"),
    "preferences_url": ("/p/", "preferences"),
}


@dataclass(slots=True)
class Addresses:
    """What is known about the addresses in one template while it is compiled.

    Where an address goes, the source gets a marker: digits after a text that occurs nowhere else.
    """

    base_url: str
    marker: str = ""
    links: dict[int, Link] = field(default_factory=dict)

    def marked(self, number: int) -> str:
        """Return the marker for a link, or for the pixel."""
        return f"{self.marker}{number};"

    def split(self, text: str) -> list[str]:
        """Return a text cut at its markers: text, number, text, number, … text."""
        return re.split(f"{self.marker}([0-9]+);", text) if self.marker else [text]

    def slot(self, number: int, form: Form) -> TokenSlot:
        """Return the slot for the address with that number."""
        if number == PIXEL_NUMBER:
            return form.token_slot(f"{self.base_url}/t/o/", "opened", ".gif")
        return form.token_slot(f"{self.base_url}/t/c/", "clicked", f".{number}")

    def page_slot(self, name: str, form: Form) -> TokenSlot | None:
        """Return the slot for a variable that is the address of a page of ours; None for others."""
        if name not in _PAGES:
            return None
        path, token = _PAGES[name]
        return form.token_slot(self.base_url + path, token)

    def settle(self, number: int, text: str) -> bool:
        """Note what a dynamic link turned out to be: the same for everyone.

        Returns whether it is followed; `text` is the value of its attribute.
        """
        url = decoded(text)
        if is_web_address(url):
            self.links[number] = Link(number, url, dynamic=False)
            return True
        del self.links[number]
        return False

    def followed(self, number: int, text: str, message: Message) -> str:
        """Return the value of href for one message, given what the template makes of it."""
        url = decoded(text)
        pages = tuple(self.base_url + path for path, _ in _PAGES.values())
        if not is_web_address(url) or url.startswith(pages):
            return text
        token = message.tokens.sign_url(number, url)
        return html.escape(f"{self.base_url}/t/c/{token}")


def marked_source(source: str, *, sender: Sender) -> tuple[str, Addresses]:
    """Return the HTML with a marker for every address to be put in, and what is known of them."""
    addresses = Addresses(sender.base_url, _unused(source))
    edits: list[tuple[int, int, str]] = []
    ending = ""
    if sender.track_clicks:
        edits += _link_edits(source, addresses)
        ending += _hidden_link(addresses) if sender.hidden_link else ""
    if sender.track_opens:
        ending += _PIXEL.format(addresses.marked(PIXEL_NUMBER))
    if ending:
        place = _ending_place(source)
        edits.append((place, place, ending))
    for start, end, text in sorted(edits, reverse=True):
        source = source[:start] + text + source[end:]
    return source, addresses


def _link_edits(source: str, addresses: Addresses) -> list[tuple[int, int, str]]:
    edits = []
    for href in find_links(source):
        value = source[href.start : href.end]
        if href.dynamic and not is_complete(value):
            continue
        number = len(addresses.links) + 1
        addresses.links[number] = Link(number, decoded(value), href.dynamic)
        text = addresses.marked(number)
        if href.dynamic:
            text = f"{{% dynamiclink {number} %}}{value}{{% enddynamiclink %}}"
        edits.append((href.start, href.end, text))
    return edits


def _hidden_link(addresses: Addresses) -> str:
    """Return a link that leads where the first one does; nothing where there is none to follow."""
    url = next((link.url for link in addresses.links.values() if not link.dynamic), "")
    if not url:
        return ""
    number = len(addresses.links) + 1
    addresses.links[number] = Link(number, url, dynamic=False, hidden=True)
    return _HIDDEN.format(addresses.marked(number))


def _ending_place(source: str) -> int:
    """Return the index of the last </body> that everyone sees, or of the end."""
    place, outlook_only = len(source), False
    for token in tokens(source):
        if token.kind in {Kind.CONDITION, Kind.CONDITION_END}:
            outlook_only = token.kind is Kind.CONDITION
        elif token.kind is Kind.CLOSE and token.name == "body" and not outlook_only:
            place = token.start
    return place


def _unused(source: str) -> str:
    """Return a text that does not occur in `source` and that no filter or browser minds."""
    marker = "mailwright0x"
    while marker in source:
        marker = marker.replace("0", "00")
    return marker


def as_slot(addresses: Addresses, number: int, pieces: Sequence[str | Slot], form: Form) -> Slot:
    """Return the slot for a dynamic link from the pieces of its address."""

    def slot(message: Message) -> str:
        text = "".join([one if isinstance(one, str) else one(message) for one in pieces])
        return form.literal(addresses.followed(number, text, message))

    return slot
