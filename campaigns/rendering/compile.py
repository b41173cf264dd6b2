"""A campaign's content, worked through once, so that one message is put together in no time."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

from liquid import Environment

from campaigns.rendering import forms, headers, liquid, mime, preheader, text
from campaigns.rendering.forms import Form, Slot
from campaigns.rendering.liquid import RENDER_ERRORS, TemplateError
from campaigns.rendering.message import (
    TOKEN_MAX_LENGTH,
    Content,
    Link,
    Message,
    Part,
    Preview,
    Sender,
)
from campaigns.rendering.nodes import DynamicLinkTag
from campaigns.rendering.pieces import Engine, EngineSlot, Piece, pieces_of
from campaigns.rendering.preview import decoded_message
from campaigns.rendering.quoted import with_line_feeds
from campaigns.rendering.slots import Variables
from campaigns.rendering.tracking import Addresses, marked_source

_TRACKING: Final = liquid.Sandbox(autoescape=True)
_TRACKING.add_tag(DynamicLinkTag)


def compile_message(
    content: Content, *, sender: Sender, variables: Mapping[str, object]
) -> CompiledMessage:
    """Return a campaign's content, ready to be written for any number of contacts.

    `variables` are Liquid's variables that are the same for everyone. Raises TemplateError.
    """
    known = Variables(dict(variables), sender.base_url)
    subject = _compiled(with_line_feeds(content.subject), Part.SUBJECT, known, form=forms.TEXT)
    html, links = _compiled_html(content, sender, known)
    source = _ending_in_line(content.text or text.from_html(content.html))
    plain = _compiled(source, Part.TEXT, known, form=forms.QUOTED_TEXT)
    return CompiledMessage(sender, known, links, (subject, plain, html))


@dataclass(frozen=True, slots=True)
class _Compiled:
    """One part: its source, and the pieces that were made of it."""

    part: Part
    source: str
    pieces: list[Piece]

    def text(self, message: Message) -> str:
        """Return the pieces joined for one message."""
        return "".join([one if isinstance(one, str) else one(message) for one in self.pieces])


class CompiledMessage:
    """A campaign's content as fixed pieces and slots.

    `links` are the followed links, to be stored with the campaign; `plain` says that no Liquid
    engine is needed to write a message. Holds no state of a message, so threads may share it.
    """

    def __init__(
        self,
        sender: Sender,
        variables: Variables,
        links: tuple[Link, ...],
        parts: tuple[_Compiled, _Compiled, _Compiled],
    ) -> None:
        subject, text, html = parts
        self.links = links
        self._variables = variables
        self._parts = parts
        pieces = itertools.chain.from_iterable(part.pieces for part in self._parts)
        self.plain = not any(isinstance(piece, EngineSlot) for piece in pieces)
        self._subject = subject if any(not isinstance(p, str) for p in subject.pieces) else None
        fixed = headers.unstructured(_without_slots(subject.pieces), name="Subject")
        layout = mime.layout(
            sender=sender,
            subject=mime.Field.SUBJECT if self._subject else fixed,
            text=text.pieces,
            html=html.pieces,
        )
        self._slots, self._engines, self._fixed, self._spread = _arranged(layout)

    def encode(self, message: Message) -> bytes:
        """Return the whole message for one contact: ASCII, CRLF, ending in CRLF.

        Raises TemplateError if the template cannot be filled for this contact.
        """
        try:
            values = self._values(message)
            return "".join(self._spread(values)).encode("ascii")
        except RENDER_ERRORS as error:
            raise self._explained(message, error) from error

    def preview(self, message: Message) -> Preview:
        """Return what a mail program would make of the encoded message."""
        return decoded_message(self.encode(message))

    def _values(self, message: Message) -> list[str]:
        """Return the values of `mime.Field`, of slots and engines, then the fixed pieces."""
        tokens = message.tokens
        subject = self._subject
        given = (
            message.date,
            message.message_id,
            tokens.opened,
            tokens.clicked,
            tokens.unsubscribe,
            tokens.preferences,
        )
        _refuse_unfit(given)
        return [
            headers.mailbox(message.to_address, display_name=message.to_name, name="To"),
            headers.unstructured(subject.text(message), name="Subject") if subject else "",
            *given,
            *[slot(message) for slot in self._slots],
            *[text for engine in self._engines for text in engine(message)],
            *self._fixed,
        ]

    def _explained(self, message: Message, error: Exception) -> TemplateError:
        """Return what went wrong, with the part in which it does."""
        for part in self._parts:
            try:
                part.text(message)
            except RENDER_ERRORS as found:
                variables = self._variables.of(message)
                return _readable(found, part.source, part.part, variables)
        return TemplateError(f"The message cannot be written: {error}.", part=Part.HEADER)


def _arranged(
    layout: Sequence[mime.Element],
) -> tuple[list[Slot], list[Engine], list[str], Callable[[list[str]], tuple[str, ...]]]:
    """Return slots, engines, fixed texts, and what picks all pieces in order out of all values."""
    called = dict.fromkeys(e for e in layout if not isinstance(e, str | mime.Field))
    slots = [slot for slot in called if not isinstance(slot, EngineSlot)]
    stretches = [slot for slot in called if isinstance(slot, EngineSlot)]
    names = [*mime.Field, *slots, *stretches]
    place: dict[mime.Element, int] = {name: index for index, name in enumerate(names)}
    fixed: list[str] = []
    order: list[int] = []
    for is_text, elements in itertools.groupby(layout, key=lambda e: isinstance(e, str)):
        if is_text:
            order.append(len(place) + len(fixed))
            fixed.append("".join(map(str, elements)))
        else:
            order += map(place.__getitem__, elements)
    engines = list(dict.fromkeys(stretch.engine for stretch in stretches))
    return slots, engines, fixed, itemgetter(*order)


def _compiled(source: str, part: Part, variables: Variables, *, form: Form) -> _Compiled:
    return _cut(source, part, form, Addresses(variables.base_url), variables)


def _compiled_html(
    content: Content, sender: Sender, variables: Variables
) -> tuple[_Compiled, tuple[Link, ...]]:
    """Return the HTML part and the followed links in it."""
    source = _ending_in_line(content.html)
    liquid.parse(source, environment=liquid.HTML, part=Part.HTML)  # errors with the right line
    source = preheader.inserted(content.preheader, html=source)
    source, addresses = marked_source(source, sender=sender)
    compiled = _cut(source, Part.HTML, forms.QUOTED_HTML, addresses, variables)
    return compiled, tuple(addresses.links.values())


def _cut(
    source: str, part: Part, form: Form, addresses: Addresses, variables: Variables
) -> _Compiled:
    template = liquid.parse(source, environment=_environment(part), part=part)
    try:
        pieces = pieces_of(template, form=form, variables=variables, addresses=addresses)
    except RENDER_ERRORS as error:  # in an expression that is the same for everyone
        raise _readable(error, source, part, variables.fixed) from error
    return _Compiled(part, source, pieces)


def _environment(part: Part) -> Environment:
    return _TRACKING if part is Part.HTML else liquid.PLAIN


def _readable(
    error: Exception, source: str, part: Part, variables: Mapping[str, object]
) -> TemplateError:
    """Return an error in words, with the line if the engine runs into it as well."""
    try:
        _environment(part).from_string(source).render(**variables)
    except RENDER_ERRORS as found:
        error = found
    return liquid.readable(error, source=source, part=part)


def _ending_in_line(source: str) -> str:
    """Return `source` with LF for every line end, also behind its last line."""
    source = with_line_feeds(source)
    return source if source.endswith("\n") else source + "\n"


def _without_slots(pieces: Sequence[Piece]) -> str:
    return "".join(piece for piece in pieces if isinstance(piece, str))


def _refuse_unfit(given: Sequence[str]) -> None:
    """Raise TemplateError for a date, Message-ID or token that would break a header or a line."""
    joined = "".join(given)
    fits = max(map(len, given[2:])) <= TOKEN_MAX_LENGTH
    if not (fits and joined.isascii() and joined.isprintable()):
        raise TemplateError("A date, Message-ID or token is malformed.", part=Part.HEADER)
