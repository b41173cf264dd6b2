"""What a mailbox does, by its address."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.behaviour import (
    BLOCK_PER_MILLE,
    DEFER_PER_MILLE,
    FULL_PER_MILLE,
    UNKNOWN_PER_MILLE,
    Behaviour,
    decide,
)


class TestDecide:
    @pytest.mark.parametrize("behaviour", list(Behaviour))
    def test_follows_the_prefix_of_the_local_part(self, behaviour):
        decision = decide(f"{behaviour.value}+someone@gmail.example", seed=1)

        assert (decision.behaviour, decision.asked_for) == (behaviour, True)

    def test_takes_a_prefix_without_a_plus_as_an_ordinary_name(self):
        assert not decide("full@gmail.example", seed=1).asked_for

    def test_takes_an_ordinary_plus_tag_as_an_ordinary_name(self):
        assert not decide("anna+news@gmail.example", seed=1).asked_for

    @given(st.text(st.characters(codec="ascii"), max_size=20), st.integers())
    def test_is_the_same_whenever_and_however_the_address_is_written(self, name, seed):
        address = f"{name}@yahoo.example"

        again = decide(address.upper().lower(), seed=seed)

        assert decide(address.lower(), seed=seed) == again

    def test_changes_with_the_seed(self):
        addresses = [f"person{number}@web.example" for number in range(2000)]

        chosen = [
            {a for a in addresses if decide(a, seed=seed).behaviour is Behaviour.UNKNOWN}
            for seed in (1, 2)
        ]

        assert chosen[0] != chosen[1]

    def test_keeps_the_shares(self):
        counts = Counter(
            decide(f"person{number}@example.org", seed=7).behaviour for number in range(20_000)
        )

        for behaviour, share in (
            (Behaviour.UNKNOWN, UNKNOWN_PER_MILLE),
            (Behaviour.DEFER, DEFER_PER_MILLE),
            (Behaviour.FULL, FULL_PER_MILLE),
            (Behaviour.BLOCK, BLOCK_PER_MILLE),
        ):
            expected = 20 * share
            assert abs(counts[behaviour] - expected) < 4 * expected**0.5
        assert (
            counts[Behaviour.ACCEPT]
            + sum(counts[b] for b in Behaviour if b is not Behaviour.ACCEPT)
            == 20_000
        )
        assert not counts[Behaviour.DROP]
