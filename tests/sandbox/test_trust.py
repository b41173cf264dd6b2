"""How providers come to trust an IP, and what they say to one that they do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.classification import classify_refusal
from insights.events import BounceClass
from iprouting.breakers import answer_text, fitting
from iprouting.queries.breakers import rules
from sandbox.trust import LEAST_TAKEN, LEAST_TRUST, MANNERS, NEW, WARM, Standing
from tests.sandbox.test_providers import VALUES

LIMIT = 300


class TestStanding:
    def test_lets_a_new_ip_send_little_and_a_warm_one_much(self):
        new, warm = Standing(NEW), Standing(WARM)
        for one in (new, warm):
            one.begin(limit=LIMIT)

        assert (new.take(LIMIT), warm.take(LIMIT)) == (15, 270)

    def test_grows_with_use_and_fades_with_silence(self):
        used, silent = Standing(0.5), Standing(0.5)
        for one in (used, silent):
            one.begin(limit=LIMIT)
        used.take(1)
        for one in (used, silent):
            one.end()

        assert used.trust > 0.5 > silent.trust

    def test_grows_less_for_an_ip_that_pushes(self):
        polite, pushing = Standing(0.5), Standing(0.5)
        for one, count in ((polite, 10), (pushing, LIMIT)):
            one.begin(limit=LIMIT)
            one.take(count)
            one.end()

        assert pushing.trust < polite.trust

    @given(st.lists(st.integers(0, 2 * LIMIT), max_size=60), st.floats(LEAST_TRUST, 1))
    def test_stays_within_bounds_and_never_takes_too_much(self, counts, trust):
        one = Standing(trust)

        for count in counts:
            one.begin(limit=LIMIT)
            allowed = max(int(one.trust * LIMIT), LEAST_TAKEN)
            assert one.take(count) == min(count, allowed)
            one.end()
            assert LEAST_TRUST <= one.trust <= 1


def answer(wording):
    """Return code and text of a wording, as the send path knows them."""
    lines = wording.encode(VALUES).decode().splitlines()
    return wording.code, "\n".join(line[4:] for line in lines)


class TestManners:
    @pytest.mark.django_db
    @pytest.mark.parametrize("provider", MANNERS)
    def test_slow_down_in_words_that_open_a_breaker(self, provider):
        code, text = answer(MANNERS[provider].slow_down)

        assert code in {421, 450, 451}
        assert fitting(rules(), provider=provider, text=answer_text(code, text))

    @pytest.mark.parametrize("provider", MANNERS)
    def test_refuse_in_words_that_say_nothing_against_the_address(self, provider):
        code, text = answer(MANNERS[provider].blocked)

        assert classify_refusal(code, "", text) is BounceClass.BLOCK
