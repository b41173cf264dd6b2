"""No plan ever crosses streams, whatever pools, limits, scores and breakers there are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sending.plan import (
    THROTTLED,
    BatchFacts,
    CandidateIP,
    Defer,
    Deliver,
    RecipientFacts,
    plan_batch,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
STREAMS = st.sampled_from(["marketing", "transactional"])
PROVIDERS = ("gmail", "yahoo", "other")


@st.composite
def candidates(draw):
    """Return sending IPs of both streams in any condition."""
    return [
        CandidateIP(
            number,
            f"192.0.2.{number}",
            draw(STREAMS),
            room=draw(st.none() | st.integers(0, 4)),
            room_returns_at=LATER,
            scores=draw(st.dictionaries(st.sampled_from(PROVIDERS), st.floats(-1, 1))),
            throttled_until=draw(
                st.dictionaries(st.sampled_from(PROVIDERS), st.sampled_from([NOW, LATER]))
            ),
            warming=draw(st.booleans()),
            fallback=draw(st.booleans()),
        )
        for number in range(draw(st.integers(0, 6)))
    ]


@st.composite
def batches(draw):
    """Return the facts of a batch of either stream, the IPs of both streams among them."""
    return BatchFacts(
        now=NOW,
        stream=draw(STREAMS),
        recipients=[
            RecipientFacts(number, draw(st.sampled_from(PROVIDERS)), draw(st.integers(0, 200)), "")
            for number in range(draw(st.integers(0, 12)))
        ],
        candidates=draw(candidates()),
        retry_at=LATER,
        engaged_waiting=draw(st.booleans()),
    )


class TestPlanBatch:
    @given(batches())
    def test_never_crosses_streams_nor_leaves_through_a_throttled_ip(self, facts):
        by_id = {candidate.ip_id: candidate for candidate in facts.candidates}
        providers = {one.recipient_id: one.provider for one in facts.recipients}

        planned = plan_batch(facts)

        assert len(planned) == len(facts.recipients)
        for decision in planned:
            if isinstance(decision, Deliver):
                used = by_id[decision.ip_id]
                assert used.stream == facts.stream
                assert used.throttled_until.get(providers[decision.recipient_id], NOW) <= NOW

    @given(batches())
    def test_uses_a_fallback_only_when_nothing_else_can(self, facts):
        used: dict[int, int] = {}
        for recipient, decision in zip(facts.recipients, plan_batch(facts), strict=True):
            if not isinstance(decision, Deliver):
                continue
            chosen = next(c for c in facts.candidates if c.ip_id == decision.ip_id)
            if chosen.fallback:
                assert not [
                    c
                    for c in facts.candidates
                    if c.stream == facts.stream
                    and not c.fallback
                    and (c.room is None or c.room > used.get(c.ip_id, 0))
                    and c.throttled_until.get(recipient.provider, NOW) <= NOW
                    and (
                        recipient.engagement_days <= 90 or not (c.warming and facts.engaged_waiting)
                    )
                ]
            used[decision.ip_id] = used.get(decision.ip_id, 0) + 1

    def test_takes_the_fallback_while_the_others_are_throttled(self):
        first = CandidateIP(1, "192.0.2.1", "transactional", throttled_until={"gmail": LATER})
        spare = CandidateIP(2, "192.0.2.2", "transactional", fallback=True)
        people = [RecipientFacts(1, "gmail", 1, ""), RecipientFacts(2, "yahoo", 1, "")]

        planned = plan_batch(BatchFacts(NOW, "transactional", people, [first, spare], LATER))

        assert planned == [Deliver(1, 2), Deliver(2, 1)]

    def test_waits_rather_than_leave_through_the_other_stream(self):
        own = CandidateIP(1, "192.0.2.1", "marketing", throttled_until={"gmail": LATER})
        other = CandidateIP(2, "192.0.2.2", "transactional")
        people = [RecipientFacts(1, "gmail", 1, "")]

        planned = plan_batch(BatchFacts(NOW, "marketing", people, [own, other], LATER))

        assert planned == [Defer(1, LATER, THROTTLED)]
