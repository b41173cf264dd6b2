"""Where the links of a template stand, to the character.

Followed are the http and https values of href in `<a>` and `<area>`, also within `<!--[if …]>`,
which Outlook reads. Left alone are other schemes, anchors, ordinary comments, what stands in
<style>, <title> and the like, links marked data-track="false", and links to unsubscribing or
preferences.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.entities import html5
from typing import Final

from campaigns.rendering.markup import Attribute, Kind, Span, Token, liquid_spans, tokens

UNTRACKED_VARIABLES: Final = ("unsubscribe_url", "preferences_url")

_LINKING: Final = frozenset({"a", "area"})
_FOLLOWED = re.compile(r"https?://", re.IGNORECASE)
_CHARACTER = re.compile(r"&(?:#(\d+|[xX][0-9a-fA-F]+);?|([A-Za-z][A-Za-z0-9]*;?)(=?))")
_DROPPED = str.maketrans("", "", "\t\n\r")
_STRIPPED: Final = "".join(map(chr, range(0x21)))
_MAX_CODE: Final = 0x10FFFF
_WINDOWS_1252: Final = range(0x80, 0xA0)  # WHATWG HTML, 13.2.5.80


@dataclass(frozen=True, slots=True)
class Href:
    """The value of one href, `source[start:end]`; `dynamic` if there is Liquid in it."""

    start: int
    end: int
    dynamic: bool


def find_links(source: str) -> list[Href]:
    """Return the followed links of a template in the order of the source.

    A dynamic link is one that may turn out to lead to http or https.
    """
    spans = liquid_spans(source)
    found = []
    for token in tokens(source):
        href = href_of(token)
        if href is None or _asks_to_be_left_alone(source, token):
            continue
        inside = [span for span in spans if href.start <= span.start and span.end <= href.end]
        if _is_followed(source, href, inside):
            found.append(Href(href.start, href.end, dynamic=bool(inside)))
    return found


def href_of(token: Token) -> Attribute | None:
    """Return the href of a link's start tag; None for any other token."""
    linking = token.kind is Kind.OPEN and token.name in _LINKING
    return token.attribute("href") if linking else None


def is_web_address(url: str) -> bool:
    """Return whether a decoded address is one that tracking follows."""
    return _FOLLOWED.match(url) is not None


def decoded(value: str) -> str:
    """Return the address that a browser makes of an attribute's value.

    Character references are decoded by the rules for attributes, where `&copy=1` is no sign; tabs,
    line ends and outer blanks are dropped (WHATWG HTML, 13.2.5.73; WHATWG URL, 4.4).
    """
    if "&" in value:
        value = _CHARACTER.sub(_character, value)
    return value.strip(_STRIPPED).translate(_DROPPED)


def _is_followed(source: str, attribute: Attribute, inside: list[Span]) -> bool:
    if not inside:
        return is_web_address(decoded(source[attribute.start : attribute.end]))
    liquid = "".join(source[span.start : span.end] for span in inside)
    if any(name in liquid for name in UNTRACKED_VARIABLES):
        return False
    beginning = decoded(source[attribute.start : inside[0].start]).lower()
    could_become = any(scheme.startswith(beginning) for scheme in ("http://", "https://"))
    return could_become or is_web_address(beginning)


def _asks_to_be_left_alone(source: str, token: Token) -> bool:
    mark = token.attribute("data-track")
    return mark is not None and source[mark.start : mark.end].strip().lower() == "false"


def _character(match: re.Match[str]) -> str:
    number, name, equals = match.groups()
    if number:
        return _numbered(int(number[1:], 16) if number[0] in "xX" else int(number))
    if name.endswith(";"):
        known = html5.get(name)
        return known + equals if known else match.group()
    # Without its semicolon a name only counts if nothing that could belong to it follows.
    return html5[name] if name in html5 and not equals else match.group()


def _numbered(code: int) -> str:
    if code in _WINDOWS_1252:
        return bytes([code]).decode("cp1252", "replace")
    if code == 0 or code > _MAX_CODE or 0xD800 <= code <= 0xDFFF:  # noqa: PLR2004 (surrogates)
        return "\ufffd"
    return chr(code)
