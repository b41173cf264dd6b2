"""The IPs that may carry a batch, with their scores, and what was decided about them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import iprouting.operations
import iprouting.queries
from campaigns.ledger import ClaimedRecipient
from campaigns.models import Campaign
from iprouting.decisions import Considered, key_of
from iprouting.models import SendingIP
from iprouting.reputation import Counts
from iprouting.routing import score_at
from sending.plan import BatchFacts, CandidateIP, Room, Weighed, best_at, weigh
from warmup.queries import Room as DayRoom

SCORES_HOLD: Final = timedelta(seconds=10)  # reputation itself is counted anew every 30 seconds


class Candidates:
    """Knows the sending IPs of one campaign, and how well each provider takes their mail."""

    def __init__(self, campaign: Campaign, ips: Mapping[int, SendingIP]) -> None:
        self._campaign, self._ips = campaign, ips
        self.ips = ips  # those of them that may be used now
        self._reputation: dict[tuple[str, str], Counts] = {}
        self._scores: dict[str, dict[int, float]] = {}
        self._best: dict[str, int] | None = None
        self._look_again_at: datetime | None = None

    def look_again(self, *, now: datetime) -> None:
        """Leave out whichever was switched off, moved to another stream or lost since."""
        usable = set(
            iprouting.queries.usable_ips(
                self._campaign.organization_id, stream=self._campaign.stream, now=now
            ).values_list("pk", flat=True)
        )
        self.ips = {ip_id: ip for ip_id, ip in self._ips.items() if ip_id in usable}

    def among(
        self, providers: Collection[str], *, rooms: Mapping[int, DayRoom], now: datetime
    ) -> list[CandidateIP]:
        """Return the IPs with what they may still send, and their scores at these providers."""
        self._refresh(now)
        scores = {provider: self._scored(provider) for provider in providers}
        return [
            _candidate(ip, rooms.get(ip.pk), {p: by_ip[ip.pk] for p, by_ip in scores.items()})
            for ip in self.ips.values()
        ]

    def best(self) -> Mapping[str, int]:
        """Return which IP counted as the best at each provider until now."""
        if self._best is None:
            self._best = iprouting.queries.latest_best(
                self._campaign.organization_id, stream=self._campaign.stream
            )
        return self._best

    def keep(self, facts: BatchFacts, by_ip: Mapping[int, Sequence[ClaimedRecipient]]) -> None:
        """Write down what was weighed for those who are mailed now, and who is the best."""
        chosen = {ip_id: [row.id for row in rows] for ip_id, rows in by_ip.items() if rows}
        if not chosen:
            return
        providers = {row.provider for rows in by_ip.values() for row in rows}
        best = {p: ip_id for p in providers if (ip_id := best_at(facts, p)) is not None}
        self._best = {**self.best(), **best}
        iprouting.operations.keep_decision(
            self._campaign,
            chosen=chosen,
            weighed=self._weighed(facts, providers),
            best=self._best,  # of the other providers too: only the last one is looked up
            now=facts.now,
        )

    def _weighed(self, facts: BatchFacts, providers: Collection[str]) -> dict[str, list[Any]]:
        apart = facts.engaged_waiting and any(one.warming for one in facts.candidates)
        return {
            key_of(provider, engaged=engaged): [
                self._considered(one, provider).stored()
                for one in weigh(facts, provider, engaged=engaged)
            ]
            for provider in providers
            for engaged in ((True, False) if apart else (True,))
        }

    def _considered(self, one: Weighed, provider: str) -> Considered:
        candidate, share = one.candidate, one.share
        return Considered(
            candidate.ip_id,
            candidate.address,
            self._counts(candidate.ip_id, provider),
            candidate.scores.get(provider, 0.0),
            Room([candidate]).at(candidate.ip_id, provider),
            candidate.warming,
            one.obstacle,
            share.rule if share else None,
            share.fraction if share else 0.0,
        )

    def _refresh(self, now: datetime) -> None:
        if self._look_again_at is not None and now < self._look_again_at:
            return
        self._look_again_at = now + SCORES_HOLD
        self._scores = {}
        self._reputation = iprouting.queries.reputation(
            self._campaign.organization_id,
            now=now,
            addresses={ip.address for ip in self._ips.values()},
        )

    def _scored(self, provider: str) -> dict[int, float]:
        if provider not in self._scores:
            self._scores[provider] = {ip_id: self._score(ip_id, provider) for ip_id in self._ips}
        return self._scores[provider]

    def _score(self, ip_id: int, provider: str) -> float:
        ip = self._ips[ip_id]
        pool = {one.address for one in self._ips.values() if one.pool_id == ip.pool_id}
        return score_at(provider, ip.address, reputation=self._reputation, pool=pool)

    def _counts(self, ip_id: int, provider: str) -> Counts:
        return self._reputation.get((self._ips[ip_id].address, provider), Counts())


def _candidate(ip: SendingIP, room: DayRoom | None, scores: Mapping[str, float]) -> CandidateIP:
    if room is None:
        return CandidateIP(ip.pk, ip.address, ip.pool.stream, scores=scores)
    return CandidateIP(
        ip.pk,
        ip.address,
        ip.pool.stream,
        room.left,
        room.returns_at,
        room.capped,
        scores,
        warming=True,
    )
