"""Liquid as campaigns may use it: a sandbox, and errors in plain words.

Templates see only the variables they are given: python-liquid looks values up by key or index,
never by attribute, and the tags that load other templates are gone. What a template may consume is
limited.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Final

from liquid import BoundTemplate, Environment, Node, RenderContext
from liquid.builtin.expressions import FilteredExpression
from liquid.builtin.expressions.arguments import KeywordArgument, PositionalArgument
from liquid.builtin.expressions.filtered import Filter
from liquid.exceptions import LiquidError, LiquidInterrupt
from liquid.expression import Expression
from liquid.token import Token

from campaigns.rendering import filters
from campaigns.rendering.markup import liquid_spans
from campaigns.rendering.message import Part
from campaigns.rendering.wording import explained
from common.errors import DomainError

LOADING_TAGS: Final = ("include", "render")
MAX_ITERATIONS: Final = 10_000  # of nested loops, multiplied
MAX_LOCAL_BYTES: Final = 4_000_000  # what assign and capture may hold
MAX_OUTPUT_CHARACTERS: Final = 4_000_000  # of one rendered part

# Whatever a template can do wrong with the values of one contact.
RENDER_ERRORS: Final = (
    LiquidError,
    LiquidInterrupt,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


class TemplateError(DomainError):
    """A template that cannot be read, or not be filled for a contact.

    `message` is a plain sentence, `line` counts from 1 (None if unknown), `part` says in what.
    """

    def __init__(self, message: str, *, line: int | None = None, part: Part) -> None:
        super().__init__("template_error", message, {"line": line, "part": part.value})
        self.line = line
        self.part = part


class Sandbox(Environment):
    """The rules for every template: strict syntax, lenient about missing values, limited."""

    loop_iteration_limit = MAX_ITERATIONS
    local_namespace_limit = MAX_LOCAL_BYTES
    output_stream_limit = MAX_OUTPUT_CHARACTERS

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        """Take the standard tags and filters, without those that load, and add our own."""
        super().setup_tags_and_filters(extra=extra)
        for name in LOADING_TAGS:
            del self.tags[name]
        filters.register(self)


HTML: Final = Sandbox(autoescape=True)
PLAIN: Final = Sandbox(autoescape=False)


def parse(source: str, *, environment: Environment, part: Part) -> BoundTemplate:
    """Return the parsed template; raises TemplateError if anything in it can never work."""
    try:
        template = environment.from_string(source)
        for filter_ in _filters(template):
            _check_filter(filter_, environment)
    except LiquidError as error:
        raise readable(error, source=source, part=part) from error
    return template


def is_complete(source: str) -> bool:
    """Return whether `source` is sound by itself: no block begins or ends outside of it."""
    try:
        PLAIN.from_string(source)
    except LiquidError:
        return False
    return True


def readable(error: Exception, *, source: str, part: Part) -> TemplateError:
    """Return `error` as a sentence with its line in `source`."""
    token = getattr(error, "token", None)
    reason = str(getattr(error, "message", None) or error)
    start = token.start_index if token is not None else -1
    if start < 0:
        start = _faulty_alone(source, reason)
    message, line = explained(reason, source=source, start=start)
    return TemplateError(message, line=line, part=part)


def walk(template: BoundTemplate) -> Iterator[Node]:
    """Yield every node of a template, outer ones first."""
    context = RenderContext(template)
    waiting = list(reversed(template.nodes))
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(list(node.children(context, include_partials=False))))


def expressions_of(template: BoundTemplate) -> Iterator[Expression]:
    """Yield every expression of a template, also those within others."""
    for node in walk(template):
        waiting: list[Expression] = list(node.expressions())
        while waiting:
            expression = waiting.pop()
            waiting.extend(expression.children())
            yield expression


def local_names(template: BoundTemplate) -> set[str]:
    """Return the names that the template itself gives values to, somewhere."""
    names = {"forloop", "tablerowloop"}
    for node in walk(template):
        names.update(map(str, node.template_scope()))
        names.update(map(str, node.block_scope()))
    return names


def _faulty_alone(source: str, reason: str) -> int:
    """Return the index of the Liquid that is wrong by itself for that reason, or -1."""
    for span in liquid_spans(source):
        try:
            PLAIN.from_string(source[span.start : span.end])
        except LiquidError as error:
            if str(error.message) == reason:
                return span.start
    return -1


def _filters(template: BoundTemplate) -> Iterator[Filter]:
    for expression in expressions_of(template):
        if isinstance(expression, FilteredExpression):
            yield from expression.filters or ()


def _check_filter(filter_: Filter, environment: Environment) -> None:
    """Raise LiquidError if a filter does not exist or cannot take its arguments."""
    filter_.validate_filter_arguments(environment)
    function = environment.filters[filter_.name]
    given = [arg for arg in filter_.args if isinstance(arg, PositionalArgument)]
    named = {arg.name: object() for arg in filter_.args if isinstance(arg, KeywordArgument)}
    for name in ("context", "environment"):
        if getattr(function, f"with_{name}", False):
            named[name] = object()
    try:
        inspect.signature(function).bind(None, *given, **named)
    except TypeError as error:
        raise _wrong_arguments(filter_.name, filter_.token) from error


def _wrong_arguments(name: str, token: Token) -> LiquidError:
    return LiquidError(f"wrong arguments for filter '{name}'", token=token)
