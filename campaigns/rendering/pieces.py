"""A parsed template as pieces: fixed texts, slots, and nodes where the engine has to decide."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from io import StringIO
from itertools import chain
from typing import Final

from liquid import BlockNode, BoundTemplate, Node, RenderContext
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.assign_tag import AssignNode
from liquid.builtin.tags.case_tag import CaseNode
from liquid.builtin.tags.comment_tag import CommentNode
from liquid.builtin.tags.doc_tag import DocNode
from liquid.builtin.tags.for_tag import BreakNode, ContinueNode, ForNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.inline_comment_tag import InlineCommentNode
from liquid.builtin.tags.unless_tag import UnlessNode
from liquid.expression import Expression
from liquid.stringify import to_liquid_string
from liquid.token import TOKEN_OUTPUT

from campaigns.rendering import forms
from campaigns.rendering.forms import Form, Slot
from campaigns.rendering.liquid import local_names
from campaigns.rendering.message import Message
from campaigns.rendering.nodes import (
    Body,
    DynamicLinkNode,
    EncodedBlockNode,
    EncodedOutputNode,
    Loop,
    MessageContext,
    PieceNode,
    SlotNode,
    quicken_paths,
)
from campaigns.rendering.slots import Constant, Expressions, NeedsEngineError, Variables
from campaigns.rendering.tracking import Addresses, as_slot

Piece = str | Slot
_Item = str | Slot | Node

_SILENT: Final = (CommentNode, DocNode, InlineCommentNode)
_CHOOSING: Final = (IfNode, UnlessNode, CaseNode, ForNode)  # they write nothing themselves
_STEERING: Final = (AssignNode, BreakNode, ContinueNode)


def pieces_of(
    template: BoundTemplate, *, form: Form, variables: Variables, addresses: Addresses
) -> list[Piece]:
    """Return the pieces of a template; where the engine has to decide, they are EngineSlots."""
    expressions = Expressions(template.env, variables, frozenset(local_names(template)))
    items = _Cutter(template, form, expressions, addresses).items(template.nodes)
    pieces: list[Piece] = []
    stretches: list[list[Node]] = []
    engine = Engine(template, variables, stretches)
    for item in items:
        if not isinstance(item, Node):
            pieces.append(item)
        elif pieces and isinstance(pieces[-1], EngineSlot):
            stretches[-1].append(item)
        else:
            pieces.append(EngineSlot(engine, len(stretches)))
            stretches.append([item])
    if stretches:
        quicken_paths(template)
    return pieces


@dataclass(frozen=True, slots=True, eq=False)
class Engine:
    """The Liquid engine for the stretches of one template that need it."""

    template: BoundTemplate
    variables: Variables
    stretches: list[list[Node]]

    def __call__(self, message: Message) -> list[str]:
        """Return what each stretch writes; names assigned in one are known in the next."""
        variables = self.variables.of(message)
        context = MessageContext(self.template, message=message, variables=variables)
        written = []
        for nodes in self.stretches:
            buffer = StringIO()
            for node in nodes:
                node.render(context, buffer)
            written.append(buffer.getvalue())
        return written


@dataclass(frozen=True, slots=True)
class EngineSlot:
    """What one stretch of an engine writes."""

    engine: Engine
    number: int

    def __call__(self, message: Message) -> str:
        """Return the stretch for one message, at the price of writing all of them."""
        return self.engine(message)[self.number]


@dataclass(frozen=True, slots=True)
class _Cutter:
    """Cuts the nodes of one template into pieces of one form."""

    template: BoundTemplate
    form: Form
    expressions: Expressions
    addresses: Addresses
    slots: dict[tuple[bool, str], Slot] = field(default_factory=dict)  # one for equal outputs

    def items(self, nodes: Iterable[Node]) -> list[_Item]:
        """Return what `nodes` write, neighbouring texts joined and encoded as one."""
        items: list[_Item] = []
        text = ""
        for item in chain.from_iterable(map(self._of_node, nodes)):
            if isinstance(item, str):
                text += item
                continue
            items += [self.form.literal(text), item] if text else [item]
            text = ""
        return [*items, self.form.literal(text)] if text else items

    def _of_node(self, node: Node) -> Iterable[_Item]:
        if isinstance(node, ContentNode):
            return self._of_text(node.text)
        if isinstance(node, OutputNode):
            return [self._of_output(node)]
        if isinstance(node, DynamicLinkNode):
            return [self._of_link(node)]
        if isinstance(node, _SILENT):
            return []
        return [node if isinstance(node, _STEERING) else self._of_block(node)]

    def _of_text(self, text: str) -> list[_Item]:
        texts, numbers = (self.addresses.split(text)[start::2] for start in (0, 1))
        slots = [self.addresses.slot(int(number), self.form) for number in numbers]
        items: list[_Item] = [texts[0]]
        for slot, after in zip(slots, texts[1:], strict=True):
            items += [slot, after]
        return items

    def _of_output(self, node: OutputNode) -> _Item:
        page = self._page(node.expression)
        if page:
            return page
        try:
            value = self.expressions.value(node.expression)
        except NeedsEngineError:
            return EncodedOutputNode(node, encode=self.form.literal)
        if isinstance(value, Constant):
            # Escaped texts are of a kind that escapes whatever is added to it.
            return str(to_liquid_string(value.value, self.form.escaped))
        slot = self.form.value_slot(value)
        if node.token.kind != TOKEN_OUTPUT:
            return slot  # an echo tag, whose token does not tell its expression
        return self.slots.setdefault((self.form.encoding, node.token.value), slot)

    def _page(self, expression: Expression) -> Slot | None:
        """Return the slot if an expression is nothing but the address of a page of ours."""
        if not isinstance(expression, FilteredExpression) or expression.filters:
            return None
        path = expression.left
        name = path.path[0] if isinstance(path, Path) and len(path.path) == 1 else None
        if not isinstance(name, str) or name in self.expressions.local_names:
            return None
        return self.addresses.page_slot(name, self.form)

    def _of_link(self, node: DynamicLinkNode) -> _Item:
        inner = self._unencoded().items(node.nodes)
        plain = [item for item in inner if not isinstance(item, Node)]
        if len(plain) < len(inner):
            return EncodedBlockNode(_as_nodes(inner), encode=self._followed(node.number))
        texts = [item for item in plain if isinstance(item, str)]
        if len(texts) < len(plain):
            return as_slot(self.addresses, node.number, plain, self.form)
        text = "".join(texts)
        if self.addresses.settle(node.number, text):
            return self.addresses.slot(node.number, self.form)
        return text

    def _followed(self, number: int) -> Callable[[str, Message], str]:
        def encode(text: str, message: Message) -> str:
            return self.form.literal(self.addresses.followed(number, text, message))

        return encode

    def _of_block(self, node: Node) -> Node:
        """Return a tag with its inside cut: encoded where the tag only chooses, else as text."""
        if self.form.encoding and not isinstance(node, _CHOOSING):
            self._unencoded().cut_inside(node)
            literal = self.form.literal
            return EncodedBlockNode([node], encode=lambda text, _: literal(text))
        self.cut_inside(node)
        return node

    def cut_inside(self, node: Node) -> None:
        """Replace what stands within a tag by its pieces."""
        context = RenderContext(self.template)
        for child in node.children(context, include_partials=False):
            if isinstance(child, BlockNode):
                child.nodes = _as_nodes(self.items(child.nodes))
                child.__class__ = Body
            else:
                self.cut_inside(child)
        if type(node) is ForNode:
            node.__class__ = Loop

    def _unencoded(self) -> _Cutter:
        return replace(self, form=forms.HTML if self.form.escaped else forms.TEXT)


def _as_nodes(items: Iterable[_Item]) -> list[Node]:
    return [_as_node(item) for item in items]


def _as_node(item: _Item) -> Node:
    if isinstance(item, Node):
        return item
    return PieceNode(item) if isinstance(item, str) else SlotNode(item)
