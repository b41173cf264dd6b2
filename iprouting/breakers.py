"""When a provider's answers make an IP leave it alone, slow down, and come back. Pure.

A breaker stands between one sending IP and one mailbox provider. See docs/breakers.md.
"""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import re2

LONGEST_PATTERN_CHARS: Final = 200
LONGEST_ANSWER_CHARS: Final = 1000  # of an answer that patterns are looked for in
PATTERN_MEMORY_BYTES: Final = 1 << 20  # of a compiled pattern; far more than any honest one needs
MOST_MATCHES: Final = 100  # that a rule may wait for
PROBES: Final = 5  # messages that try whether a provider takes mail again
PROBE_WAIT: Final = timedelta(seconds=60)  # for answers to them, before others are sent
SILENCE: Final = timedelta(minutes=10)  # without a bad word of a relay after probes counts as good
SETTLE: Final = timedelta(seconds=60)  # answers to what was on its way when a breaker opened
LONGEST_OPEN: Final = timedelta(hours=24)
PER_CONNECTION_MINUTE: Final = 60  # messages a minute that a relay's connection carries, about
SLOWEST_RATE: Final = 1  # a minute, for a rule that says to slow down and not how much
EVIDENCE: Final = 5  # answers kept with a breaker
_ENHANCED_CODE: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")  # RFC 3463


class BreakerState(enum.StrEnum):
    """How an IP treats a provider."""

    CLOSED = "closed"  # mail flows
    SUSPENDED = "suspended"  # no mail until some time
    SLOWED = "slowed"  # little mail until some time
    PROBING = "probing"  # a few messages try whether mail is taken again


class Action(enum.StrEnum):
    """What a rule asks for."""

    SUSPEND = "suspend"
    SLOW = "slow"


class PatternKind(enum.StrEnum):
    """How a pattern is written."""

    WORDS = "words"  # phrases, one a line, any of them anywhere in the answer
    EXPRESSION = "expression"  # a regular expression of RE2, which takes linear time


class PatternError(ValueError):
    """A pattern that cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Rule:
    """So many answers like this within so long make an IP do that for so long.

    An empty `provider` is any. `rate_per_minute` and `connections` are for slowing down.
    """

    id: int
    name: str
    provider: str
    kind: PatternKind
    pattern: str
    matches: int
    window: timedelta
    action: Action
    duration: timedelta
    rate_per_minute: int | None = None
    connections: int | None = None

    @property
    def rate(self) -> int | None:
        """How many messages a minute may go while it slows down; None is any number."""
        return self.rate_per_minute or (None if self.connections else SLOWEST_RATE)


class Hit(NamedTuple):
    """An answer that a rule fits."""

    rule: Rule
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a breaker is.

    `recent` has, by rule, when answers came that count towards opening; `times` how often it has
    opened in a row. While it slows down, `rate` is how many messages a minute may go and
    `connections` how many may carry them; None is any number.
    """

    state: BreakerState = BreakerState.CLOSED
    until: datetime | None = None
    opened_at: datetime | None = None
    probed_at: datetime | None = None
    times: int = 0
    rate: int | None = None
    connections: int | None = None
    recent: Mapping[int, Sequence[datetime]] = field(default_factory=dict)

    def at(self, now: datetime) -> BreakerState:
        """Return the state that time has made of it."""
        over = self.until is not None and self.until <= now
        if self.state is BreakerState.SUSPENDED and over:
            return BreakerState.PROBING
        if self.state is BreakerState.SLOWED and over:
            return BreakerState.CLOSED
        return self.state

    def pace(self, *, by_report: bool) -> int | None:
        """Return how many messages a minute may go while slowed down; None is any number.

        A relay has connections of its own, which ours do not touch: where it reported the answers,
        each connection counts as so many messages.
        """
        if not by_report or self.connections is None:
            return self.rate
        about = self.connections * PER_CONNECTION_MINUTE
        return about if self.rate is None else min(self.rate, about)


def compiled(kind: str, pattern: str) -> Any:
    """Return the compiled pattern. Raises PatternError for one that cannot be used.

    RE2 knows no backtracking: whatever the pattern, a search takes time in proportion to the text.
    """
    if not pattern.strip():
        raise PatternError("Say what the answer holds.")
    if len(pattern) > LONGEST_PATTERN_CHARS:
        raise PatternError(f"Use {LONGEST_PATTERN_CHARS} characters at the most.")
    return _compiled(kind, pattern)


@functools.lru_cache(maxsize=512)
def _compiled(kind: str, pattern: str) -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = PATTERN_MEMORY_BYTES
    written = pattern
    if kind == PatternKind.WORDS:
        phrases = [re2.escape(line.strip()) for line in pattern.splitlines() if line.strip()]
        written = "|".join(phrases)
    try:
        found = re2.compile(written, options)
    except re2.error as error:
        raise PatternError(f"This is no regular expression: {_why(error)}.") from error
    if kind == PatternKind.EXPRESSION and found.search(""):
        raise PatternError("This fits every answer. Say what the answer holds.")
    return found


def _why(error: Exception) -> str:
    reason = error.args[0] if error.args else "it cannot be read"
    return reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)


def answer_text(code: int | None, response: str) -> str:
    """Return what patterns are looked for in: the code and what the server wrote, on one line.

    An enhanced code that begins every line is said once, so that sentences stay whole.
    """
    first, *others = response[:LONGEST_ANSWER_CHARS].split() or [""]
    repeated = first if _ENHANCED_CODE.fullmatch(first) else None
    words = [str(code or ""), first, *(word for word in others if word != repeated)]
    return " ".join(word for word in words if word)


def fitting(rules: Iterable[Rule], *, provider: str, text: str) -> list[Rule]:
    """Return the rules that an answer of a provider fits.

    Those for any provider count only where none of its own fits.
    """
    found = [
        rule
        for rule in rules
        if rule.provider in ("", provider) and compiled(rule.kind, rule.pattern).search(text)
    ]
    own = [rule for rule in found if rule.provider]
    return own or found


def heed(standing: Standing, hits: Sequence[Hit], *, now: datetime) -> tuple[Standing, Rule | None]:
    """Return where a breaker is after some answers, and the rule that opened it, if one did.

    While it is half open, a single answer that fits opens it again, for longer.
    """
    state = standing.at(now)
    if state is BreakerState.PROBING:
        strongest = max((hit.rule for hit in hits), key=_strength)
        return _opened(standing, strongest, now=now), strongest
    counted = _counted(standing, hits, state=state, now=now)
    full = [hit.rule for hit in hits if len(counted.get(hit.rule.id, ())) >= hit.rule.matches]
    strongest_full = max(full, key=_strength, default=None)
    if strongest_full is None or not _goes_beyond(standing, strongest_full, state=state):
        return replace(standing, recent=counted), None
    return _opened(standing, strongest_full, now=now), strongest_full


def _counted(
    standing: Standing, hits: Sequence[Hit], *, state: BreakerState, now: datetime
) -> dict[int, list[datetime]]:
    """Return the recent answers by rule, with the new ones, without those that are too old."""
    slowed = state is BreakerState.SLOWED and standing.opened_at is not None
    since = standing.opened_at + SETTLE if slowed and standing.opened_at else None
    counted = {rule_id: list(times) for rule_id, times in standing.recent.items()}
    for rule, at in hits:
        if since is not None and at < since and rule.action is Action.SLOW:
            continue
        times = [time for time in counted.get(rule.id, ()) if time > now - rule.window]
        counted[rule.id] = [*times, at][-rule.matches :]
    return counted


def _goes_beyond(standing: Standing, rule: Rule, *, state: BreakerState) -> bool:
    """Say whether a rule asks for more than what is in force."""
    if state is BreakerState.SUSPENDED:
        if standing.opened_at is None or standing.until is None:
            return False
        return rule.action is Action.SUSPEND and rule.duration > standing.until - standing.opened_at
    return True


def _strength(rule: Rule) -> tuple[bool, timedelta]:
    return rule.action is Action.SUSPEND, rule.duration


def _opened(standing: Standing, rule: Rule, *, now: datetime) -> Standing:
    again = standing.at(now) is not BreakerState.CLOSED
    times = standing.times + 1 if again else 1
    lasts = min(rule.duration * 2 ** (times - 1), max(LONGEST_OPEN, rule.duration))
    slow = rule.action is Action.SLOW
    return Standing(
        state=BreakerState.SLOWED if slow else BreakerState.SUSPENDED,
        until=now + lasts,
        opened_at=now,
        times=times,
        rate=rule.rate if slow else None,
        connections=rule.connections if slow else None,
    )
