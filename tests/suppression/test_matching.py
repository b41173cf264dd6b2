"""Reasons in order."""

from suppression.matching import LIFTED_BY, STRENGTH
from suppression.reasons import Reason


class TestStrength:
    def test_ranks_every_reason_once(self):
        assert sorted(STRENGTH.values()) == list(range(len(Reason)))

    def test_puts_the_wish_to_be_erased_first(self):
        assert STRENGTH[Reason.ERASED] == 0


class TestLiftedBy:
    def test_knows_every_reason(self):
        assert set(LIFTED_BY) == set(Reason)
