"""What a campaign, or those of it who wait, are told to wait for while IPs warm up."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import campaigns.operations.campaigns
import campaigns.queries.ledger
from campaigns.ledger import ClaimedRecipient, Outcome
from campaigns.models import Campaign
from campaigns.states import RecipientState
from iprouting.models import SendingIP
from sending.plan import ENGAGED_FIRST, NO_ROOM, PROVIDER_CAP, Decision, Defer
from sending.queries.rooms import RoomWait, cap_wait, cap_words, wait_words
from warmup.queries import Room

LONGEST_HOLD = timedelta(seconds=60)
LONGEST_REASON = 200  # characters that the ledger keeps
WAITS_FOR_ENGAGED = "Warming IPs wait for engaged people to be mailed first."
_NO_PLACE = (NO_ROOM, ENGAGED_FIRST)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Holds one campaign for a while, and says why."""

    campaign: Campaign
    ips: Mapping[int, SendingIP]

    def for_room(self, wait: RoomWait, *, now: datetime) -> None:
        """Hold the campaign until warming IPs have room again."""
        reason = wait_words(wait, organization=self.campaign.organization)
        self._hold(reason, wait.until or now + LONGEST_HOLD, now)

    def for_engaged(self, *, now: datetime) -> None:
        """Hold the campaign when engaged people wait, but not yet are due or not in this one."""
        self._hold(WAITS_FOR_ENGAGED, now + LONGEST_HOLD, now)

    def for_providers(
        self, closed: Collection[str], rooms: Mapping[int, Room], *, now: datetime
    ) -> None:
        """Hold the campaign where all who are due are at providers that get no more today.

        It goes on as soon as the turn of others comes.
        """
        waiting = campaigns.queries.ledger.waiting_by_provider(self.campaign.pk)
        mine = [provider for provider in waiting if provider in closed]
        if mine:
            others_at = campaigns.queries.ledger.next_due_at(
                self.campaign.pk, without_providers=closed
            )
            self._hold(self._words(mine, rooms), others_at or now + LONGEST_HOLD, now)

    def if_nobody_has_a_place(self, decisions: Sequence[Decision], *, now: datetime) -> None:
        """Hold the campaign when nobody of a batch has a place.

        Else the whole audience would be put off batch by batch.
        """
        waits = [one for one in decisions if isinstance(one, Defer) and one.reason in _NO_PLACE]
        if len(waits) == len(decisions):
            until = min(wait.until for wait in waits)
            self._hold(WAITS_FOR_ENGAGED, until, now)

    def capped(
        self,
        decisions: Sequence[Decision],
        rows: Sequence[ClaimedRecipient],
        rooms: Mapping[int, Room],
        *,
        now: datetime,
    ) -> list[Outcome]:
        """Return what becomes of those of a batch whose provider gets no more today.

        They keep their turn, so that the most engaged stay first, and are not claimed again before
        there is room.
        """
        return [
            Outcome(
                row.id,
                RecipientState.PLANNED,
                now,
                f"{PROVIDER_CAP}: {self._words([row.provider], rooms)}"[:LONGEST_REASON],
                uncount=True,
            )
            for decision, row in zip(decisions, rows, strict=True)
            if isinstance(decision, Defer) and decision.reason == PROVIDER_CAP
        ]

    def _words(self, providers: Collection[str], rooms: Mapping[int, Room]) -> str:
        wait = cap_wait(providers, self.ips, rooms)
        return cap_words(wait, organization=self.campaign.organization)

    def _hold(self, reason: str, until: datetime, now: datetime) -> None:
        """Leave the campaign alone for a while; room may also come by what staff do meanwhile."""
        until = min(until, now + LONGEST_HOLD)
        campaigns.operations.campaigns.hold(self.campaign.pk, until=until, reason=reason)
