"""HTML with Liquid in it, cut into tokens that say where they stand in the source.

Nothing is corrected and nothing is written back: a token is a span of the source, and joined spans
are the source. Tags and attributes are read as browsers read them (WHATWG HTML, 13.2.5). Liquid may
stand anywhere, also within a tag or a value; there it counts as ordinary characters.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from liquid.lex import compile_liquid_rules
from liquid.token import TOKEN_OUTPUT

# Stands for every character of Liquid while HTML is read; Unicode keeps it out of texts.
_VEIL: Final = "\ufdd0"
_LIQUID: Final = compile_liquid_rules()
_SPACE: Final = r"[ \t\n\f\r]"

_MARKUP = re.compile(r"<(?:[A-Za-z]|/[A-Za-z]|[!?]|/)")
_TAG_NAME = re.compile(rf"</?([A-Za-z][^ \t\n\f\r/>{_VEIL}]*)")
_ATTRIBUTE = re.compile(
    rf"""[ \t\n\f\r/{_VEIL}]*
    (?P<name>[^ \t\n\f\r/>{_VEIL}][^ \t\n\f\r/>=]*)
    (?P<equals>{_SPACE}*={_SPACE}*
        (?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^ \t\n\f\r>"'][^ \t\n\f\r>]*)
        |(?=(?P<cut>["'])|))
    )?
    """,
    re.VERBOSE,
)
_TAG_END = re.compile(rf"[ \t\n\f\r/{_VEIL}]*>")
_COMMENT = re.compile(r"<!--(?:-?>|.*?(?:--!?>|\Z))", re.DOTALL)
_CONDITION = re.compile(r"<!--\[if\b[^\]]*\]>", re.IGNORECASE)
_REVEALED = re.compile(r"<!--\[if\b[^\]]*\]>(?:<!)?-->", re.IGNORECASE)
_CONDITION_END = re.compile(r"(?:<!--)?<!\[endif\](?:--)?>", re.IGNORECASE)
_BOGUS = re.compile(r"<[!?/][^>]*(?:>|\Z)")
_RAW_ELEMENTS: Final = frozenset(
    {"style", "script", "title", "textarea", "xmp", "iframe", "noembed", "noframes"}
)


class Kind(enum.Enum):
    """What a token is."""

    TEXT = enum.auto()
    OPEN = enum.auto()  # a start tag
    CLOSE = enum.auto()  # an end tag
    RAW = enum.auto()  # what stands in <style>, <title> and the like
    COMMENT = enum.auto()  # an ordinary comment, doctype, processing instruction
    CONDITION = enum.auto()  # opens what only Outlook reads: <!--[if mso]>
    REVEALED = enum.auto()  # opens what Outlook skips and everyone else reads: <!--[if !mso]><!-->
    CONDITION_END = enum.auto()
    OUTPUT = enum.auto()  # {{ … }} between tags
    CONTROL = enum.auto()  # {% … %} between tags
    HIDDEN = enum.auto()  # a Liquid comment with all it holds


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute; its value is `source[start:end]`, without quotation marks and not decoded."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Token:
    """A span of the source. `name` is the lower-case name of a tag or of the element around RAW."""

    kind: Kind
    start: int
    end: int
    name: str = ""
    attributes: tuple[Attribute, ...] = ()

    def attribute(self, name: str) -> Attribute | None:
        """Return the first attribute of that name: the one that browsers heed."""
        return next((found for found in self.attributes if found.name == name), None)


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of Liquid: OUTPUT, CONTROL or HIDDEN. The tags around raw text are CONTROL."""

    kind: Kind
    start: int
    end: int


def liquid_spans(source: str) -> list[Span]:
    """Return all Liquid of `source`, in order; what raw tags protect is not Liquid."""
    spans: list[Span] = []
    comments: list[int] = []  # where the comments begin that are open
    for match in _LIQUID.finditer(source):
        name = match["name"]
        if name == "comment":
            comments.append(match.start())
        elif name == "endcomment" and comments:
            start = comments.pop()
            if not comments:
                spans.append(Span(Kind.HIDDEN, start, match.end()))
        elif not comments:
            spans += _spans_of(match)
    return spans


def _spans_of(match: re.Match[str]) -> list[Span]:
    kind = match.lastgroup
    if kind == "RAW":
        inner = match.span("raw")
        opening = Span(Kind.CONTROL, match.start(), inner[0])
        return [opening, Span(Kind.CONTROL, inner[1], match.end())]
    if kind == "DOC":
        return [Span(Kind.HIDDEN, *match.span())]
    if kind == TOKEN_OUTPUT:
        return [Span(Kind.OUTPUT, *match.span())]
    return [Span(Kind.CONTROL, *match.span())] if kind == "TAG" else []


def veiled(source: str, spans: list[Span]) -> str:
    """Return `source` with every character of Liquid replaced by one that means nothing in HTML."""
    pieces: list[str] = []
    position = 0
    for span in spans:
        pieces += source[position : span.start], _VEIL * (span.end - span.start)
        position = span.end
    return "".join(pieces) + source[position:]


def tokens(source: str) -> list[Token]:
    """Return `source` cut into tokens. A tag that is never closed ends it, as in browsers."""
    spans = liquid_spans(source)
    return list(_Reader(veiled(source, spans), spans).read())


class _Reader:
    """Reads the veiled source once, from its beginning to its end."""

    def __init__(self, veil: str, spans: list[Span]) -> None:
        self._veil = veil
        self._spans = spans
        self._next_span = 0

    def read(self) -> Iterator[Token]:
        position = 0
        while position < len(self._veil):
            match = _MARKUP.search(self._veil, position)
            start = match.start() if match else len(self._veil)
            yield from self._text(position, start)
            if not match:
                return
            token = self._markup(start)
            yield token
            position = token.end
            if token.kind is Kind.OPEN and token.name in _RAW_ELEMENTS:
                position = self._raw_end(token)
                yield Token(Kind.RAW, token.end, position, token.name)

    def _text(self, position: int, end: int) -> Iterator[Token]:
        """Yield what stands between two tags: text and Liquid in turn."""
        while self._next_span < len(self._spans):
            span = self._spans[self._next_span]
            if span.start >= end:
                break
            self._next_span += 1
            if span.start < position:
                continue  # it stood within the markup before
            if span.start > position:
                yield Token(Kind.TEXT, position, span.start)
            yield Token(span.kind, span.start, span.end)
            position = span.end
        if position < end:
            yield Token(Kind.TEXT, position, end)

    def _markup(self, start: int) -> Token:
        follower = self._veil[start + 1]
        if follower == "!":
            return self._declaration(start)
        name = _TAG_NAME.match(self._veil, start)
        if name is None:
            return Token(Kind.COMMENT, start, _end(_BOGUS, self._veil, start))
        return self._tag(start, name, Kind.CLOSE if follower == "/" else Kind.OPEN)

    def _declaration(self, start: int) -> Token:
        for pattern, kind in ((_REVEALED, Kind.REVEALED), (_CONDITION_END, Kind.CONDITION_END)):
            match = pattern.match(self._veil, start)
            if match:
                return Token(kind, start, match.end())
        end = _end(_COMMENT if self._veil.startswith("<!--", start) else _BOGUS, self._veil, start)
        condition = _CONDITION.match(self._veil, start)
        if condition and self._veil[start:end].lower().endswith("<![endif]-->"):
            return Token(Kind.CONDITION, start, condition.end())
        return Token(Kind.COMMENT, start, end)

    def _tag(self, start: int, name: re.Match[str], kind: Kind) -> Token:
        attributes = []
        position = name.end()
        while not (ending := _TAG_END.match(self._veil, position)):
            match = _ATTRIBUTE.match(self._veil, position)
            if match is None or match["cut"]:  # a quotation mark that is never closed
                return Token(Kind.COMMENT, start, len(self._veil))
            attributes.append(_attribute(match))
            position = match.end()
        return Token(kind, start, ending.end(), name[1].lower(), tuple(attributes))

    def _raw_end(self, token: Token) -> int:
        pattern = re.compile(rf"</{token.name}(?=[ \t\n\f\r/>])", re.IGNORECASE)
        match = pattern.search(self._veil, token.end)
        return match.start() if match else len(self._veil)


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    match = pattern.match(text, start)
    return match.end() if match else len(text)


def _attribute(match: re.Match[str]) -> Attribute:
    for group in ("double", "single", "bare"):
        if match[group] is not None:
            return Attribute(match["name"].lower(), *match.span(group))
    return Attribute(match["name"].lower(), match.end(), match.end())
