"""What all readers of payloads share."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.providers.base import CLOCK_AHEAD_LIMIT, moment, natural_key, smtp_code, storable

RECEIVED_AT = datetime(2026, 11, 21, 5, tzinfo=UTC)


class TestNaturalKey:
    @given(parts=st.lists(st.text(), max_size=4), others=st.lists(st.text(), max_size=4))
    def test_tells_apart_what_differs(self, parts, others):
        assert (natural_key(*parts) == natural_key(*others)) == (parts == others)

    def test_stays_the_same_for_ever(self):
        assert str(natural_key("stalwart", 7, None)) == "c69145b0-424a-8f4b-6755-c4a25b2b7c8a"


class TestStorable:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("Grüße", "Grüße"),
            ("a\0b", "a\ufffdb"),
            ("a\ud800b", "a?b"),
            (None, ""),
            (7, ""),
            (["a"], ""),
        ],
    )
    def test_gives_what_a_database_can_hold(self, value, expected):
        assert storable(value) == expected


class TestSmtpCode:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (550, 550),
            ("452", 452),
            (605, None),
            ("5500", None),
            ("٤٥٢", None),
            (True, None),
            (None, None),
        ],
    )
    def test_takes_only_codes_of_the_protocol(self, value, expected):
        assert smtp_code(value) == expected


class TestMoment:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("2026-11-21T06:00:00+02:00", datetime(2026, 11, 21, 4, tzinfo=UTC)),
            ("2026-11-21T04:00:00Z", datetime(2026, 11, 21, 4, tzinfo=UTC)),
            ("2026-11-21T04:00:00", datetime(2026, 11, 21, 4, tzinfo=UTC)),
            (RECEIVED_AT + CLOCK_AHEAD_LIMIT, RECEIVED_AT + CLOCK_AHEAD_LIMIT),
            (RECEIVED_AT + CLOCK_AHEAD_LIMIT + timedelta(seconds=1), None),
            ("0001-01-01T00:00:00+05:00", None),
            ("9999-12-31T23:59:59-05:00", None),
            ("yesterday", None),
            (1795235000, None),
        ],
    )
    def test_believes_what_can_be_true(self, value, expected):
        assert moment(value, received_at=RECEIVED_AT) == expected
