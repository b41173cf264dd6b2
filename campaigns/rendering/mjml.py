"""MJML, the markup for mails that look right everywhere, as HTML.

A step for when a template is saved. Liquid may stand in texts and attributes, between the elements
of the body, and around the whole document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import mjml

from campaigns.rendering.liquid import HTML, TemplateError, parse
from campaigns.rendering.markup import Kind, Token, tokens
from campaigns.rendering.message import Part
from campaigns.rendering.veil import Veil

# Elements whose content is HTML or text; within all others only comments may stand.
_CONTENT_ELEMENTS: Final = frozenset(
    {
        "mj-text", "mj-button", "mj-table", "mj-raw", "mj-title", "mj-preview", "mj-style",
        "mj-navbar-link", "mj-social-element", "mj-accordion-title", "mj-accordion-text",
    }
)  # fmt: skip
_LIQUID: Final = frozenset({Kind.OUTPUT, Kind.CONTROL, Kind.HIDDEN})
_POSITION = re.compile(r"(?P<reason>.*?)(?: in root template)?(?: at position (?P<start>\d+):\d+)?")
_DOCUMENT = re.compile(r"(?P<before>.*?)(?P<document><mjml\b.*</mjml\s*>)(?P<after>.*)", re.DOTALL)


def is_mjml(source: str) -> bool:
    """Return whether a template is written in MJML."""
    return _DOCUMENT.fullmatch(source) is not None


def as_html(source: str) -> str:
    """Return the HTML of an MJML template, with its Liquid in the same places.

    Raises TemplateError if it is not sound, or if Liquid stands where MJML drops it. Nothing else
    is ever loaded: mj-include is refused.
    """
    parse(source, environment=HTML, part=Part.HTML)
    match = _DOCUMENT.fullmatch(source)
    if match is None:
        message = "An MJML template begins with <mjml> and ends with </mjml>."
        raise TemplateError(message, part=Part.HTML)
    veil = Veil(match["document"])
    _refuse_includes(veil.source)
    veiled = "".join(_veiled(veil))
    try:
        converted = mjml.mjml2html(veiled)  # without a loader it reads no files
    except ValueError as error:
        raise _readable(str(error), veiled) from error
    return match["before"].lstrip() + veil.lifted(converted, part=Part.HTML) + match["after"]


def _refuse_includes(source: str) -> None:
    for token in tokens(source):
        if token.kind is Kind.OPEN and token.name == "mj-include":
            line = source.count("\n", 0, token.start) + 1
            message = "mj-include is not available: put the text of the file in its place."
            raise TemplateError(message, line=line, part=Part.HTML)


def _veiled(veil: Veil) -> Iterator[str]:
    depth = 0  # of elements that hold content
    for token in tokens(veil.source):
        if token.kind in {Kind.OPEN, Kind.CLOSE}:
            depth = max(depth + _step(veil.source, token), 0)
            yield veil.tag(token)
        elif token.kind in _LIQUID:
            exchange = veil.name if depth else veil.comment
            yield exchange(token.start, token.end)
        elif token.kind is Kind.RAW:
            yield veil.within(token.start, token.end)
        else:
            yield veil.source[token.start : token.end]


def _step(source: str, token: Token) -> int:
    if token.name not in _CONTENT_ELEMENTS or source[token.end - 2] == "/":
        return 0
    return 1 if token.kind is Kind.OPEN else -1


def _readable(error: str, source: str) -> TemplateError:
    match = _POSITION.fullmatch(error)
    reason = match["reason"] if match else error
    start = match["start"] if match else None
    line = source.encode()[: int(start)].count(b"\n") + 1 if start else None
    return TemplateError(f"The MJML cannot be read: {reason}.", line=line, part=Part.HTML)
