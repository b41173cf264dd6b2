"""Why a message left through its IP, and how the sending IPs stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import iprouting.queries
from campaigns.models import Recipient
from campaigns.states import RecipientState
from iprouting.decisions import Considered, weighed_for, why
from sending.plan import ENGAGED_DAYS, ENGAGED_FIRST, NO_ROOM, THROTTLED

_WAITS: Final = "It has not left yet, so no IP was chosen."
_NOT_KEPT: Final = "What was weighed for it is not kept: it left too long ago, or as a test."
_NEVER: Final = "It was never to leave, so no IP was chosen."
_REASONS: Final = {
    THROTTLED: "The provider asked for less mail from each IP that could carry it.",
    NO_ROOM: "The IPs that could carry it had no room left for that day.",
    ENGAGED_FIRST: "The IPs with room are warming up, and kept it for more engaged people.",
}
_WITHOUT = frozenset({RecipientState.SKIPPED, RecipientState.CANCELLED})


@dataclass(frozen=True, slots=True)
class RoutingExplanation:
    """Which IP a message was given to and why, with everything that was weighed.

    `at` is when that was decided; None, with no candidates, if nothing is known of it.
    """

    recipient_id: int
    provider: str
    ip: str
    at: datetime | None
    explanation: str
    candidates: list[Considered]


def explain_routing(message: Recipient) -> RoutingExplanation:
    """Return why a message left through its IP: the last choice, if it was tried repeatedly."""
    found = iprouting.queries.decision_for(message.pk)
    if found is None:
        return _unknown(message)
    decision, ip_id = found
    engaged = message.engagement_days <= ENGAGED_DAYS
    candidates = weighed_for(decision.weighed, message.provider, engaged=engaged)
    return RoutingExplanation(
        recipient_id=message.pk,
        provider=message.provider,
        ip=next((one.address for one in candidates if one.ip_id == ip_id), message.ip),
        at=decision.at,
        explanation=why(candidates, ip_id),
        candidates=candidates,
    )


def _unknown(message: Recipient) -> RoutingExplanation:
    state = RecipientState(message.state)
    text = _NEVER if state in _WITHOUT else _NOT_KEPT if message.ip else _waits(message)
    return RoutingExplanation(message.pk, message.provider, message.ip, None, text, [])


def _waits(message: Recipient) -> str:
    """Return what a message waits for: on its own, or with its whole campaign."""
    reason = _REASONS.get(message.reason)
    if reason is None:
        return f"{_WAITS} {message.campaign.problem}".strip()
    local = message.not_before.astimezone(ZoneInfo(str(message.organization.timezone)))
    return f"{_WAITS} {reason} It is looked at again on {local:%a %d %b %H:%M}."
