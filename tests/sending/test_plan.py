"""The plan of a batch, from facts alone."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iprouting.routing import Obstacle
from sending.plan import (
    CONTACT_DELETED,
    DEADLINE_PASSED,
    ENGAGED_DAYS,
    ENGAGED_FIRST,
    NO_ROOM,
    PROVIDER_CAP,
    SEND_TIME,
    THROTTLED,
    BatchFacts,
    CandidateIP,
    Defer,
    Deliver,
    RecipientFacts,
    Room,
    Skip,
    plan_batch,
    weigh,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=3)
RETRY_AT = NOW + timedelta(minutes=1)


def recipient(number: int = 1, **facts: object) -> RecipientFacts:
    defaults: dict[str, object] = {"provider": "gmail", "engagement_days": 3, "variant": ""}
    return RecipientFacts(recipient_id=number, **(defaults | facts))


def batch(recipients, candidates, **facts) -> BatchFacts:
    return BatchFacts(
        now=NOW,
        stream=facts.pop("stream", "marketing"),
        recipients=recipients,
        candidates=candidates,
        retry_at=RETRY_AT,
        **facts,
    )


def ips_of(decisions):
    return [decision.ip_id for decision in decisions]


WARM = CandidateIP(7, "192.0.2.7", "marketing")


class TestPlanBatch:
    def test_delivers_through_the_only_ip(self):
        assert plan_batch(batch([recipient()], [WARM])) == [Deliver(1, 7)]

    def test_skips_the_suppressed_with_the_reason(self):
        facts = batch([recipient(suppressed_reason="complaint")], [WARM])

        assert plan_batch(facts) == [Skip(1, "complaint")]

    def test_skips_whoever_was_deleted(self):
        assert plan_batch(batch([recipient(deleted=True)], [WARM])) == [Skip(1, CONTACT_DELETED)]

    def test_skips_everybody_after_the_deadline(self):
        facts = batch([recipient()], [WARM], deadline_at=NOW - timedelta(seconds=1))

        assert plan_batch(facts) == [Skip(1, DEADLINE_PASSED)]

    def test_never_uses_an_ip_of_another_stream(self):
        facts = batch([recipient()], [WARM], stream="transactional")

        assert plan_batch(facts) == [Defer(1, RETRY_AT, NO_ROOM)]

    def test_waits_for_the_best_time_of_a_person(self):
        assert plan_batch(batch([recipient(best_time=LATER)], [WARM])) == [
            Defer(1, LATER, SEND_TIME)
        ]

    def test_never_waits_beyond_the_deadline_for_the_best_time(self):
        deadline = NOW + timedelta(hours=1)
        facts = batch([recipient(best_time=LATER)], [WARM], deadline_at=deadline)

        assert plan_batch(facts) == [Defer(1, deadline, SEND_TIME)]

    def test_takes_the_best_scored_ip_for_the_provider(self):
        poor = CandidateIP(1, "192.0.2.1", "marketing", scores={"gmail": 0.1, "yahoo": 0.9})
        good = CandidateIP(2, "192.0.2.2", "marketing", scores={"gmail": 0.9, "yahoo": 0.1})
        both = [recipient(1), recipient(2, provider="yahoo")]

        assert plan_batch(batch(both, [poor, good])) == [Deliver(1, 2), Deliver(2, 1)]

    def test_shares_among_equals_by_room(self):
        equals = [
            CandidateIP(1, "192.0.2.1", "marketing", room=3000, scores={"gmail": 0.90}),
            CandidateIP(2, "192.0.2.2", "marketing", room=1000, scores={"gmail": 0.91}),
        ]
        everyone = [recipient(number) for number in range(400)]

        used = ips_of(plan_batch(batch(everyone, equals, seed=0.7)))

        assert used.count(1) == 300
        assert used.count(2) == 100

    def test_keeps_the_traffic_of_an_ip_at_the_providers_that_take_it(self):
        split = CandidateIP(1, "192.0.2.1", "marketing", scores={"gmail": -5.0, "yahoo": 0.9})
        other = CandidateIP(2, "192.0.2.2", "marketing", scores={"gmail": 0.9, "yahoo": 0.9})
        gmail = [recipient(number) for number in range(100)]
        yahoo = [recipient(number, provider="yahoo") for number in range(100, 200)]

        used = ips_of(plan_batch(batch([*gmail, *yahoo], [split, other])))

        assert set(used[:100]) == {2}
        assert used[100:].count(1) == 50

    def test_lets_a_little_go_through_another_healthy_ip(self):
        best = CandidateIP(1, "192.0.2.1", "marketing", scores={"gmail": 0.95})
        other = CandidateIP(2, "192.0.2.2", "marketing", scores={"gmail": 0.80})
        everyone = [recipient(number) for number in range(400)]

        used = ips_of(plan_batch(batch(everyone, [best, other])))

        assert used.count(2) == 12

    def test_uses_the_room_of_a_warming_ip_first_for_the_engaged(self):
        new = CandidateIP(1, "192.0.2.1", "marketing", room=2, scores={"gmail": 0.8}, warming=True)
        warm = CandidateIP(2, "192.0.2.2", "marketing", scores={"gmail": 0.9})
        quiet = [recipient(number, engagement_days=400) for number in (1, 2)]
        engaged = [recipient(number) for number in (3, 4, 5)]

        planned = plan_batch(batch([*quiet, *engaged], [new, warm], engaged_waiting=True))

        assert ips_of(planned) == [2, 2, 1, 1, 2]

    def test_uses_what_stands_in_only_when_no_other_can(self):
        own = CandidateIP(1, "192.0.2.1", "marketing", room=2, throttled_until={"yahoo": LATER})
        standing_in = CandidateIP(
            2, "192.0.2.2", "marketing", scores={"gmail": 0.99}, fallback=True
        )
        gmail = [recipient(number) for number in (1, 2, 3)]
        everyone = [*gmail, recipient(4, provider="yahoo")]

        assert ips_of(plan_batch(batch(everyone, [own, standing_in]))) == [1, 1, 2, 2]

    def test_keeps_the_best_until_another_is_clearly_better(self):
        rivals = [
            CandidateIP(1, "192.0.2.1", "marketing", scores={"gmail": 0.90}),
            CandidateIP(2, "192.0.2.2", "marketing", scores={"gmail": 0.94}),
        ]
        everyone = [recipient(number) for number in range(100)]

        kept = ips_of(plan_batch(batch(everyone, rivals, incumbents={"gmail": 1})))
        without = ips_of(plan_batch(batch(everyone, rivals)))

        assert kept.count(1) == 50
        assert without.count(1) == 3

    def test_goes_on_to_the_next_ip_when_the_room_is_used_up(self):
        small = CandidateIP(1, "192.0.2.1", "marketing", room=1, scores={"gmail": 1.0})
        everyone = [recipient(number) for number in (1, 2, 3)]

        planned = plan_batch(batch(everyone, [small, WARM]))

        assert planned == [Deliver(1, 1), Deliver(2, 7), Deliver(3, 7)]

    def test_waits_until_room_returns(self):
        full = CandidateIP(1, "192.0.2.1", "marketing", room=0, room_returns_at=LATER)

        assert plan_batch(batch([recipient()], [full])) == [Defer(1, LATER, NO_ROOM)]

    @pytest.mark.parametrize(
        ("throttled", "wait"),
        [(LATER + timedelta(hours=9), (LATER, NO_ROOM)), (RETRY_AT, (RETRY_AT, THROTTLED))],
    )
    def test_waits_for_whichever_ip_may_take_it_first(self, throttled, wait):
        asked = CandidateIP(1, "192.0.2.1", "marketing", throttled_until={"gmail": throttled})
        full = CandidateIP(2, "192.0.2.2", "marketing", room=0, room_returns_at=LATER, warming=True)

        assert plan_batch(batch([recipient()], [asked, full])) == [Defer(1, *wait)]

    def test_leaves_a_provider_alone_that_asked_for_it(self):
        asked = CandidateIP(1, "192.0.2.1", "marketing", throttled_until={"gmail": LATER})
        both = [recipient(1), recipient(2, provider="yahoo")]

        assert plan_batch(batch(both, [asked])) == [Defer(1, LATER, THROTTLED), Deliver(2, 1)]

    @given(
        rooms=st.lists(st.integers(0, 5), min_size=1, max_size=4),
        streams=st.lists(st.sampled_from(["marketing", "transactional"]), min_size=4, max_size=4),
        count=st.integers(0, 30),
    )
    def test_never_gives_an_ip_more_than_its_room_nor_another_stream(self, rooms, streams, count):
        candidates = [
            CandidateIP(number, f"192.0.2.{number}", stream, room=room)
            for number, (room, stream) in enumerate(zip(rooms, streams, strict=False))
        ]
        everyone = [recipient(number) for number in range(count)]

        planned = plan_batch(batch(everyone, candidates))

        used = [decision.ip_id for decision in planned if isinstance(decision, Deliver)]
        assert len(planned) == count
        assert all(used.count(c.ip_id) <= c.room for c in candidates)
        assert all(candidates[ip_id].stream == "marketing" for ip_id in used)
        room = sum(c.room for c in candidates if c.stream == "marketing")
        assert len(used) == min(count, room)


def warming(number: int, room: int) -> CandidateIP:
    return CandidateIP(
        number, f"192.0.2.{number}", "marketing", room=room, room_returns_at=LATER, warming=True
    )


def people(engagement: list[int]) -> list[RecipientFacts]:
    """Return recipients in the order in which a ledger gives them out: the engaged first."""
    days = enumerate(sorted(engagement))
    return [recipient(number, engagement_days=since) for number, since in days]


rooms = st.lists(st.integers(0, 6), max_size=4)
engagement = st.lists(st.sampled_from([0, 30, ENGAGED_DAYS, ENGAGED_DAYS + 1, 400]), max_size=25)


class TestWarmingIPs:
    def test_wait_for_engaged_people_elsewhere(self):
        facts = batch(people([400]), [warming(1, 5)], engaged_waiting=True)

        assert plan_batch(facts) == [Defer(0, RETRY_AT, ENGAGED_FIRST)]

    @given(rooms=rooms, engagement=engagement, engaged_waiting=st.booleans(), warm=st.booleans())
    def test_take_the_engaged_within_their_room_and_leave_the_surplus_to_warm_ones(
        self, rooms, engagement, engaged_waiting, warm
    ):
        candidates = [warming(number, room) for number, room in enumerate(rooms)]
        everyone = people(engagement)
        facts = batch(everyone, [*candidates, *([WARM] * warm)], engaged_waiting=engaged_waiting)

        planned = plan_batch(facts)

        through = {one.recipient_id: one.ip_id for one in planned if isinstance(one, Deliver)}
        engaged = {one.recipient_id for one in everyone if one.engagement_days <= ENGAGED_DAYS}
        on_warming = {who for who, ip_id in through.items() if ip_id != WARM.ip_id}
        assert all(list(through.values()).count(c.ip_id) <= c.room for c in candidates)
        if engaged_waiting:
            assert on_warming <= engaged
        assert len(on_warming & engaged) == min(len(engaged), sum(rooms))
        if not engaged_waiting:
            assert len(on_warming) == min(len(everyone), sum(rooms))
        assert not warm or len(through) == len(everyone)
        # Nobody who is not engaged has a place of which an engaged person of the batch was short.
        assert engaged <= set(through) or on_warming <= engaged


def capped(ip_id: int = 1, *, room: int = 50, **capped: int) -> CandidateIP:
    """Return a warming IP with what of its room is left for single providers."""
    return CandidateIP(
        ip_id,
        f"192.0.2.{ip_id}",
        "marketing",
        room=room,
        room_returns_at=LATER,
        capped=capped,
        warming=True,
    )


class TestProviderCaps:
    def test_leave_the_rest_of_the_room_to_other_providers(self):
        people = [recipient(n, provider="gmail" if n < 4 else "yahoo") for n in range(6)]

        decisions = plan_batch(batch(people, [capped(gmail=2)]))

        assert decisions == [
            Deliver(0, 1), Deliver(1, 1), Defer(2, LATER, PROVIDER_CAP),
            Defer(3, LATER, PROVIDER_CAP), Deliver(4, 1), Deliver(5, 1),
        ]  # fmt: skip

    def test_send_the_surplus_through_warm_ips_first(self):
        decisions = plan_batch(batch([recipient(n) for n in range(5)], [capped(gmail=2), WARM]))

        assert sorted(ips_of(decisions)) == [1, 1, 7, 7, 7]

    def test_are_no_reason_where_there_is_no_room_at_all(self):
        [decision] = plan_batch(batch([recipient()], [capped(room=0, gmail=5)]))

        assert decision == Defer(1, LATER, NO_ROOM)

    def test_are_no_reason_where_another_ip_waits_for_the_engaged(self):
        people = [recipient(engagement_days=ENGAGED_DAYS + 1)]

        [decision] = plan_batch(
            batch(people, [capped(1, gmail=0), capped(2, gmail=3)], engaged_waiting=True)
        )

        assert decision == Defer(1, RETRY_AT, ENGAGED_FIRST)

    def test_are_told_as_what_was_in_the_way(self):
        facts = batch([recipient()], [capped(gmail=0), WARM])

        weighed = weigh(facts, "gmail", engaged=True)

        assert [one.obstacle for one in weighed] == [Obstacle.PROVIDER_CAP, None]
        assert weigh(facts, "yahoo", engaged=True)[0].obstacle is None

    @given(
        st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), st.booleans()), max_size=4),
        st.lists(st.sampled_from(["gmail", "yahoo", "other"]), max_size=60),
        st.floats(0, 1, exclude_max=True),
    )
    def test_are_never_exceeded_and_nobody_waits_while_there_is_room(self, ips, people, seed):
        candidates = [
            capped(n, room=room, gmail=gmail, **({"yahoo": 3} if both else {}))
            for n, (room, gmail, both) in enumerate(ips)
        ]
        everybody = [recipient(n, provider=provider) for n, provider in enumerate(people)]

        decisions = plan_batch(batch(everybody, candidates, seed=seed))

        went = Counter(
            (one.ip_id, person.provider)
            for one, person in zip(decisions, everybody, strict=True)
            if isinstance(one, Deliver)
        )
        for candidate in candidates:
            through = {p: n for (ip_id, p), n in went.items() if ip_id == candidate.ip_id}
            assert sum(through.values()) <= candidate.room
            assert all(through.get(p, 0) <= most for p, most in candidate.capped.items())
        rooms = Room(candidates)
        for (ip_id, provider), number in went.items():
            assert all(rooms.take(ip_id, provider) for _ in range(number))
        for one, person in zip(decisions, everybody, strict=True):
            if isinstance(one, Defer):
                assert not any(rooms.at(c.ip_id, person.provider) for c in candidates)
