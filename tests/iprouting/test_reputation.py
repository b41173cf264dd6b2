import pytest
from hypothesis import given
from hypothesis import strategies as st

from iprouting.reputation import Counts, score

NUMBERS = st.integers(min_value=0, max_value=10_000)
COUNTS = st.builds(Counts, NUMBERS, NUMBERS, NUMBERS, NUMBERS)


class TestScore:
    @pytest.mark.parametrize(
        ("counts", "expected"),
        [
            (Counts(100, 100), 1.0),
            (Counts(100, 95, 5), 0.95 - 0.5),
            (Counts(1000, 980, 20, 1), 0.98 - 0.2 - 100 / 980),
            (Counts(200, 100), 0.5),  # no answer yet for half of it
        ],
    )
    def test_is_deliveries_less_ten_bounces_less_a_hundred_complaints(self, counts, expected):
        assert score(counts) == pytest.approx(expected)

    def test_is_nothing_without_data(self):
        assert score(Counts()) is None
        assert score(Counts(complained=3)) is None

    def test_is_bad_where_everything_is_refused_at_the_hand_over(self):
        assert score(Counts(sent=0, bounced=100)) == -10

    @given(COUNTS)
    def test_lies_between_the_worst_and_the_best(self, counts):
        value = score(counts)

        assert value is None or -110 <= value <= 1

    @given(COUNTS)
    def test_never_rises_by_a_bounce_or_a_complaint(self, counts):
        before = score(counts)

        if counts.sent:
            assert score(counts + Counts(bounced=1)) <= before
            assert score(counts + Counts(complained=1)) <= before


class TestCounts:
    def test_add_up(self):
        assert Counts(1, 2, 3, 4) + Counts(10, 20, 30, 40) == Counts(11, 22, 33, 44)

    def test_have_no_complaint_rate_without_a_delivery(self):
        assert Counts(sent=5, bounced=5).complaint_rate is None
