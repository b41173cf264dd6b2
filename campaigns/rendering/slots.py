"""Liquid outputs as plain functions of a message, without the Liquid engine.

`{{ contact.first_name | default: "you" }}` becomes a closure over python-liquid's own filter
functions, so it gives what the engine gives. What depends on the course of a template (loop
variables, assigned names) and the rarer expressions stay with the engine.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final

from liquid import Environment, Markup, Undefined
from liquid.builtin.expressions import FilteredExpression, Path, StringLiteral
from liquid.builtin.expressions.arguments import KeywordArgument
from liquid.builtin.expressions.filtered import Filter
from liquid.builtin.expressions.primitive import Literal, Nil
from liquid.expression import Expression

from campaigns.rendering.message import Message

Value = Callable[[Message], object]

COMPUTED_KEYS: Final = frozenset({"size", "first", "last"})  # keys that the engine may compute
_MISSING: Final = Undefined("missing")
_MOMENT_CACHE_SIZE: Final = 100  # dates of messages that are written at about the same time


class NeedsEngineError(Exception):
    """An expression that is not worth a closure."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that is the same in every message of a campaign."""

    value: object

    def __call__(self, message: Message) -> object:
        """Return the value, whatever the message."""
        return self.value


@dataclass(frozen=True, slots=True)
class Variables:
    """The names that a template of one campaign can use, and where their values come from."""

    fixed: Mapping[str, object]
    base_url: str

    def of(self, message: Message) -> dict[str, object]:
        """Return all variables of one message, as the engine wants them."""
        now = moment(message.date)
        own: dict[str, object] = {
            "data": message.data,
            "contact": message.contact,
            "unsubscribe_url": f"{self.base_url}/u/{message.tokens.unsubscribe}",
            "preferences_url": f"{self.base_url}/p/{message.tokens.preferences}",
            "now": now,
            "today": now and now.date(),
        }
        return {**own, **self.fixed}

    def root(self, name: str) -> Value:
        """Return where the value of a first name comes from."""
        if name in self.fixed or name not in RUNTIME_NAMES:
            return Constant(self.fixed.get(name, _MISSING))
        if name == "contact":
            return _contact
        return lambda message: self.of(message)[name]


RUNTIME_NAMES: Final = frozenset(
    {"contact", "data", "unsubscribe_url", "preferences_url", "now", "today"}
)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a filter that asks for the render context gets when there is none."""

    message: Message
    variables: Variables

    def resolve(self, name: str, *, default: object = None) -> object:
        """Return the value of a variable, as a render context does."""
        found = self.variables.root(name)(self.message)
        return default if found is _MISSING else found


@functools.lru_cache(maxsize=_MOMENT_CACHE_SIZE)
def moment(date: str) -> dt.datetime | None:
    """Return the moment that an RFC 5322 date names, or None if it names none."""
    try:
        found = parsedate_to_datetime(date)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Expressions:
    """Turns expressions of one template into closures."""

    environment: Environment
    variables: Variables
    local_names: frozenset[str]

    def value(self, expression: Expression) -> Value:
        """Return the closure for an expression; raises NeedsEngineError if there should be none."""
        if isinstance(expression, FilteredExpression):
            value = self.value(expression.left)
            for filter_ in expression.filters or ():
                value = self._filtered(value, filter_)
            return value
        if isinstance(expression, Path):
            return self._looked_up(expression)
        if isinstance(expression, StringLiteral):
            text = expression.value
            return Constant(Markup(text) if self.environment.autoescape else text)
        if isinstance(expression, Literal):
            return Constant(expression.value)
        if isinstance(expression, Nil):
            return Constant(None)
        raise NeedsEngineError

    def _looked_up(self, path: Path) -> Value:
        name, *keys = path.path
        computed = any(isinstance(key, Path) or key in COMPUTED_KEYS for key in keys)
        if not isinstance(name, str) or name in self.local_names or computed:
            raise NeedsEngineError
        root = self.variables.root(name)
        if root is _contact and len(keys) == 1:
            return _contact_value(keys[0])
        for key in keys:
            root = _item(root, key)
        return root

    def _filtered(self, value: Value, filter_: Filter) -> Value:
        given: list[Value] = []
        named: dict[str, Value] = {}
        for argument in filter_.args:
            closure = self.value(argument.value)
            if isinstance(argument, KeywordArgument):
                named[argument.name] = closure
            else:
                given.append(closure)
        function = self.environment.filters[filter_.name]
        if filter_.name == "default" and not named and len(given) == 1:
            return _default(value, given[0], function)
        return self._called(function, value, given, named)

    def _called(
        self,
        function: Callable[..., Any],
        value: Value,
        given: list[Value],
        named: dict[str, Value],
    ) -> Value:
        if getattr(function, "with_environment", False):
            function = functools.partial(function, environment=self.environment)
        if getattr(function, "with_context", False):
            return _with_scope(function, value, given, self.variables)
        if all(isinstance(one, Constant) for one in (value, *given, *named.values())):
            return Constant(_call(function, value, given, named)(_NOBODY))
        return _call(function, value, given, named)


def _call(
    function: Callable[..., Any], value: Value, given: list[Value], named: dict[str, Value]
) -> Value:
    if not given and not named:
        return lambda message: function(value(message))

    def called(message: Message) -> object:
        keywords = {name: one(message) for name, one in named.items()}
        return function(value(message), *[one(message) for one in given], **keywords)

    return called


def _with_scope(
    function: Callable[..., Any], value: Value, given: list[Value], variables: Variables
) -> Value:
    def called(message: Message) -> object:
        arguments = [one(message) for one in given]
        return function(value(message), *arguments, context=Scope(message, variables))

    return called


def _default(value: Value, fallback: Value, function: Callable[..., Any]) -> Value:
    def chosen(message: Message) -> object:
        found = value(message)
        if type(found) is str and found:
            return found
        return function(found, fallback(message))

    return chosen


def _contact(message: Message) -> object:
    return message.contact


def _contact_value(key: object) -> Value:
    def looked_up(message: Message) -> object:
        return message.contact.get(key, _MISSING)  # type: ignore[call-overload]

    return looked_up


def _item(owner: Value, key: object) -> Value:
    """Return the closure for one step of a path; what cannot be looked up is undefined."""

    def looked_up(message: Message) -> object:
        found: Any = owner(message)
        if isinstance(key, int) and isinstance(found, str):
            return _MISSING  # Liquid does not index into texts
        try:
            return found[key]
        except (KeyError, TypeError, IndexError):
            return _MISSING

    return Constant(looked_up(_NOBODY)) if isinstance(owner, Constant) else looked_up


_NOBODY: Any = None  # constants need no message
