"""Styles written into the elements they apply to, for mail programs that ignore <style>.

A step for when a template is saved, before its text is final: the HTML is parsed and written anew.
Rules that cannot be written into elements (hover, media queries) stay behind in <style>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import css_inline

from campaigns.rendering.liquid import HTML, TemplateError, parse
from campaigns.rendering.markup import Kind, Token, tokens
from campaigns.rendering.message import Part
from campaigns.rendering.veil import Veil

# No style sheet is ever fetched, from the network or from the disk.
_INLINER: Final = css_inline.CSSInliner(
    keep_style_tags=True,
    keep_link_tags=True,
    remove_inlined_selectors=True,
    load_remote_stylesheets=False,
)
_ADDED = re.compile("</?tbody>")
_LIQUID: Final = frozenset({Kind.OUTPUT, Kind.CONTROL, Kind.HIDDEN})
_EVERYWHERE: Final = frozenset({"", "all", "screen"})


def with_inlined_styles(html: str) -> str:
    """Return a whole HTML document with its styles inlined; Liquid and comments stay as they are.

    Raises TemplateError if the Liquid is not sound or stands where it would be lost.
    """
    parse(html, environment=HTML, part=Part.HTML)
    veil = Veil(html)
    try:
        inlined = _INLINER.inline("".join(_veiled(veil)))
    except css_inline.InlineError as error:
        message = f"The styles cannot be read: {error}."
        raise TemplateError(message, part=Part.HTML) from error
    if "<tbody" not in html.lower():
        inlined = _ADDED.sub("", inlined)  # the parser puts it within a loop around rows
    return veil.lifted(inlined, part=Part.HTML)


def _veiled(veil: Veil) -> Iterator[str]:
    cut = tokens(veil.source)
    position = 0
    while position < len(cut):
        token = cut[position]
        behind = _behind_condition(cut, position) or _behind_opaque(veil, cut, position)
        if behind is None:
            yield _exchanged(veil, token)
            position += 1
            continue
        start, end = token.start, cut[behind - 1].end
        is_condition = token.kind is Kind.CONDITION
        yield veil.source[start:end] if is_condition else veil.comment(start, end)
        position = behind


def _exchanged(veil: Veil, token: Token) -> str:
    if token.kind in _LIQUID:
        return veil.comment(token.start, token.end)
    if token.kind in {Kind.OPEN, Kind.CLOSE}:
        return veil.tag(token)
    if token.kind is Kind.RAW:
        return veil.within(token.start, token.end)
    return veil.source[token.start : token.end]


def _behind_condition(cut: list[Token], position: int) -> int | None:
    """Return the position behind what only Outlook reads; for everyone else it is a comment."""
    if cut[position].kind is not Kind.CONDITION:
        return None
    ends = (i for i in range(position, len(cut)) if cut[i].kind is Kind.CONDITION_END)
    return next(ends, len(cut) - 1) + 1


def _behind_opaque(veil: Veil, cut: list[Token], position: int) -> int | None:
    """Return the position behind a style sheet that must stay whole.

    That is one for certain media only, and one with Liquid blocks in it.
    """
    token = cut[position]
    if token.kind is not Kind.OPEN or token.name != "style" or position + 2 >= len(cut):
        return None
    media = token.attribute("media")
    is_general = media is None or veil.source[media.start : media.end].lower() in _EVERYWHERE
    inside = veil.spans_in(token.start, cut[position + 1].end)
    if is_general and all(span.kind is Kind.OUTPUT for span in inside):
        return None
    return position + 3
