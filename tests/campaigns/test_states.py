"""The table of moves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.states import (
    ENDED,
    MOVES,
    SETTLED,
    WAITING,
    CampaignState,
    IllegalMoveError,
    RecipientState,
    require_move,
)


class TestRequireMove:
    @given(st.sampled_from(CampaignState), st.sampled_from(CampaignState))
    def test_allows_exactly_what_the_table_says(self, current, target):
        if target in MOVES[current]:
            require_move(current, target)
        else:
            with pytest.raises(IllegalMoveError) as refused:
                require_move(current, target)
            assert refused.value.extra == {"state": current, "target": target}

    @pytest.mark.parametrize("ended", sorted(ENDED))
    def test_lets_nothing_leave_an_end(self, ended):
        assert not MOVES[ended]

    def test_lets_every_state_be_reached_from_a_draft(self):
        reached, frontier = {CampaignState.DRAFT}, {CampaignState.DRAFT}
        while frontier:
            frontier = {t for state in frontier for t in MOVES[state]} - reached
            reached |= frontier

        assert reached == set(CampaignState)


class TestRecipientStates:
    def test_are_each_waiting_or_settled_or_in_doubt(self):
        assert WAITING | SETTLED | {RecipientState.IN_DOUBT} == set(RecipientState)
        assert not WAITING & SETTLED
