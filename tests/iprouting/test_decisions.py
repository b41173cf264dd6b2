"""What was weighed, kept and told."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from iprouting.decisions import Considered, key_of, read, weighed_for, why
from iprouting.reputation import Counts
from iprouting.routing import Obstacle, Rule

BEST = Considered(
    7, "203.0.113.7", Counts(900, 890, 5, 1), 0.82, None, False, None, Rule.BEST, 0.97
)  # fmt: skip
OTHER = replace(BEST, ip_id=8, address="203.0.113.8", rule=Rule.EXPLORING, fraction=0.03)
FULL = replace(OTHER, ip_id=9, rule=None, obstacle=Obstacle.NO_ROOM, room=0, fraction=0.0)


class TestStored:
    @pytest.mark.parametrize("considered", [BEST, OTHER, FULL])
    def test_comes_back_from_json_as_it_was(self, considered):
        assert read(json.loads(json.dumps(considered.stored()))) == considered


class TestWeighedFor:
    def test_gives_everybody_the_same_where_nothing_differs(self):
        weighed = {"gmail": [BEST.stored()]}

        assert weighed_for(weighed, "gmail", engaged=False) == [BEST]
        assert weighed_for(weighed, "gmail", engaged=True) == [BEST]

    def test_knows_what_was_weighed_for_those_who_are_not_engaged(self):
        weighed = {
            "gmail": [BEST.stored()],
            key_of("gmail", engaged=False): [OTHER.stored()],
        }

        assert weighed_for(weighed, "gmail", engaged=False) == [OTHER]
        assert weighed_for(weighed, "yahoo", engaged=True) == []


class TestWhy:
    @pytest.mark.parametrize("rule", list(Rule))
    def test_has_words_for_every_rule(self, rule):
        chosen = replace(BEST, rule=rule)

        assert why([chosen, OTHER], 7) == f"It {chosen.words}."

    @pytest.mark.parametrize("obstacle", list(Obstacle))
    def test_has_words_for_every_obstacle(self, obstacle):
        assert replace(FULL, obstacle=obstacle).words

    def test_says_that_there_was_no_other(self):
        assert why([BEST], 7) == "It was the only sending IP in use for this kind of mail."
        assert "only one that could" in why([BEST, FULL], 7)

    def test_says_that_better_ones_ran_out_of_room(self):
        reserve = replace(OTHER, rule=Rule.RESERVE, fraction=0.0)

        assert "ran out of room" in why([BEST, reserve], 8)

    @pytest.mark.parametrize(("sent", "words"), [(0, "sent nothing there"), (12, "12 of its")])
    def test_says_how_little_it_was_judged_by(self, sent, words):
        chosen = replace(BEST, counts=Counts(sent, sent))

        assert words in why([chosen, OTHER], 7)

    def test_is_empty_for_an_ip_that_was_not_among_them(self):
        assert why([BEST], 99) == ""
