"""The rule language: what it understands, and where it says a mistake is."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.segments import SegmentError, parse_rules, validate_rules
from campaigns.segments.reading import MAX_CONDITIONS, MAX_DEPTH
from campaigns.segments.rules import (
    Action,
    Active,
    Activity,
    All,
    Any,
    Condition,
    InCampaign,
    Not,
    OnList,
    Operator,
    Status,
)
from campaigns.segments.values import MAX_CHOICES, MAX_DAYS, MAX_ID, MAX_TEXT_CHARS

IN_BERLIN = {"field": "attributes.city", "is": "Berlin"}
BERLIN = Condition("attributes", "city", Operator.IS, "Berlin")


class TestParseRules:
    @pytest.mark.parametrize(
        ("rules", "tree"),
        [
            (IN_BERLIN, BERLIN),
            ({"all": [IN_BERLIN]}, All((BERLIN,))),
            ({"any": [IN_BERLIN, IN_BERLIN]}, Any((BERLIN, BERLIN))),
            ({"none": [IN_BERLIN]}, Not(Any((BERLIN,)))),
            ({"not": IN_BERLIN}, Not(BERLIN)),
            ({"field": "attributes.city", "is_not": "Berlin"}, Not(BERLIN)),
            (
                {"field": "domain", "not_in": ["a.example", "b.example"]},
                Not(Condition("domain", "", Operator.IN, ("a.example", "b.example"))),
            ),
            (
                {"field": "first_name", "exists": False},
                Not(Condition("first_name", "", Operator.EXISTS, value=True)),
            ),
            (
                {"field": "created_at", "less": "2026-03-01"},
                Condition("created_at", "", Operator.LESS, date(2026, 3, 1)),
            ),
            (
                {"field": "attributes.orders", "at_least": 2.5},
                Condition("attributes", "orders", Operator.AT_LEAST, 2.5),
            ),
            (
                {"field": "attributes.a.b c", "next_days": 7},
                Condition("attributes", "a.b c", Operator.NEXT_DAYS, 7),
            ),
            ({"list": 3, "is": "subscribed"}, OnList(3, Status.SUBSCRIBED)),
            ({"list": 3, "is_not": "pending"}, Not(OnList(3, Status.PENDING))),
            ({"campaign": 8, "is": "clicked"}, InCampaign(8, Action.CLICKED)),
            ({"engaged": {"within_days": 90}}, Active(Activity.ENGAGED, 90)),
            ({"engaged": {"ever": False}}, Not(Active(Activity.ENGAGED, None))),
            ({"mailed": {"ever": True}}, Active(Activity.MAILED, None)),
        ],
    )
    def test_understands(self, rules, tree):
        assert parse_rules(rules) == tree

    @pytest.mark.parametrize(
        ("rules", "path", "words"),
        [
            ([], "", "object in braces"),
            (None, "", "object in braces"),
            ({}, "", "exactly one of"),
            ({"all": []}, "all", "at least one rule"),
            ({"all": {}}, "all", "at least one rule"),
            ({"any": [IN_BERLIN, 7]}, "any[1]", "object in braces"),
            ({"all": [IN_BERLIN], "any": [IN_BERLIN]}, "", "exactly one of"),
            ({"all": [IN_BERLIN], "note": "x"}, "note", 'no setting called "note"'),
            ({"not": {"any": [{"list": "3"}]}}, "not.any[0].list", "number that is its id"),
            ({"list": True, "is": "subscribed"}, "list", "number that is its id"),
            ({"list": MAX_ID + 1, "is": "subscribed"}, "list", "number that is its id"),
            ({"list": 3}, "", '"is" or "is_not"'),
            ({"list": 3, "is": "joined"}, "is", "there are: pending, subscribed, unsubscribed"),
            ({"list": 3, "is": ["sent"]}, "is", "no state called"),
            ({"campaign": 3, "is": "open"}, "is", 'perhaps "opened" is meant'),
            ({"engaged": 90}, "engaged", "within_days"),
            ({"engaged": {"within_days": 0}}, "engaged.within_days", "whole number of days"),
            ({"engaged": {"within_days": MAX_DAYS + 1}}, "engaged.within_days", "whole number"),
            ({"mailed": {"ever": "no"}}, "mailed.ever", "true or false"),
            ({"mailed": {"ever": True, "within_days": 3}}, "mailed", "within_days"),
            (
                {"all": [IN_BERLIN, {"field": "firstname", "is": "x"}]},
                "all[1].field",
                'no field called "firstname"; perhaps "first_name" is meant',
            ),
            ({"field": 5, "is": "x"}, "field", "no field called"),
            ({"field": ["email"], "is": "x"}, "field", "no field called"),
            ({"field": "attributes.", "is": "x"}, "field", "1 to 100 characters"),
            ({"field": "attributes.\x00", "is": "x"}, "field", "cannot be stored"),
            ({"field": "email"}, "", "exactly one of"),
            ({"field": "email", "is": "x", "in": ["y"]}, "", "exactly one of"),
            ({"field": "email", "greater": 5}, "greater", "no operator for this field"),
            ({"field": "created_at", "contains": "2026"}, "contains", "no operator"),
            ({"field": "created_at", "is": "yesterday"}, "is", "2026-12-31"),
            ({"field": "created_at", "less": 5}, "less", "2026-12-31"),
            ({"field": "attributes.x", "less": "5"}, "less", "2026-12-31"),
            ({"field": "attributes.x", "less": "9999-12-31"}, "less", "too far"),
            ({"field": "attributes.x", "less": True}, "less", "a number or a date"),
            ({"field": "attributes.x", "is": float("nan")}, "is", "too large"),
            ({"field": "attributes.x", "is": 10**400}, "is", "too large"),
            ({"field": "attributes.x", "is": {"a": 1}}, "is", "text, a number"),
            ({"field": "attributes.x", "in": []}, "in", "values in brackets"),
            ({"field": "attributes.x", "in": [1, None]}, "in[1]", "text, a number"),
            ({"field": "attributes.x", "in": [1] * (MAX_CHOICES + 1)}, "in", "1 to 1,000"),
            ({"field": "attributes.x", "contains": ""}, "contains", "not empty"),
            ({"field": "attributes.x", "starts_with": 5}, "starts_with", "not empty"),
            ({"field": "email", "is": "x" * (MAX_TEXT_CHARS + 1)}, "is", "more than 500"),
            ({"field": "email", "is": "\ud800"}, "is", "cannot be stored"),
            ({"field": "email", "exists": 1}, "exists", "true or false"),
        ],
    )
    def test_names_the_place_of_a_mistake(self, rules, path, words):
        with pytest.raises(SegmentError) as caught:
            validate_rules(rules)

        assert caught.value.code == "segment_invalid"
        assert caught.value.extra == {"field": "rules", "path": path}
        assert caught.value.message.startswith(f"{path or 'rules'}: ")
        assert words in caught.value.message

    def test_takes_as_many_levels_as_allowed_and_no_more(self):
        rules = IN_BERLIN
        for _ in range(MAX_DEPTH):
            rules = {"not": rules}

        validate_rules(rules)

        with pytest.raises(SegmentError, match="deep"):
            validate_rules({"not": rules})

    def test_takes_as_many_conditions_as_allowed_and_no_more(self):
        validate_rules({"any": [IN_BERLIN] * MAX_CONDITIONS})

        with pytest.raises(SegmentError, match="conditions"):
            validate_rules({"any": [{"none": [IN_BERLIN] * MAX_CONDITIONS}, IN_BERLIN]})

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        ["all", "any", "not", "field", "list", "campaign", "is", "in", "engaged"]
                    ),
                    inner,
                    max_size=3,
                )
            ),
            max_leaves=10,
        )
    )
    def test_answers_anything_with_a_tree_or_a_mistake(self, rules):
        message = ""
        try:
            parse_rules(rules)
        except SegmentError as error:
            message = error.message

        assert not message or message.endswith(".")
