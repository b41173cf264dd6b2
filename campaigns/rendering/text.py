"""The plain text of a message, made from its HTML when nobody wrote one.

The result is a Liquid template again: what stood in the HTML between tags, in link addresses and in
the texts of pictures stands in it too. Left out is what a reader of the HTML does not see: hidden
elements (the preheader, honeypots), what only Outlook reads, styles.
"""

from __future__ import annotations

import enum
import html as html_escapes
import re
from dataclasses import dataclass, field
from typing import Final

from campaigns.rendering.links import decoded
from campaigns.rendering.liquid import is_complete
from campaigns.rendering.markup import Attribute, Kind, Token, liquid_spans, tokens


class Gap(enum.IntEnum):
    """What separates two texts; of several, the greatest counts."""

    NONE = 0
    CELL = 1
    LINE = 2
    PARAGRAPH = 3


_LINE_ENDS: Final = {Gap.NONE: 0, Gap.CELL: 0, Gap.LINE: 1, Gap.PARAGRAPH: 2}
_CELL_GAP: Final = "  "
_PARAGRAPHS: Final = "p h1 h2 h3 h4 h5 h6 ul ol dl table blockquote pre hr figure form"
_LINES: Final = "div tr li dt dd section article header footer center address option"
_GAPS: Final[dict[str, Gap]] = {
    **dict.fromkeys(_PARAGRAPHS.split(), Gap.PARAGRAPH),
    **dict.fromkeys(_LINES.split(), Gap.LINE),
    **dict.fromkeys(("td", "th"), Gap.CELL),
}
_VOID: Final = frozenset({"img", "br", "hr", "input", "area"})
_UNDERLINES: Final = {"h1": "=", "h2": "-"}
_MAX_UNDERLINE: Final = 60  # characters
_RULE: Final = "-" * 20
_VALUE_WIDTH: Final = 8  # characters that an underlined heading reckons for a Liquid output

_BLANKS = re.compile(r"[ \t\n\r\f\v\u00a0]+")
_INVISIBLE: Final = dict.fromkeys(map(ord, "\u00ad\u034f\u200b\ufeff"))
_HIDING_STYLE = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_RAW_TAG = re.compile(r"\{%-?\s*(?:end)?raw\b")
_LOOSE_BRACE = re.compile(r"\{(?=[{%])|\{\Z")
_SAFE_BRACE: Final = '{{ "{" }}'
_DIRECT = re.compile(r"(?:mailto:|tel:)", re.IGNORECASE)  # schemes that a reader need not see
_NOWHERE = re.compile(r"(?:#|javascript:|cid:|\Z)", re.IGNORECASE)


def from_html(html: str) -> str:
    """Return plain text with the Liquid of `html`, ending in a line end.

    If Liquid blocks begin and end in the middle of tags so that the text would make no sense, it
    shows all alternatives instead.
    """
    text = _Writer(html, with_blocks=True).written()
    return text if is_complete(text) else _Writer(html, with_blocks=False).written()


@dataclass(slots=True)
class _Segment:
    """A piece of the text; Liquid must not be touched any more."""

    text: str
    liquid: bool = False


@dataclass(slots=True)
class _Writer:
    """Walks through the tokens and writes what a reader would see."""

    source: str
    with_blocks: bool
    segments: list[_Segment] = field(default_factory=list)
    gap: Gap = Gap.NONE
    blank: bool = False  # a blank is due before the next text
    made: Gap = Gap.PARAGRAPH  # what already separates the next text from the one before
    bullet: str = ""  # due before the next text
    lists: list[int] = field(default_factory=list)  # the next number; 0 for bullets
    link: tuple[str, int] | None = None  # address and first segment of the open link
    heading: int = 0
    verbatim: int = 0

    def written(self) -> str:
        """Return the whole text."""
        cut = tokens(self.source)
        ends = _element_ends(cut)
        position = 0
        while position < len(cut):
            token = cut[position]
            if position in ends and self._is_hidden(token):
                self._separate(token.name)
                position = ends[position]
            else:
                self._take(token)
            position += 1
        texts = [one.text if one.liquid else _braced(one.text) for one in self._joined()]
        return "".join(texts).strip("\n") + "\n"

    def _joined(self) -> list[_Segment]:
        joined: list[_Segment] = []
        for segment in self.segments:
            if joined and not joined[-1].liquid and not segment.liquid:
                joined[-1] = _Segment(joined[-1].text + segment.text)
            else:
                joined.append(segment)
        return joined

    def _take(self, token: Token) -> None:
        """Write what a token says."""
        match token.kind:
            case Kind.TEXT:
                self._text(html_escapes.unescape(self.source[token.start : token.end]))
            case Kind.OUTPUT | Kind.CONTROL:
                self._liquid(token)
            case Kind.OPEN:
                self._open(token)
            case Kind.CLOSE:
                self._close(token.name)

    # -- texts and Liquid

    def _text(self, text: str) -> None:
        text = text.translate(_INVISIBLE)
        if self.verbatim:
            self._write(text)
            return
        words = _BLANKS.sub(" ", text)
        self.blank = self.blank or words.startswith(" ")
        if words.strip(" "):
            self._write(words.strip(" "))
            self.blank = words.endswith(" ")

    def _write(self, text: str, *, liquid: bool = False) -> None:
        self._flush()
        if self.bullet:
            self.segments.append(_Segment(self.bullet))
        self.bullet = ""
        self.segments.append(_Segment(text, liquid))
        self.made = Gap.NONE

    def _flush(self) -> None:
        """Write the gap or the blank that is due."""
        due = "\n" * (_LINE_ENDS[self.gap] - _LINE_ENDS[self.made])
        if not due and self.made is Gap.NONE:
            due = _CELL_GAP if self.gap is Gap.CELL else " " * self.blank
        self.segments.append(_Segment(due))
        self.made = max(self.made, self.gap)
        self.gap, self.blank = Gap.NONE, False

    def _liquid(self, token: Token) -> None:
        text = self.source[token.start : token.end]
        if token.kind is Kind.OUTPUT:
            self._write(text, liquid=True)
        elif self.with_blocks and not _RAW_TAG.match(text):
            self._flush()
            text = f"{{%{text[2:-2].strip('-')}%}}"  # trimming would eat the gaps
            self.segments.append(_Segment(text, liquid=True))

    # -- elements

    def _open(self, token: Token) -> None:
        self._separate(token.name)
        match token.name:
            case "br":
                self._request(Gap.PARAGRAPH if self.gap is Gap.LINE else Gap.LINE)
            case "hr":
                self._write(_RULE)
                self._request(Gap.PARAGRAPH)
            case "img":
                self._picture(token)
            case "a":
                self._open_link(token)
            case name:
                self._open_block(name)

    def _open_block(self, name: str) -> None:
        match name:
            case "ul" | "ol":
                self.lists.append(1 if name == "ol" else 0)
            case "li":
                self._item()
            case "pre":
                self.verbatim += 1
            case "h1" | "h2":
                self.heading = len(self.segments)

    def _close(self, name: str) -> None:
        match name:
            case "a":
                self._close_link()
            case "ul" | "ol" if self.lists:
                self.lists.pop()
            case "pre" if self.verbatim:
                self.verbatim -= 1
            case "h1" | "h2":
                self._underline(_UNDERLINES[name])
        self._separate(name)

    def _separate(self, name: str) -> None:
        self._request(_GAPS.get(name, Gap.NONE))

    def _request(self, gap: Gap) -> None:
        if self.bullet:
            gap = min(gap, Gap.LINE)  # a paragraph within an item does not leave its bullet alone
        self.gap = max(self.gap, gap)

    def _item(self) -> None:
        indent = "  " * max(len(self.lists) - 1, 0)
        number = self.lists[-1] if self.lists else 0
        self.bullet = f"{indent}{number}. " if number else f"{indent}- "
        if number:
            self.lists[-1] += 1

    def _underline(self, sign: str) -> None:
        segments = self.segments[self.heading :]
        width = sum(_VALUE_WIDTH if s.liquid else len(s.text.strip()) for s in segments)
        if width and self.made is Gap.NONE:
            self.gap, self.blank = Gap.LINE, False
            self._write(sign * min(width, _MAX_UNDERLINE))

    def _picture(self, token: Token) -> None:
        alt = token.attribute("alt")
        if alt is None or not is_complete(self.source[alt.start : alt.end]):
            return
        for segment in self._value(alt):
            if segment.liquid:
                self._write(segment.text, liquid=True)
            else:
                self._text(html_escapes.unescape(segment.text))

    def _open_link(self, token: Token) -> None:
        self._close_link()
        href = token.attribute("href")
        if href is None or not is_complete(self.source[href.start : href.end]):
            return
        address = "".join(s.text if s.liquid else decoded(s.text) for s in self._value(href))
        if not _NOWHERE.match(address):
            self.link = (address, len(self.segments))

    def _close_link(self) -> None:
        if self.link is None:
            return
        address, first = self.link
        self.link = None
        label = "".join(segment.text for segment in self.segments[first:]).strip()
        scheme = _DIRECT.match(address)
        shown = address[scheme.end() :].partition("?")[0] if scheme else address
        if not label:
            self._write(shown, liquid=True)
        elif label != shown:
            self.blank = True
            self._write(f"({shown})", liquid=True)

    def _value(self, attribute: Attribute) -> list[_Segment]:
        """Return an attribute's value, Liquid apart from the rest."""
        value = self.source[attribute.start : attribute.end]
        segments, position = [], 0
        for span in liquid_spans(value):
            segments.append(_Segment(value[position : span.start]))
            segments.append(_Segment(value[span.start : span.end], liquid=True))
            position = span.end
        return [*segments, _Segment(value[position:])]

    def _is_hidden(self, token: Token) -> bool:
        """Return whether nobody, or only Outlook, sees what begins here."""
        style, aria = token.attribute("style"), token.attribute("aria-hidden")
        return bool(
            token.kind is Kind.CONDITION
            or token.attribute("hidden")
            or (aria and self.source[aria.start : aria.end].strip().lower() == "true")
            or (style and _HIDING_STYLE.search(self.source, style.start, style.end))
        )


def _braced(text: str) -> str:
    """Return `text` so that no brace in it begins Liquid, even beside what follows."""
    return _LOOSE_BRACE.sub(_SAFE_BRACE, text)


def _element_ends(cut: list[Token]) -> dict[int, int]:
    """Return where the element or condition ends that begins at a position, if it ends."""
    ends: dict[int, int] = {}
    opened: dict[str, list[int]] = {}
    for position, token in enumerate(cut):
        if token.kind in {Kind.OPEN, Kind.CONDITION}:
            opened.setdefault(token.name, []).append(position)
            if token.name in _VOID:
                ends[position] = position
        elif token.kind in {Kind.CLOSE, Kind.CONDITION_END} and opened.get(token.name):
            ends[opened[token.name].pop()] = position
    return ends
