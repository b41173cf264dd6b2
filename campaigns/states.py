"""States of a campaign and of a recipient, and the legal moves between them."""

from __future__ import annotations

import enum

from common.errors import DomainError


class CampaignState(enum.StrEnum):
    """Where a campaign is in its life."""

    DRAFT = "draft"  # being written
    SCHEDULED = "scheduled"  # starts by itself at `scheduled_at`
    PREPARING = "preparing"  # the ledger is being written
    TESTING = "testing"  # the test share of an A/B test is out, the rest waits for the winner
    SENDING = "sending"  # workers claim recipients
    PAUSED = "paused"  # workers leave it alone until it is resumed
    SENT = "sent"  # every recipient has an end state
    CANCELLED = "cancelled"  # stopped for good by a person
    FAILED = "failed"  # could not go on; the reason is in `state_reason`


MOVES: dict[CampaignState, frozenset[CampaignState]] = {
    CampaignState.DRAFT: frozenset(
        {CampaignState.SCHEDULED, CampaignState.PREPARING, CampaignState.CANCELLED}
    ),
    CampaignState.SCHEDULED: frozenset(
        {
            CampaignState.DRAFT,
            CampaignState.PREPARING,
            CampaignState.CANCELLED,
            CampaignState.FAILED,
        }
    ),
    CampaignState.PREPARING: frozenset(
        {
            CampaignState.TESTING,
            CampaignState.SENDING,
            CampaignState.PAUSED,
            CampaignState.CANCELLED,
            CampaignState.FAILED,
        }
    ),
    CampaignState.TESTING: frozenset(
        {CampaignState.SENDING, CampaignState.PAUSED, CampaignState.CANCELLED, CampaignState.FAILED}
    ),
    CampaignState.SENDING: frozenset(
        {CampaignState.SENT, CampaignState.PAUSED, CampaignState.CANCELLED, CampaignState.FAILED}
    ),
    CampaignState.PAUSED: frozenset(
        {
            CampaignState.PREPARING,
            CampaignState.TESTING,
            CampaignState.SENDING,
            CampaignState.CANCELLED,
        }
    ),
    CampaignState.SENT: frozenset(),
    CampaignState.CANCELLED: frozenset(),
    CampaignState.FAILED: frozenset({CampaignState.PREPARING, CampaignState.CANCELLED}),
}
EDITABLE = frozenset({CampaignState.DRAFT, CampaignState.SCHEDULED})
RUNNING = frozenset({CampaignState.PREPARING, CampaignState.TESTING, CampaignState.SENDING})
ENDED = frozenset({CampaignState.SENT, CampaignState.CANCELLED})


class IllegalMoveError(DomainError):
    """The campaign is not in a state from which this can be done."""


def require_move(current: str, target: CampaignState) -> None:
    """Raise IllegalMoveError unless a campaign may go from `current` to `target`."""
    if target not in MOVES[CampaignState(current)]:
        message = f"A campaign that is {current} cannot become {target}."
        raise IllegalMoveError("illegal_move", message, {"state": current, "target": str(target)})


class RecipientState(enum.StrEnum):
    """Where one contact of one campaign is; the states of the send ledger."""

    PLANNED = "planned"  # waits for its turn, or for `not_before`
    CLAIMED = "claimed"  # a worker holds it under a lease
    SENT = "sent"  # the MTA took it
    DELIVERED = "delivered"  # the mailbox provider took it
    BOUNCED = "bounced"  # refused for good, at once or later
    FAILED = "failed"  # we could not hand it over before its attempts or its deadline ran out
    SKIPPED = "skipped"  # left out on purpose; the reason is in `reason`
    CANCELLED = "cancelled"  # the campaign was cancelled before its turn
    IN_DOUBT = "in_doubt"  # handed over without an answer; settled by an event or by policy


WAITING = frozenset({RecipientState.PLANNED, RecipientState.CLAIMED})
SETTLED = frozenset(RecipientState) - WAITING - {RecipientState.IN_DOUBT}


class InDoubtPolicy(enum.StrEnum):
    """What happens to a message that may or may not have been taken."""

    HOLD = "hold"  # never sent again by itself: no one can get it twice
    RESEND = "resend"  # sent again with the same Message-ID: no one is left out
