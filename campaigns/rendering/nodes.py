"""Liquid nodes for writing encoded mail, beside those that python-liquid brings.

A template's own if, case and for nodes stay as they are and choose among pieces that were encoded
when the campaign was compiled.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from io import StringIO
from typing import TYPE_CHECKING, Any, Final, TextIO, cast

from liquid import BlockNode, BoundTemplate, Node, RenderContext
from liquid import Token as LiquidToken
from liquid.builtin.expressions import Path
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.for_tag import ForLoop, ForNode
from liquid.exceptions import BreakLoop, ContinueLoop, OutputStreamLimitError
from liquid.output import LimitedStringIO
from liquid.parser import get_parser
from liquid.stringify import to_liquid_string
from liquid.tag import Tag
from liquid.token import TOKEN_CONTENT, TOKEN_EXPRESSION, TOKEN_TAG
from liquid.undefined import UNDEFINED

from campaigns.rendering.liquid import MAX_OUTPUT_CHARACTERS, expressions_of
from campaigns.rendering.message import Message
from campaigns.rendering.slots import COMPUTED_KEYS

if TYPE_CHECKING:
    from liquid import TokenStream
    from liquid.expression import Expression

    from campaigns.rendering.forms import Slot

PATH_CACHE_SIZE: Final = 1_000  # what the templates of the running campaigns loop over
_NO_TOKEN: Final = LiquidToken(TOKEN_CONTENT, "", -1, "")


class MessageContext(RenderContext):
    """A render context that knows its message."""

    __slots__ = ("message",)

    def __init__(
        self, template: BoundTemplate, *, message: Message, variables: Mapping[str, object]
    ) -> None:
        super().__init__(template, globals=variables)
        self.message = message

    def get(
        self, path: list[object], *, token: LiquidToken | None, default: object = UNDEFINED
    ) -> object:
        """Return the value at a path, as the base class does; quicker where there is one."""
        try:
            found: Any = self.scope[path[0]]  # type: ignore[index]
            for key in path[1:]:
                if key in COMPUTED_KEYS or type(key) is not str:
                    return super().get(path, token=token, default=default)
                found = found[key]
        except (KeyError, TypeError, IndexError):
            return super().get(path, token=token, default=default)
        return found


class FixedPath(Path):
    """A path without paths in it: nothing of it has to be worked out."""

    __slots__ = ()

    def evaluate(self, context: RenderContext) -> object:
        """Return the value at this path."""
        return context.get(self.path, token=self.token)  # type: ignore[arg-type]

    def __str__(self) -> str:
        """Return the path as a template writes it; loops ask for it all the time."""
        return _written(tuple(self.path))


@functools.lru_cache(maxsize=PATH_CACHE_SIZE)
def _written(keys: tuple[object, ...]) -> str:
    return Path.__str__(Path(_NO_TOKEN, list(keys)))  # type: ignore[arg-type]


def quicken_paths(template: BoundTemplate) -> None:
    """Make the paths of a template that are fixed `FixedPath`s."""
    for expression in expressions_of(template):
        if type(expression) is Path and not any(isinstance(key, Path) for key in expression.path):
            expression.__class__ = FixedPath


class PieceNode(Node):
    """Writes a fixed piece."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        super().__init__(_NO_TOKEN)
        self.text = text

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Write the piece."""
        return buffer.write(self.text)

    render = render_to_output  # no tag, so none that could be disabled


class SlotNode(Node):
    """Writes what a slot makes of the message."""

    __slots__ = ("slot",)

    def __init__(self, slot: Slot) -> None:
        super().__init__(_NO_TOKEN)
        self.slot = slot

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Write the value of the slot."""
        return buffer.write(self.slot(cast(MessageContext, context).message))

    render = render_to_output


class EncodedOutputNode(OutputNode):
    """Writes the value of an expression that only the engine can work out, encoded."""

    __slots__ = ("encode",)

    def __init__(self, node: OutputNode, *, encode: Callable[[str], str]) -> None:
        super().__init__(node.token, node.expression)
        self.encode = encode

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Write the value."""
        value = self.expression.evaluate(context)
        return buffer.write(self.encode(to_liquid_string(value, context.autoescape)))

    render = render_to_output


class EncodedBlockNode(Node):
    """Writes what other nodes write, encoded as a whole."""

    __slots__ = ("encode", "nodes")

    def __init__(self, nodes: list[Node], *, encode: Callable[[str, Message], str]) -> None:
        super().__init__(nodes[0].token)
        self.nodes = nodes
        self.encode = encode

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Write the encoded result, also what came before a `break`."""
        inner = LimitedStringIO(limit=MAX_OUTPUT_CHARACTERS)
        try:
            for node in self.nodes:
                node.render(context, inner)
        finally:
            message = cast(MessageContext, context).message
            written = buffer.write(self.encode(inner.getvalue(), message))
        return written


class Body(BlockNode):
    """What stands within a tag; it does not count what it writes, which nobody asks for."""

    __slots__ = ()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Write the nodes; a body of blanks only writes nothing, as the base class has it."""
        if self.blank:
            return super().render_to_output(context, buffer)
        for node in self.nodes:
            node.render(context, buffer)
        return 0

    render = render_to_output


class Loop(ForNode):
    """A for tag that costs less per round and may not write without end."""

    __slots__ = ()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Write the body once for each item."""
        items, length = self.expression.evaluate(context)
        if not length:
            return self.default.render(context, buffer) if self.default else 0
        name = self.expression.identifier
        loop = ForLoop(f"{name}-{self.expression.iterable}", items, length, context.parentloop())
        context.raise_for_loop_limit(length)
        namespace: dict[str, object] = {"forloop": loop, name: None}
        context.loops.append(loop)
        context.scope.push(namespace)
        try:
            self._write(loop, namespace, context, buffer)
        finally:
            context.scope.pop()
            context.loops.pop()
        return 0

    def _write(
        self,
        loop: ForLoop,
        namespace: dict[str, object],
        context: RenderContext,
        buffer: TextIO,
    ) -> None:
        name = self.expression.identifier
        for namespace[name] in loop:
            try:
                self.block.render(context, buffer)
            except ContinueLoop:
                pass
            except BreakLoop:
                return
            if isinstance(buffer, StringIO) and buffer.tell() > MAX_OUTPUT_CHARACTERS:
                raise OutputStreamLimitError("output stream limit reached", token=self.token)


class DynamicLinkNode(Node):
    """The address of a link with Liquid in it: everything between two tags of our own making."""

    __slots__ = ("nodes", "number")

    def __init__(self, token: LiquidToken, *, number: int, nodes: list[Node]) -> None:
        super().__init__(token)
        self.number = number
        self.nodes = nodes
        self.blank = False

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Write the address as it stands in the template."""
        return sum(node.render(context, buffer) for node in self.nodes)

    def children(
        self, static_context: RenderContext, *, include_partials: bool = True
    ) -> Iterable[Node]:
        """Return the nodes of the address."""
        return self.nodes

    def expressions(self) -> Iterable[Expression]:
        """Return nothing: the number is no expression."""
        return ()


class DynamicLinkTag(Tag):
    """`{% dynamiclink 3 %}…{% enddynamiclink %}`; only compiled sources have it."""

    name = "dynamiclink"
    end = "enddynamiclink"

    def parse(self, stream: TokenStream) -> DynamicLinkNode:
        """Return the node for the tag that begins here."""
        token = stream.eat(TOKEN_TAG)
        number = int(stream.eat(TOKEN_EXPRESSION).value)
        block = get_parser(self.env).parse_block(stream, (self.end,))
        stream.expect(TOKEN_TAG, value=self.end)
        return DynamicLinkNode(token, number=number, nodes=block.nodes)
