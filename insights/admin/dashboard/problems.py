"""Which provider is the problem, in one sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from common.admin import provider_name
from insights.admin.dashboard.words import number, percent
from insights.figures import Group
from insights.queries.refusals import Wording
from insights.rates import fraction

# From how many messages on a share is taken as a sign, and from which share on; docs/dashboard.md.
SAMPLE: Final = 100
COMPLAINTS_SAMPLE: Final = 3
REFUSED: Final = (0.02, 0.05)  # worth a look, bad
PUT_OFF: Final = (0.05, 0.20)
COMPLAINED: Final = (0.001, 0.003)
WORDING_SHOWN: Final = 140  # characters
_OPEN, _CLOSE = "\N{LEFT DOUBLE QUOTATION MARK}", "\N{RIGHT DOUBLE QUOTATION MARK}"


@dataclass(frozen=True, slots=True)
class Problem:
    """What stands out at one provider. `severity` is 1 where it turns bad."""

    provider: str
    metric: str
    severity: float
    sentence: str

    @property
    def kind(self) -> str:
        """The colour it is shown in."""
        return "bad" if self.severity >= 1 else "warning"


def problems(groups: Sequence[Group]) -> list[Problem]:
    """Return the worst of each provider that stands out, the most severe first."""
    worst = [_worst(group) for group in groups]
    found = [problem for problem in worst if problem is not None]
    return sorted(found, key=lambda problem: -problem.severity)


def worded(problem: Problem, wordings: Mapping[str, Wording]) -> str:
    """Return the sentence, with what the provider mostly says where that is known."""
    wording = wordings.get(problem.provider) if problem.metric == "bounced" else None
    if wording is None:
        return f"{problem.sentence}."
    said = wording.text
    if len(said) > WORDING_SHOWN:
        said = f"{said[:WORDING_SHOWN].rstrip()}…"
    return f"{problem.sentence}: most often {_OPEN}{said}{_CLOSE}"


def contrast(problem: Problem, groups: Sequence[Group]) -> str:
    """Return how the other providers do in the same respect; empty if there are too few."""
    others = [group for group in groups if group.key != problem.provider]
    whole_name = "delivered" if problem.metric == "complaints" else "sent"
    whole = sum(_count(group, whole_name) for group in others)
    rate = fraction(sum(_count(group, problem.metric) for group in others), whole=whole)
    if rate is None or whole < SAMPLE or problem.metric == "deferred":
        return ""
    verb = "marked as spam by" if problem.metric == "complaints" else "refused by"
    share = percent(rate, name="complaint_rate" if problem.metric == "complaints" else "")
    return f"{share} {verb} all others together."


def enough(groups: Sequence[Group]) -> bool:
    """Say whether any provider got enough mail to be judged."""
    return any(_count(group, "sent") >= SAMPLE for group in groups)


def _count(group: Group, name: str) -> int:
    return int(group.totals[name] or 0)


def _worst(group: Group) -> Problem | None:
    rules: tuple[Callable[[Group], Problem | None], ...] = (_refuses, _complains, _puts_off)
    found = [problem for rule in rules if (problem := rule(group)) is not None]
    return max(found, key=lambda problem: problem.severity, default=None)


def _refuses(group: Group) -> Problem | None:
    refused, sent = _count(group, "bounced"), _count(group, "sent")
    name = provider_name(group.key)
    if refused >= SAMPLE and refused > sent:  # at the hand-over: those were never sent
        taken = f"and took {number(sent)}" if sent else "and took none"
        text = f"{name} refused {number(refused)} messages {taken}"
        return Problem(group.key, "bounced", 1 / REFUSED[1], text)
    rate = group.totals["bounce_rate"]
    if rate is None or sent < SAMPLE or rate < REFUSED[0]:
        return None
    text = f"{name} refuses {percent(rate)} ({number(refused)} of {number(sent)})"
    return Problem(group.key, "bounced", rate / REFUSED[1], text)


def _complains(group: Group) -> Problem | None:
    complaints, delivered = _count(group, "complaints"), _count(group, "delivered")
    rate = group.totals["complaint_rate"]
    if rate is None or complaints < COMPLAINTS_SAMPLE or rate < COMPLAINED[0]:
        return None
    share = percent(rate, name="complaint_rate")
    text = (
        f"{share} of what {provider_name(group.key)} took was marked as spam "
        f"({number(complaints)} of {number(delivered)})"
    )
    return Problem(group.key, "complaints", rate / COMPLAINED[1], text)


def _puts_off(group: Group) -> Problem | None:
    deferred, sent = _count(group, "deferred"), _count(group, "sent")
    rate = deferred / sent if sent >= SAMPLE else 0.0
    if rate < PUT_OFF[0]:
        return None
    text = (
        f"{provider_name(group.key)} asked {number(deferred)} times to try later, "
        f"for {number(sent)} messages sent"
    )
    # Mail that is put off mostly arrives in the end: refusals come before it.
    return Problem(group.key, "deferred", min(rate / PUT_OFF[1], 1.0) / 2, text)
