"""What the page about campaigns says of segments is true of the code."""

import json
import re
from pathlib import Path

import pytest

from campaigns.segments import validate_rules
from campaigns.segments.reading import _NEGATIVE, _OPERATORS, _READERS
from campaigns.segments.rules import Action, Operator, Status

PAGE = Path(__file__).parents[2] / "docs" / "campaigns.md"
TEXT = PAGE.read_text(encoding="utf-8")
SEGMENTS = TEXT.partition("## Segments")[2].partition("\n## ")[0]
EXAMPLES = re.findall(r"```json\n(.*?)```", SEGMENTS, re.DOTALL)


class TestSegments:
    @pytest.mark.parametrize("example", EXAMPLES)
    def test_examples_are_rules(self, example):
        validate_rules(json.loads(example))

    def test_examples_are_found(self):
        assert len(EXAMPLES) >= 4

    def test_rules_in_tables_are_rules(self):
        rules = re.findall(r"\| `(\{\"(?:list|campaign|engaged|mailed)\".*?\})` \|", SEGMENTS)

        assert len(rules) == 5
        for rule in rules:
            validate_rules(json.loads(rule))

    @pytest.mark.parametrize(
        "word", [*Operator, *_NEGATIVE, *_OPERATORS, *Action, *Status, *_READERS]
    )
    def test_every_word_is_explained(self, word):
        assert re.search(rf"[`\"]{word}[`\"]", SEGMENTS)


class TestChecks:
    @pytest.mark.parametrize("app", ["campaigns", "common"])
    def test_every_id_is_listed(self, app):
        source = (PAGE.parents[1] / app / "checks.py").read_text(encoding="utf-8")

        for check_id in re.findall(rf'id="{app}\.(\w+)"', source):
            assert f"{check_id}`" in TEXT
