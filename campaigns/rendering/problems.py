"""What is wrong with a campaign's content, said before anybody gets it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from liquid import BoundTemplate, Environment
from liquid.builtin.expressions import Path

from campaigns.rendering import liquid
from campaigns.rendering.links import UNTRACKED_VARIABLES, decoded, href_of
from campaigns.rendering.liquid import TemplateError, is_complete
from campaigns.rendering.markup import Kind, Span, Token, liquid_spans, tokens
from campaigns.rendering.message import Content, Part, Problem, ProblemCode, Sender
from campaigns.rendering.slots import RUNTIME_NAMES

CAMPAIGN_NAMES: Final = frozenset({"campaign", "organization"})

_LEADING_SOMEWHERE = re.compile(
    r"(?:https?://[^\s/?#]+(?:[/?#]\S*)?|(?:mailto|tel|sms):\S+|#.*)", re.IGNORECASE
)


def problems(content: Content, sender: Sender) -> list[Problem]:
    """Return what should be mended; empty if nothing is known to be wrong."""
    parts = [_Source(Part.SUBJECT, content.subject, liquid.PLAIN)]
    parts.append(_Source(Part.HTML, content.html, liquid.HTML))
    parts.append(_Source(Part.TEXT, content.text, liquid.PLAIN))
    parts.append(_Source(Part.PREHEADER, content.preheader, liquid.HTML))
    found = [problem for part in parts for problem in part.problems()]
    if not content.subject.strip():
        message = "There is no subject."
        found.append(Problem(ProblemCode.EMPTY_SUBJECT, message, Part.SUBJECT))
    if sender.one_click and not any(name in content.html for name in UNTRACKED_VARIABLES):
        message = "The HTML has no link to unsubscribe: put {{ unsubscribe_url }} into one."
        found.append(Problem(ProblemCode.NO_UNSUBSCRIBE, message, Part.HTML))
    return [*found, *_in_html(content.html)]


@dataclass(frozen=True, slots=True)
class _Source:
    """One part of the content and the rules it is read by."""

    part: Part
    text: str
    environment: Environment

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the Liquid."""
        try:
            template = liquid.parse(self.text, environment=self.environment, part=self.part)
        except TemplateError as error:
            yield Problem(ProblemCode.TEMPLATE, error.message, self.part, error.line)
            return
        for name, line in _unknown_names(template, self.text).items():
            message = f"“{name}” is not known and will stay empty. Is “contact.{name}” meant?"
            yield Problem(ProblemCode.UNKNOWN_VARIABLE, message, self.part, line)


def _unknown_names(template: BoundTemplate, source: str) -> dict[str, int]:
    """Return the names that nothing gives a value to, each with its first line."""
    known = {*RUNTIME_NAMES, *CAMPAIGN_NAMES, *liquid.local_names(template)}
    found: dict[str, int] = {}
    for expression in liquid.expressions_of(template):
        if not isinstance(expression, Path) or expression.path[0] in known:
            continue
        line = source.count("\n", 0, max(expression.token.start_index, 0)) + 1
        name = str(expression.path[0])
        found[name] = min(line, found.get(name, line))
    return found


def _in_html(html: str) -> Iterator[Problem]:
    pictures, spans = 0, liquid_spans(html)
    for token in tokens(html):
        yield from _in_link(html, token, spans)
        is_picture = token.kind is Kind.OPEN and token.name == "img"
        pictures += is_picture and token.attribute("alt") is None
    if pictures:
        many = f"{pictures} pictures have" if pictures > 1 else "A picture has"
        message = f"{many} no alternative text (alt), so nothing shows while pictures are off."
        yield Problem(ProblemCode.MISSING_ALT, message, Part.HTML)


def _in_link(html: str, token: Token, spans: list[Span]) -> Iterator[Problem]:
    href = href_of(token)
    if href is None:
        return
    line = html.count("\n", 0, href.start) + 1
    value = html[href.start : href.end]
    if any(href.start <= span.start < href.end for span in spans):
        if not is_complete(value):
            message = "A Liquid block begins or ends within this address: it cannot be tracked."
            yield Problem(ProblemCode.UNTRACKED_LINK, message, Part.HTML, line)
    elif not _LEADING_SOMEWHERE.fullmatch(decoded(value)):
        message = f"The link to “{decoded(value)}” leads nowhere: it needs https:// and a name."
        yield Problem(ProblemCode.BAD_LINK, message, Part.HTML, line)
