"""Whom a segment matches, against the database and against a plain reading of the language."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.models import Contact, SubscriptionStatus
from campaigns.queries.segments import segment_filter
from campaigns.segments import SegmentError, parse_rules
from campaigns.segments.rules import Active, All, Any, Condition, InCampaign, Not, OnList, Operator
from tests.factories.campaigns import (
    CampaignFactory,
    ContactFactory,
    ContactListFactory,
    OrganizationFactory,
    RecipientFactory,
    SubscriptionFactory,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


def matched(rules, **attributes):
    """Say whether a contact with these attributes and fields matches."""
    fields = {
        name: attributes.pop(name)
        for name in list(attributes)
        if name in ("email", "first_name", "created_at", "last_human_at", "last_mailed_at")
    }
    created_at = fields.pop("created_at", None)
    contact = ContactFactory(attributes=attributes, **fields)
    if created_at:
        Contact.objects.filter(pk=contact.pk).update(created_at=created_at)
    return Contact.objects.filter(segment_filter(rules, now=NOW), pk=contact.pk).exists()


class TestAttributes:
    @pytest.mark.parametrize(
        ("comparison", "value", "expected"),
        [
            ({"is": "Berlin"}, "berlin", True),
            ({"is": "MÜNCHEN"}, "münchen", True),
            ({"is": "Berlin"}, "Bern", False),
            ({"is": "Berlin"}, ["Berlin"], False),
            ({"is": "5"}, 5, True),
            ({"is": 5}, "5", True),
            ({"is": 5}, 5.0, True),
            ({"is": 5}, "5 apples", False),
            ({"is": 0.1}, 0.1, True),
            ({"is": 9007199254740993}, 9007199254740992, False),
            ({"is": True}, True, True),
            ({"is": True}, "true", True),
            ({"is": True}, 1, False),
            ({"is": False}, None, False),
            ({"is_not": "Berlin"}, "Bern", True),
            ({"is_not": "Berlin"}, None, True),
            ({"is_not": "Berlin"}, "Berlin", False),
            ({"in": ["Rome", "berlin", 5]}, "Berlin", True),
            ({"in": ["Rome", "berlin", 5]}, "5.0", True),
            ({"in": [True]}, True, True),
            ({"in": ["Rome"]}, "Berlin", False),
            ({"not_in": ["Rome"]}, "Berlin", True),
            ({"contains": "LIN"}, "Berlin", True),
            ({"contains": "100%"}, "100% wool", True),
            ({"contains": "10_%"}, "100% wool", False),
            ({"contains": "Gold"}, ["silver", "gold"], True),
            ({"contains": "ÄRZTE"}, ["ärzte"], True),
            ({"contains": "old"}, ["silver", "gold"], False),
            ({"contains": 5}, [4, 5], True),
            ({"contains": 5}, [45], False),
            ({"contains": "a"}, {"a": 1}, False),
            ({"not_contains": "gold"}, None, True),
            ({"starts_with": "ber"}, "Berlin", True),
            ({"starts_with": "er"}, "Berlin", False),
            ({"ends_with": "LIN"}, "Berlin", True),
            ({"greater": 2}, 10, True),
            ({"greater": 2}, "10", True),
            ({"greater": 2}, "10 apples", False),
            ({"greater": 2}, "9" * 300, False),
            ({"greater": 2}, "1e5", False),
            ({"greater": -3}, "-2.5", True),
            ({"at_least": 10}, 10, True),
            ({"less": 10}, 10, False),
            ({"at_most": 10}, 10, True),
            ({"less": 10}, None, False),
            ({"greater": "2026-01-31"}, "2026-02-01", True),
            ({"greater": "2026-01-31"}, "2026-01-31T23:00:00Z", False),
            ({"at_least": "2026-01-31"}, "2026-01-31T23:00:00Z", True),
            ({"less": "2026-01-31"}, "2026-99-99", False),
            ({"less": "2026-01-31"}, "long ago", False),
            ({"less": "2026-01-31"}, "", False),
            ({"within_days": 7}, "2026-06-08", True),
            ({"within_days": 7}, "2026-06-07", False),
            ({"within_days": 7}, "2026-06-16", False),
            ({"next_days": 7}, "2026-06-15", True),
            ({"next_days": 7}, "2026-06-22", True),
            ({"next_days": 7}, "2026-06-23", False),
            ({"exists": True}, "", True),
            ({"exists": True}, 0, True),
            ({"exists": True}, None, False),
            ({"exists": False}, None, True),
            ({"empty": True}, "", True),
            ({"empty": True}, [], True),
            ({"empty": True}, {}, True),
            ({"empty": True}, None, True),
            ({"empty": True}, False, False),
            ({"empty": False}, "x", True),
        ],
    )
    def test_compares(self, comparison, value, expected):
        rules = {"field": "attributes.key", **comparison}

        assert matched(rules, key=value) is expected

    @pytest.mark.parametrize(
        ("comparison", "expected"),
        [
            ({"is": "x"}, False),
            ({"is_not": "x"}, True),
            ({"not_in": ["x"]}, True),
            ({"not_contains": "x"}, True),
            ({"less": 5}, False),
            ({"less": "2026-01-01"}, False),
            ({"exists": True}, False),
            ({"exists": False}, True),
            ({"empty": True}, True),
            ({"empty": False}, False),
        ],
    )
    def test_takes_an_absent_attribute_for_unequal_to_everything(self, comparison, expected):
        assert matched({"field": "attributes.key", **comparison}, other="x") is expected

    @pytest.mark.parametrize("key", ["2026", "a.b", "it's", 'say "x"', "100%", "a__b", "{x}"])
    def test_takes_any_key_for_a_name(self, key):
        assert matched({"field": f"attributes.{key}", "is": "x"}, **{key: "x"})
        assert not matched({"field": f"attributes.{key}", "is": "x"}, **{f"{key}.": "x"})


class TestFields:
    @pytest.mark.parametrize(
        ("rules", "expected"),
        [
            ({"field": "email", "is": "ADA@Example.com"}, True),
            ({"field": "email", "ends_with": ".org"}, False),
            ({"field": "domain", "in": ["example.com"]}, True),
            ({"field": "first_name", "is": "ADA"}, True),
            ({"field": "last_name", "exists": True}, False),
            ({"field": "last_name", "empty": True}, True),
            ({"field": "last_name", "is_not": "Lovelace"}, True),
            ({"field": "language", "exists": False}, True),
            ({"field": "provider", "is": "other"}, True),
            ({"field": "gateway", "empty": True}, True),
            ({"field": "gateway", "is": "mimecast"}, False),
            ({"field": "created_at", "is": "2026-06-14"}, True),
            ({"field": "created_at", "is": "2026-06-15"}, False),
            ({"field": "created_at", "greater": "2026-06-13"}, True),
            ({"field": "created_at", "greater": "2026-06-14"}, False),
            ({"field": "created_at", "at_least": "2026-06-14"}, True),
            ({"field": "created_at", "less": "2026-06-14"}, False),
            ({"field": "created_at", "at_most": "2026-06-14"}, True),
            ({"field": "created_at", "within_days": 1}, True),
            ({"field": "created_at", "is_not": "2026-06-14"}, False),
        ],
    )
    def test_are_compared(self, rules, expected):
        created_at = datetime(2026, 6, 14, 23, 59, tzinfo=UTC)

        assert matched(rules, email="Ada@example.com", created_at=created_at) is expected


class TestActivity:
    @pytest.mark.parametrize(
        ("rules", "days_ago", "expected"),
        [
            ({"engaged": {"within_days": 90}}, 90, True),
            ({"engaged": {"within_days": 90}}, 91, False),
            ({"engaged": {"within_days": 90}}, None, False),
            ({"not": {"engaged": {"within_days": 90}}}, None, True),
            ({"not": {"engaged": {"within_days": 90}}}, 91, True),
            ({"engaged": {"ever": False}}, None, True),
            ({"engaged": {"ever": True}}, 900, True),
        ],
    )
    def test_counts_opens_and_clicks_by_hand(self, rules, days_ago, expected):
        at = None if days_ago is None else NOW - timedelta(days=days_ago)

        assert matched(rules, last_human_at=at) is expected

    def test_finds_who_was_not_mailed_lately(self):
        rules = {"not": {"mailed": {"within_days": 30}}}

        assert matched(rules, last_mailed_at=NOW - timedelta(days=31))
        assert matched(rules, last_mailed_at=None)
        assert not matched(rules, last_mailed_at=NOW - timedelta(days=29))


class TestListsAndCampaigns:
    def test_a_contact_on_several_lists_comes_out_once(self):
        first = SubscriptionFactory()
        second = SubscriptionFactory(contact=first.contact)
        lists = [{"list": each.list_id, "is": "subscribed"} for each in (first, second)]

        found = Contact.objects.filter(segment_filter({"any": lists}, now=NOW))

        assert list(found) == [first.contact]

    def test_knows_the_status_and_its_opposite(self):
        subscription = SubscriptionFactory(status=SubscriptionStatus.UNSUBSCRIBED)
        stranger = ContactFactory(organization=subscription.contact.organization)
        everybody = Contact.objects.filter(organization=stranger.organization)

        unsubscribed = {"list": subscription.list_id, "is": "unsubscribed"}
        opposite = {"list": subscription.list_id, "is_not": "unsubscribed"}

        assert list(everybody.filter(segment_filter(unsubscribed, now=NOW))) == [
            subscription.contact
        ]
        assert list(everybody.filter(segment_filter(opposite, now=NOW))) == [stranger]

    @pytest.mark.parametrize("action", ["sent", "opened", "clicked"])
    def test_knows_what_a_campaign_saw(self, action):
        recipient = RecipientFactory(**{f"{action}_at": NOW})
        RecipientFactory(campaign=recipient.campaign)
        rules = {"campaign": recipient.campaign_id, "is": action}

        assert list(Contact.objects.filter(segment_filter(rules, now=NOW))) == [recipient.contact]

    def test_many_messages_of_one_campaign_do_not_multiply_a_contact(self):
        first = RecipientFactory(sent_at=NOW, data={})
        RecipientFactory(campaign=first.campaign, contact=first.contact, sent_at=NOW, data={})
        rules = {"campaign": first.campaign_id, "is": "sent"}

        assert Contact.objects.filter(segment_filter(rules, now=NOW)).count() == 1


class TestSegmentFilter:
    def test_refuses_mistakes(self):
        with pytest.raises(SegmentError, match="all"):
            segment_filter({"all": []}, now=NOW)


def holds(rule, contact, facts):
    """Read the language plainly, without a database."""
    match rule:
        case All(rules):
            return all(holds(each, contact, facts) for each in rules)
        case Any(rules):
            return any(holds(each, contact, facts) for each in rules)
        case Not(inner):
            return not holds(inner, contact, facts)
        case OnList(list_id, status):
            return (contact.pk, list_id, str(status)) in facts
        case InCampaign(campaign_id, action):
            return (contact.pk, campaign_id, str(action)) in facts
        case Active(activity, days):
            at = contact.last_human_at if activity == "engaged" else contact.last_mailed_at
            return at is not None and (days is None or at >= NOW - timedelta(days=days))
        case Condition():
            return compares(rule, value_of(rule, contact))


def value_of(condition, contact):
    if condition.attribute:
        return contact.attributes.get(condition.attribute)
    return getattr(contact, condition.field)


def text_of(value):
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).upper() if isinstance(value, str) else str(value)


def number_of(value):
    text = text_of(value)
    return Decimal(text) if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text) else None


def same(value, wanted):
    if value is None or isinstance(value, list):
        return False
    if isinstance(wanted, int | float) and not isinstance(wanted, bool):
        return number_of(value) == Decimal(str(wanted))
    return text_of(value).upper() == text_of(wanted).upper()


def compares(condition, value):  # noqa: C901, PLR0911, PLR0912  one line for each operator
    wanted = condition.value
    match condition.operator:
        case Operator.EXISTS:
            return value is not None and (bool(condition.attribute) or value != "")
        case Operator.EMPTY:
            return value is None or value in ("", [], {})
        case _ if value is None:
            return False
        case Operator.IS:
            return same(value, wanted)
        case Operator.IN:
            return any(same(value, each) for each in wanted)
        case Operator.CONTAINS if isinstance(value, list):
            return any(
                isinstance(each, str) == isinstance(wanted, str)
                and text_of(each) == text_of(wanted)
                for each in value
            )
        case Operator.CONTAINS:
            return text_of(wanted).upper() in text_of(value).upper()
        case _ if isinstance(value, list):
            return False
        case Operator.STARTS_WITH:
            return text_of(value).upper().startswith(wanted.upper())
        case Operator.ENDS_WITH:
            return text_of(value).upper().endswith(wanted.upper())
        case Operator.WITHIN_DAYS | Operator.NEXT_DAYS:
            day = text_of(value)[:10]
            span = sorted(
                NOW.date() + timedelta(days=days)
                for days in (0, wanted if condition.operator == Operator.NEXT_DAYS else -wanted)
            )
            return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", day)) and (
                str(span[0]) <= day <= str(span[1])
            )
    if isinstance(wanted, date):
        left, right = text_of(value)[:10], str(wanted)
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", left):
            return False
    else:
        left, right = number_of(value), Decimal(str(wanted))
        if left is None:
            return False
    return {
        Operator.GREATER: left > right,
        Operator.AT_LEAST: left >= right,
        Operator.LESS: left < right,
        Operator.AT_MOST: left <= right,
    }[condition.operator]


SOME_TEXT = ["Berlin", "BER", "lin", "5", "5.0", "-7", "true", "%", "2026-06-10"]
PARTS = st.sampled_from(SOME_TEXT)
WORDS = st.sampled_from(["", *SOME_TEXT])
NUMBERS = st.sampled_from([0, 5, -7, 2.5, 12])
SCALARS = WORDS | NUMBERS | st.booleans()
DATES = st.sampled_from(["2026-06-10", "2026-06-15", "2026-06-20"])
DAYS = st.integers(1, 10)
TEXT_COMPARISONS = st.one_of(
    st.fixed_dictionaries({"is": SCALARS}),
    st.fixed_dictionaries({"is_not": SCALARS}),
    st.fixed_dictionaries({"in": st.lists(SCALARS, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"not_in": st.lists(SCALARS, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"contains": PARTS}),
    st.fixed_dictionaries({"starts_with": PARTS}),
    st.fixed_dictionaries({"ends_with": PARTS}),
    st.fixed_dictionaries({"exists": st.booleans()}),
    st.fixed_dictionaries({"empty": st.booleans()}),
)
COMPARISONS = st.one_of(
    TEXT_COMPARISONS,
    st.fixed_dictionaries({"contains": NUMBERS}),
    st.fixed_dictionaries({"greater": NUMBERS | DATES}),
    st.fixed_dictionaries({"at_least": NUMBERS | DATES}),
    st.fixed_dictionaries({"less": NUMBERS | DATES}),
    st.fixed_dictionaries({"at_most": NUMBERS | DATES}),
    st.fixed_dictionaries({"within_days": DAYS}),
    st.fixed_dictionaries({"next_days": DAYS}),
)
CONTACTS = st.lists(
    st.fixed_dictionaries(
        {
            "first_name": st.sampled_from(["", "Berlin", "ada"]),
            "attributes": st.dictionaries(
                st.sampled_from(["a", "b"]),
                SCALARS | DATES | st.none() | st.lists(SCALARS, max_size=2),
            ),
            "last_human_at": st.none()
            | st.integers(0, 12).map(lambda days: NOW - timedelta(days=days)),
            "status": st.sampled_from([None, *SubscriptionStatus.values]),
            "opened": st.booleans(),
        }
    ),
    min_size=1,
    max_size=6,
)


def rules_over(list_id, campaign_id):
    """Return the strategy of rules over one list and one campaign."""
    fields = st.sampled_from(["attributes.a", "attributes.b"])
    leaves = st.one_of(
        st.builds(lambda field, comparison: {"field": field, **comparison}, fields, COMPARISONS),
        TEXT_COMPARISONS.map(lambda comparison: {"field": "first_name", **comparison}),
        st.sampled_from(SubscriptionStatus.values).map(lambda s: {"list": list_id, "is": s}),
        st.just({"campaign": campaign_id, "is_not": "opened"}),
        DAYS.map(lambda days: {"engaged": {"within_days": days}}),
        st.booleans().map(lambda ever: {"engaged": {"ever": ever}}),
    )
    groups = st.sampled_from(["all", "any", "none"])
    return st.recursive(
        leaves,
        lambda inner: (
            st.builds(
                lambda group, members: {group: members},
                groups,
                st.lists(inner, min_size=1, max_size=3),
            )
            | inner.map(lambda rule: {"not": rule})
        ),
        max_leaves=6,
    )


class TestAgainstAPlainReading:
    @settings(
        max_examples=40,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(data=st.data(), people=CONTACTS)
    def test_the_database_and_the_language_agree(self, data, people):
        organization = OrganizationFactory()
        list_ = ContactListFactory(organization=organization)
        campaign = CampaignFactory(organization=organization)
        facts, contacts = set(), []
        for person in people:
            status, opened = person.pop("status"), person.pop("opened")
            contact = ContactFactory(organization=organization, **person)
            contacts.append(contact)
            if status:
                SubscriptionFactory(contact=contact, list=list_, status=status)
                facts.add((contact.pk, list_.pk, status))
            if opened:
                RecipientFactory(campaign=campaign, contact=contact, opened_at=NOW)
                facts.add((contact.pk, campaign.pk, "opened"))

        for rules in data.draw(st.lists(rules_over(list_.pk, campaign.pk), min_size=5, max_size=9)):
            tree = parse_rules(rules)
            found = Contact.objects.filter(
                segment_filter(rules, now=NOW), organization=organization
            ).values_list("pk", flat=True)

            assert sorted(found) == [c.pk for c in contacts if holds(tree, c, facts)], rules
