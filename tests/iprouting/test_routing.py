"""Scores with little data, and the shares that follow from them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iprouting.reputation import Counts, score
from iprouting.routing import (
    EXPLORING_SHARE,
    FULL_SAMPLE,
    ORDINARY,
    Contender,
    Obstacle,
    Rule,
    Share,
    best_of,
    expected,
    obstacle,
    shares,
    smoothed_score,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CLEAR = {
    "other_stream": False,
    "room": None,
    "throttled_until": None,
    "now": NOW,
    "kept_for_engaged": False,
}
GOOD = Counts(1000, 990, 10, 0)
BAD = Counts(1000, 100, 900, 0)

counts = st.builds(
    lambda sent, delivered, bounced, complained: Counts(
        sent, int(delivered * sent), int(bounced * sent), int(complained * delivered * sent)
    ),
    st.integers(0, 5000),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0, 1),
)
contenders = st.lists(
    st.builds(
        Contender,
        ip_id=st.integers(1, 50),
        score=st.floats(-110, 1),
        room=st.none() | st.integers(1, 100_000),
        warming=st.booleans(),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda one: one.ip_id,
)


class TestObstacle:
    @pytest.mark.parametrize(
        ("change", "found"),
        [
            ({}, None),
            ({"room": 1}, None),
            ({"room": 0}, Obstacle.NO_ROOM),
            ({"other_stream": True}, Obstacle.OTHER_STREAM),
            ({"throttled_until": NOW + timedelta(seconds=1)}, Obstacle.THROTTLED),
            ({"throttled_until": NOW}, None),
            ({"kept_for_engaged": True}, Obstacle.ENGAGED_FIRST),
            ({"other_stream": True, "room": 0}, Obstacle.OTHER_STREAM),
        ],
    )
    def test_names_what_is_in_the_way(self, change, found):
        assert obstacle(**(CLEAR | change)) is found


class TestExpected:
    def test_is_an_ordinary_sender_where_nothing_is_known(self):
        assert expected(pool=Counts()) == ORDINARY

    def test_follows_the_pool(self):
        # (900 + 50 x 0.98) / 1050, (100 + 50 x 0.01) / 1050
        prior = expected(pool=Counts(1000, 900, 100, 0))

        assert prior.delivery == pytest.approx(949 / 1050)
        assert prior.bounce == pytest.approx(100.5 / 1050)

    def test_fears_an_ip_that_most_providers_refuse(self):
        assert expected(pool=GOOD, elsewhere=[BAD, BAD, GOOD]).score < -3

    @pytest.mark.parametrize("elsewhere", [[BAD], [BAD, GOOD], [BAD, GOOD, GOOD]])
    def test_does_not_hold_trouble_at_one_provider_against_an_ip_elsewhere(self, elsewhere):
        alone = expected(pool=GOOD).score

        assert expected(pool=GOOD, elsewhere=elsewhere).score == pytest.approx(alone, abs=0.01)

    def test_promises_nothing_for_being_good_elsewhere(self):
        assert expected(pool=BAD, elsewhere=[GOOD, GOOD]) == expected(pool=BAD)


class TestSmoothedScore:
    @pytest.mark.parametrize(
        ("sample", "value"),
        [
            (Counts(1000, 1000, 0, 0), 1.0),
            (Counts(1000, 980, 20, 0), 0.78),
            (Counts(1000, 980, 10, 2), 0.98 - 0.1 - 100 * 2 / 980),
            (Counts(0, 0, 1000, 0), -10.0),
            (Counts(500, 400, 100, 4), 0.8 - 2 - 1),
        ],
    )
    def test_is_the_plain_formula_for_a_full_sample(self, sample, value):
        found = smoothed_score(sample, prior=ORDINARY)

        assert found == pytest.approx(value)
        assert found == score(sample)

    def test_is_what_was_expected_without_data(self):
        assert smoothed_score(Counts(), prior=ORDINARY) == ORDINARY.score

    def test_mixes_both_for_a_small_sample(self):
        # 100 messages leave 50 x (1 - 100 / 500) = 40 to what was expected.
        found = smoothed_score(Counts(100, 98, 2, 0), prior=ORDINARY)

        delivery = (98 + 40 * 0.98) / 140
        bounce = (2 + 40 * 0.01) / 140
        complaint = 40 * 0.0002 / 138
        assert found == pytest.approx(delivery - 10 * bounce - 100 * complaint)

    def test_does_not_swing_with_one_bounce_among_three(self):
        one = Counts(3, 2, 1, 0)

        assert score(one) < -2.6
        assert smoothed_score(one, prior=ORDINARY) > 0.5

    @given(sample=counts)
    def test_lies_between_the_plain_score_and_what_was_expected(self, sample):
        found = smoothed_score(sample, prior=ORDINARY)

        assert -110 <= found <= 1
        if sample.handed_over >= FULL_SAMPLE:
            assert found == score(sample)

    @given(sample=counts, more=st.integers(1, 500))
    def test_never_rises_with_a_bounce_in_place_of_a_delivery(self, sample, more):
        moved = min(more, sample.delivered)
        quiet = Counts(sample.sent, sample.delivered, sample.bounced)
        worse = Counts(sample.sent, sample.delivered - moved, sample.bounced + moved)

        before, after = (smoothed_score(one, prior=ORDINARY) for one in (quiet, worse))
        assert after <= before + 1e-9


def given_shares(*contenders, incumbent=None):
    """Return fraction and rule by IP."""
    return {
        share.ip_id: (pytest.approx(share.fraction), share.rule)
        for share in shares(contenders, incumbent=incumbent)
    }


class TestShares:
    def test_are_none_when_no_ip_may(self):
        assert shares([]) == []

    def test_are_all_of_the_only_ip_however_bad(self):
        assert shares([Contender(1, -9.0)]) == [Share(1, 1.0, Rule.BEST)]

    def test_are_equal_in_a_tie(self):
        tied = given_shares(Contender(1, 0.9), Contender(2, 0.9), Contender(3, 0.9))

        assert tied == dict.fromkeys((1, 2, 3), (1 / 3, Rule.SHARED))

    def test_leave_a_little_for_the_second_best(self):
        assert given_shares(Contender(1, 0.95), Contender(2, 0.80)) == {
            1: (1 - EXPLORING_SHARE, Rule.BEST),
            2: (EXPLORING_SHARE, Rule.EXPLORING),
        }

    def test_leave_nothing_for_whom_the_provider_refuses(self):
        assert given_shares(Contender(1, 0.95), Contender(2, -4.0)) == {
            1: (1.0, Rule.BEST),
            2: (0.0, Rule.RESERVE),
        }

    def test_go_by_room_among_equals(self):
        found = given_shares(Contender(1, 0.95, 300), Contender(2, 0.94, 100))

        assert found == {1: (0.75, Rule.SHARED), 2: (0.25, Rule.SHARED)}

    def test_count_an_ip_without_a_limit_as_the_roomiest(self):
        found = given_shares(Contender(1, 0.9, 100), Contender(2, 0.9), Contender(3, 0.9, 50))

        assert found[2] == found[1] == (0.4, Rule.SHARED)

    @pytest.mark.parametrize(("behind", "shared"), [(0.02, True), (0.021, False)])
    def test_are_shared_up_to_epsilon_inclusive(self, behind, shared):
        found = given_shares(Contender(1, 0.95), Contender(2, 0.95 - behind))

        assert found[1][1] is (Rule.SHARED if shared else Rule.BEST)

    def test_use_the_room_of_warming_ips_first(self):
        found = given_shares(Contender(1, 0.95), Contender(2, 0.60, 50, warming=True))

        assert found == {1: (0.0, Rule.RESERVE), 2: (1.0, Rule.WARMING)}

    def test_do_not_warm_an_ip_that_is_far_worse(self):
        found = given_shares(Contender(1, 0.95), Contender(2, 0.50, 50, warming=True))

        assert found[1] == (1 - EXPLORING_SHARE, Rule.BEST)

    def test_keep_the_incumbent_while_nobody_is_clearly_better(self):
        rivals = (Contender(1, 0.90), Contender(2, 0.94))

        assert given_shares(*rivals, incumbent=1)[1] == (0.5, Rule.SHARED)
        assert given_shares(*rivals, incumbent=2)[1][1] is Rule.EXPLORING

    def test_drop_the_incumbent_for_one_that_is_clearly_better(self):
        rivals = (Contender(1, 0.90), Contender(2, 0.96))

        assert given_shares(*rivals, incumbent=1)[2] == (1 - EXPLORING_SHARE, Rule.BEST)

    @given(rivals=contenders, incumbent=st.none() | st.integers(1, 50))
    def test_add_up_and_always_give_the_best_something(self, rivals, incumbent):
        found = shares(rivals, incumbent=incumbent)

        assert [share.ip_id for share in found] == [one.ip_id for one in rivals]
        assert sum(share.fraction for share in found) == pytest.approx(1)
        assert all(share.fraction >= 0 for share in found)
        if not any(one.warming for one in rivals):
            highest = max(rivals, key=lambda one: one.score)
            assert next(s for s in found if s.ip_id == highest.ip_id).fraction > 0

    @given(rivals=contenders)
    def test_do_not_depend_on_the_order(self, rivals):
        forward = {share.ip_id: share.rule for share in shares(rivals)}
        backward = {share.ip_id: share.rule for share in shares(rivals[::-1])}

        assert forward == backward


class TestBestOf:
    def test_is_nobody_among_none(self):
        assert best_of([]) is None

    def test_is_the_lowest_number_in_a_tie(self):
        assert best_of([Contender(2, 0.9), Contender(1, 0.9)]) == 1

    def test_forgets_an_incumbent_that_may_not_any_more(self):
        assert best_of([Contender(2, 0.9)], incumbent=1) == 2
