from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.criteria import Criteria, Meaning, Place, meaning_of

MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2900, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
TEXTS = st.text(max_size=20)
NUMBERS = st.none() | st.integers(0, 2**63 - 1)


class TestCriteria:
    @given(TEXTS, NUMBERS, st.none() | MOMENTS)
    def test_come_back_from_json(self, text, number, moment):
        asked = Criteria(q=text, campaign=number, begin=moment, end=moment, event="bounced")

        assert Criteria.from_json(asked.as_json()) == asked

    def test_are_stored_under_the_names_of_an_address(self):
        begin = datetime(2026, 1, 2, tzinfo=UTC)

        stored = Criteria(q="ada", list=0, begin=begin).as_json()

        assert stored == {"q": "ada", "list": 0, "from": "2026-01-02T00:00:00+00:00"}


class TestMeaningOf:
    @pytest.mark.parametrize(
        ("text", "meaning"),
        [
            ("ada@example.com", Meaning.ADDRESS),
            ("ada@", Meaning.ADDRESS),
            ("@example.com", Meaning.DOMAIN),
            ("ada", Meaning.ANYTHING),
            ("example.com", Meaning.ANYTHING),
            ("550", Meaning.CODE),
            ("5.1.1", Meaning.ANYTHING),
            ("mailbox full", Meaning.WORDS),
            ('"ada"', Meaning.WORDS),
            ("1a.0123456789abcdef@news.example.com", Meaning.MESSAGE_ID),
            ("<1a.0123456789abcdef@news.example.com>", Meaning.MESSAGE_ID),
        ],
    )
    def test_goes_by_what_it_looks_like(self, text, meaning):
        assert meaning_of(text) is meaning


class TestPlace:
    @given(st.integers(0, 2**50), st.none() | MOMENTS, st.booleans())
    def test_comes_back_from_its_token(self, number, at, back):
        place = Place(number, at, back)

        assert Place.of(place.token) == place

    @pytest.mark.parametrize(
        "token",
        [
            "x",
            "",
            "\xe9",
            "////",
            Place(2**63).token,
            Place(1, datetime(1, 1, 1, tzinfo=UTC)).token,
        ],
    )
    def test_refuses_what_it_did_not_make(self, token):
        with pytest.raises((ValueError, OverflowError)):
            Place.of(token)

    def test_keeps_microseconds(self):
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=1)

        assert Place.of(Place(1, at).token).at == at
