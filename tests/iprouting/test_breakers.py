"""Breakers from rules and answers alone."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iprouting.breakers import (
    LONGEST_OPEN,
    Action,
    BreakerState,
    Hit,
    PatternError,
    PatternKind,
    Rule,
    Standing,
    answer_text,
    compiled,
    fitting,
    heed,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
STOP = Rule(
    1, "Too many", "gmail", PatternKind.WORDS, "too many", 3, timedelta(hours=1), Action.SUSPEND,
    timedelta(minutes=30),
)  # fmt: skip
SLOW = replace(STOP, id=2, action=Action.SLOW, matches=1, rate_per_minute=10)


def hits(rule, count, *, at=NOW):
    return [Hit(rule, at)] * count


def opened(rule=STOP, *, now=NOW):
    return heed(Standing(), hits(rule, rule.matches, at=now), now=now)[0]


class TestCompiled:
    def test_finds_words_whatever_their_case_and_on_any_line(self):
        pattern = compiled("words", "too many\nslow (down)")

        assert pattern.search("421 Too Many connections")
        assert pattern.search("please SLOW (DOWN) now")
        assert not pattern.search("slow down")

    @pytest.mark.parametrize(
        "pattern", ["(", "a{2000}{2000}", "(?=x)", r"(a)\1", "", "  ", "x" * 201, "a*"]
    )
    def test_refuses_what_is_no_expression_or_fits_everything(self, pattern):
        with pytest.raises(PatternError):
            compiled("expression", pattern)

    def test_takes_linear_time_even_for_patterns_made_to_take_long(self):
        pattern = compiled("expression", "(a+)+(a+)+(a|aa)+(.*){5}b$")
        began = time.perf_counter()

        assert not pattern.search("a" * 1000 + "c")

        assert time.perf_counter() - began < 1


class TestFitting:
    def test_prefers_the_rules_of_the_provider(self):
        anybody = replace(STOP, id=3, provider="")

        assert fitting([anybody, STOP], provider="gmail", text="too many") == [STOP]
        assert fitting([anybody, STOP], provider="yahoo", text="too many") == [anybody]

    def test_looks_at_the_code_too_and_at_all_lines_as_one(self):
        rule = replace(STOP, kind=PatternKind.EXPRESSION, pattern="^421 4.7.0 too many")

        text = answer_text(421, "4.7.0 Too\nmany connections")

        assert fitting([rule], provider="gmail", text=text) == [rule]


class TestAnswerText:
    @pytest.mark.parametrize(
        ("response", "text"),
        [
            ("4.7.28 An unusual\n4.7.28 rate of mail", "421 4.7.28 An unusual rate of mail"),
            ("4.7.28 like 4.7.1\nbefore", "421 4.7.28 like 4.7.1 before"),
            ("Too many\nmany", "421 Too many many"),
            ("", "421"),
        ],
    )
    def test_says_a_repeated_enhanced_code_once(self, response, text):
        assert answer_text(421, response) == text


class TestHeed:
    def test_opens_at_the_last_answer_that_it_takes(self):
        two, none = heed(Standing(), hits(STOP, 2), now=NOW)
        three, rule = heed(two, hits(STOP, 1), now=NOW)

        assert (two.state, none) == (BreakerState.CLOSED, None)
        assert (three.state, rule) == (BreakerState.SUSPENDED, STOP)
        assert three.until == NOW + timedelta(minutes=30)

    def test_forgets_what_is_older_than_the_window(self):
        two, _ = heed(Standing(), hits(STOP, 2, at=NOW), now=NOW)
        later = NOW + timedelta(hours=1, seconds=1)

        after, rule = heed(two, hits(STOP, 1, at=later), now=later)

        assert (after.state, rule) == (BreakerState.CLOSED, None)

    def test_stays_as_it_is_while_answers_come_in_that_were_on_their_way(self):
        standing = opened()

        after, rule = heed(standing, hits(STOP, 50), now=NOW + timedelta(seconds=5))

        assert (after.until, after.times, rule) == (standing.until, 1, None)

    def test_stops_for_longer_when_a_stronger_rule_fits(self):
        strong = replace(STOP, id=9, duration=timedelta(hours=4))

        after, rule = heed(opened(), hits(strong, 3), now=NOW)

        assert rule == strong
        assert after.until > NOW + timedelta(hours=4) - timedelta(seconds=1)

    def test_opens_again_at_one_answer_while_half_open_and_for_twice_as_long(self):
        later = NOW + timedelta(minutes=30)
        probing = replace(opened(), state=BreakerState.PROBING, until=None, probed_at=later)

        after, _ = heed(probing, hits(STOP, 1, at=later), now=later)

        assert after.state == BreakerState.SUSPENDED
        assert (after.until, after.times) == (later + timedelta(hours=1), 2)

    def test_slows_down_and_ignores_what_was_on_its_way(self):
        slowed = opened(SLOW)
        soon = NOW + timedelta(seconds=30)

        same, none = heed(slowed, hits(SLOW, 5, at=soon), now=soon)
        later = NOW + timedelta(minutes=2)
        again, rule = heed(slowed, hits(SLOW, 1, at=later), now=later)

        assert (slowed.state, slowed.rate) == (BreakerState.SLOWED, 10)
        assert (same.until, none) == (slowed.until, None)
        assert (again.times, rule) == (2, SLOW)

    @given(st.lists(st.sampled_from([STOP, SLOW]), min_size=1, max_size=60))
    def test_never_holds_back_for_longer_than_a_day_however_often_it_opens(self, rules):
        standing, now = Standing(), NOW
        for rule in rules:
            standing, _ = heed(standing, hits(rule, rule.matches, at=now), now=now)
            assert standing.until is None or standing.until - now <= LONGEST_OPEN
            now = (standing.until or now) + timedelta(minutes=5)


class TestStanding:
    def test_is_half_open_once_a_stop_is_over_and_closed_once_slowing_down_is(self):
        assert opened().at(NOW + timedelta(minutes=29)) is BreakerState.SUSPENDED
        assert opened().at(NOW + timedelta(minutes=30)) is BreakerState.PROBING
        assert opened(SLOW).at(NOW + timedelta(minutes=30)) is BreakerState.CLOSED


class TestPace:
    @pytest.mark.parametrize(
        ("rate", "connections", "own", "reported"),
        [(None, 2, None, 120), (10, 2, 10, 10), (500, 2, 500, 120), (10, None, 10, 10),
         (None, None, 1, 1)],
    )  # fmt: skip
    def test_counts_connections_as_messages_where_a_relay_has_them(
        self, rate, connections, own, reported
    ):
        rule = replace(SLOW, rate_per_minute=rate, connections=connections)

        standing = opened(rule)

        assert standing.connections == connections
        assert standing.pace(by_report=False) == own
        assert standing.pace(by_report=True) == reported
