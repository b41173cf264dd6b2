"""The table of rules."""

import re
from pathlib import Path

from insights.actors import describe
from insights.actors.rules import RULES

PAGE = Path(__file__).parents[3] / "docs" / "machine-opens.md"

LONGEST_NAME = 60  # characters that a reason may have in the database


class TestRules:
    def test_have_names_of_their_own(self):
        assert len({rule.name for rule in RULES}) == len(RULES)
        assert all(len(rule.name) <= LONGEST_NAME for rule in RULES)

    def test_weigh_something(self):
        assert all(rule.weight for rule in RULES)

    def test_are_told_as_they_are(self):
        rows = re.findall(r"^\| `(\w+)` \| (-?[\d.]+) \|", PAGE.read_text(), re.MULTILINE)

        assert sorted((name, float(weight)) for name, weight in rows) == sorted(
            (rule.name, rule.weight) for rule in RULES
        )


class TestDescribe:
    def test_says_what_was_seen(self):
        for rule in RULES:
            assert describe(rule.name).endswith(".")

    def test_gives_a_name_back_that_it_does_not_know(self):
        assert describe("moon_phase") == "moon_phase"
