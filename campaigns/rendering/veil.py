"""Liquid put out of sight while a program that only knows HTML works on a template.

Each piece of Liquid is exchanged for something that such a program carries along unchanged: a
comment between tags, a made-up name elsewhere. Afterwards it is put back. What was not carried
along is an error: nothing is lost in silence.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from campaigns.rendering.liquid import TemplateError, is_complete
from campaigns.rendering.markup import Attribute, Kind, Span, Token, liquid_spans
from campaigns.rendering.message import Part

_DECLARATION_START = re.compile(r"(?:^|;)\s*\Z")
_DECLARATION_END = re.compile(r"\s*(?:;|\Z)")


@dataclass(slots=True)
class Veil:
    """Exchanges Liquid for names and back, for one source."""

    source: str
    spans: list[Span] = field(init=False)
    _prefix: str = field(init=False)
    _hidden: list[tuple[int, str]] = field(default_factory=list)  # where it stood, what it was

    def __post_init__(self) -> None:
        self.spans = liquid_spans(self.source)
        tries = (f"lq{'x' * n}" for n in itertools.count())
        self._prefix = next(name for name in tries if name not in self.source.lower())

    def name(self, start: int, end: int) -> str:
        """Return a name that stands for `source[start:end]` from now on."""
        self._hidden.append((start, self.source[start:end]))
        return f"{self._prefix}{len(self._hidden) - 1}z"

    def comment(self, start: int, end: int) -> str:
        """Return a comment that stands for `source[start:end]` from now on."""
        return f"<!--{self.name(start, end)}-->"

    def tag(self, token: Token) -> str:
        """Return a start or end tag with its Liquid exchanged."""
        pieces, position = [], token.start
        for start, end, text in sorted(self._edits(token)):
            pieces += [self.source[position:start], text]
            position = end
        return "".join(pieces) + self.source[position : token.end]

    def within(self, start: int, end: int) -> str:
        """Return `source[start:end]` with a name for every piece of Liquid."""
        pieces, position = [], start
        for span in self.spans_in(start, end):
            pieces += [self.source[position : span.start], self.name(span.start, span.end)]
            position = span.end
        return "".join(pieces) + self.source[position:end]

    def spans_in(self, start: int, end: int) -> list[Span]:
        """Return the Liquid between two places."""
        return [span for span in self.spans if start <= span.start and span.end <= end]

    def lifted(self, result: str, *, part: Part) -> str:
        """Return `result` with all Liquid back in its place.

        Raises TemplateError if some is missing, or if the beginning or end of a block was repeated.
        """
        name = f"({self._prefix}([0-9]+)z)"
        seen: list[int] = []

        def put_back(match: re.Match[str]) -> str:
            seen.append(int(match[2] or match[4]))
            return self._hidden[seen[-1]][1]

        lifted = re.sub(rf'<!--{name}-->|{name}(?::\s*\3|="")?', put_back, result)
        for number, (start, text) in enumerate(self._hidden):
            count = seen.count(number)
            if count == 0 or (count > 1 and not is_complete(text)):
                line = self.source.count("\n", 0, start) + 1
                message = f"“{text}” cannot stand in this place: the conversion does not keep it."
                raise TemplateError(message, line=line, part=part)
        return lifted

    def _edits(self, token: Token) -> Iterable[tuple[int, int, str]]:
        """Yield what to exchange in a tag: in its values, and between its attributes."""
        spans = self.spans_in(token.start, token.end)
        loose = [span for span in spans if not _inside(span, token.attributes)]
        if any(span.kind is not Kind.OUTPUT for span in loose):
            start, end = loose[0].start, loose[-1].end
            yield start, end, f" {self.name(start, end)} "
            spans = _outside(spans, start, end)
        for attribute in token.attributes:
            inside = [span for span in spans if _inside(span, (attribute,))]
            spans = [span for span in spans if span not in inside]
            yield from self._value_edits(attribute, inside)
        yield from ((span.start, span.end, self.name(span.start, span.end)) for span in spans)

    def _value_edits(
        self, attribute: Attribute, inside: list[Span]
    ) -> Iterable[tuple[int, int, str]]:
        """Yield what to exchange in a value; in a style, Liquid may be whole declarations."""
        controls = [span for span in inside if span.kind is not Kind.OUTPUT]
        is_style = attribute.name == "style"
        if controls:
            start, end = controls[0].start, controls[-1].end
            name = self.name(start, end)
            yield start, end, f"{name}:{name};" if is_style else name
            inside = _outside(inside, start, end)
        for span in inside:
            name = self.name(span.start, span.end)
            before = self.source[attribute.start : span.start]
            after = self.source[span.end : attribute.end]
            alone = _DECLARATION_START.search(before) and _DECLARATION_END.match(after)
            yield span.start, span.end, f"{name}:{name}" if is_style and alone else name


def _outside(spans: Iterable[Span], start: int, end: int) -> list[Span]:
    return [span for span in spans if span.end <= start or end <= span.start]


def _inside(span: Span, attributes: Iterable[Attribute]) -> bool:
    return any(a.start <= span.start and span.end <= a.end for a in attributes)
