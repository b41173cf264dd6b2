"""How rates are formed."""

import pytest

from insights.rates import RATES, TRACKED_CLICKS, TRACKED_OPENS, fraction, rates

COUNTS = {
    "sent": 200,
    "delivered": 160,
    "bounced": 10,
    "unique_opens": 40,
    "unique_clicks": 8,
    "complaints": 4,
    "unsubscribes": 2,
    TRACKED_OPENS: 80,
    TRACKED_CLICKS: 100,
}


class TestRates:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("delivery_rate", 160 / 200),
            ("bounce_rate", 10 / 200),
            ("open_rate", 40 / 80),
            ("click_rate", 8 / 100),
            ("ctor", 8 / 40),
            ("complaint_rate", 4 / 160),
            ("unsubscribe_rate", 2 / 160),
        ],
    )
    def test_divides_the_right_counts(self, name, expected):
        assert rates(COUNTS)[name] == pytest.approx(expected)

    @pytest.mark.parametrize(
        ("missing", "without"),
        [
            ("sent", {"delivery_rate", "bounce_rate"}),
            ("delivered", {"complaint_rate", "unsubscribe_rate"}),
            (TRACKED_OPENS, {"open_rate"}),
            (TRACKED_CLICKS, {"click_rate"}),
            ("unique_opens", {"ctor"}),
        ],
    )
    def test_gives_no_number_without_a_denominator(self, missing, without):
        found = rates({**COUNTS, missing: 0})

        assert {name for name in RATES if found[name] is None} == without


class TestFraction:
    @pytest.mark.parametrize(
        ("part", "whole", "expected"),
        [(0, 5, 0.0), (1, 4, 0.25), (5, 5, 1.0), (6, 5, 1.0), (1, 0, None), (-1, 5, 0.0)],
    )
    def test_stays_within_bounds(self, part, whole, expected):
        assert fraction(part, whole=whole) == expected
