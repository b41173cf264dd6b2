"""The line that mail programs show beside the subject, hidden at the top of the HTML."""

from __future__ import annotations

import html as html_escapes
from typing import Final

from campaigns.rendering import liquid
from campaigns.rendering.markup import Kind, liquid_spans, tokens
from campaigns.rendering.message import Part

_FRAME: Final = (
    '<div style="display:none;font-size:1px;line-height:1px;max-height:0;max-width:0;opacity:0;'
    'overflow:hidden;mso-hide:all" aria-hidden="true">{}</div>'
)


def inserted(preheader: str, *, html: str) -> str:
    """Return `html` with the preheader as the first thing of its body.

    The preheader is text with Liquid: what is not Liquid is escaped. Raises TemplateError.
    """
    if not preheader.strip():
        return html
    liquid.parse(preheader, environment=liquid.HTML, part=Part.PREHEADER)
    place = _place(html)
    return html[:place] + _FRAME.format(_escaped(preheader.strip())) + html[place:]


def _place(html: str) -> int:
    """Return the index behind <body>, or else behind </head>, or else the beginning."""
    behind_head, outlook_only = 0, False
    for token in tokens(html):
        if token.kind in {Kind.CONDITION, Kind.CONDITION_END}:
            outlook_only = token.kind is Kind.CONDITION
        elif outlook_only:
            continue
        elif token.kind is Kind.OPEN and token.name == "body":
            return token.end
        elif token.kind is Kind.CLOSE and token.name == "head":
            behind_head = token.end
    return behind_head


def _escaped(text: str) -> str:
    pieces, position = [], 0
    for span in liquid_spans(text):
        pieces.append(html_escapes.escape(text[position : span.start], quote=False))
        pieces.append(text[span.start : span.end])
        position = span.end
    return "".join(pieces) + html_escapes.escape(text[position:], quote=False)
