"""Who must not be mailed: scopes, streams, lists, ends, organizations."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from campaigns.models import Contact, Stream
from common.addresses import AddressError
from suppression.models import Suppression
from suppression.queries import explain, not_suppressed, suppressed_among, suppression_counts
from suppression.queries.entries import _AMONG
from suppression.reasons import Reason, Scope
from tests.factories.campaigns import ContactFactory, ContactListFactory, OrganizationFactory
from tests.factories.suppression import SuppressionFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
ADA = "ada@example.com"


@pytest.fixture
def organization():
    return OrganizationFactory()


def among(organization, *, stream=Stream.MARKETING, lists=None, emails=(ADA, "bob@example.com")):
    """Return who of Ada and Bob is suppressed."""
    return suppressed_among(
        emails, organization_id=organization.pk, stream=stream, now=NOW, list_ids=lists
    )


class TestSuppressedAmong:
    @pytest.mark.parametrize(
        ("scope", "stream", "stopped"),
        [
            (Scope.ALL, Stream.MARKETING, True),
            (Scope.ALL, Stream.TRANSACTIONAL, True),
            (Scope.MARKETING, Stream.MARKETING, True),
            (Scope.MARKETING, Stream.TRANSACTIONAL, False),
        ],
    )
    def test_goes_by_scope_and_stream(self, organization, scope, stream, stopped):
        SuppressionFactory(organization=organization, email=ADA, scope=scope)

        assert among(organization, stream=stream) == ({ADA: "manual"} if stopped else {})

    def test_looks_at_one_list_only_for_those_who_get_it(self, organization):
        left, other = ContactListFactory.create_batch(2, organization=organization)
        SuppressionFactory(organization=organization, email=ADA, scope=Scope.LIST, list=left)

        assert among(organization, lists={ADA: [left.pk, other.pk]}) == {ADA: "manual"}
        assert among(organization, lists={ADA: [other.pk], "bob@example.com": [left.pk]}) == {}
        assert among(organization, lists={}) == {}
        assert among(organization, lists=None) == {}

    def test_lets_transactional_mail_pass_a_list(self, organization):
        left = ContactListFactory(organization=organization)
        SuppressionFactory(organization=organization, email=ADA, scope=Scope.LIST, list=left)

        assert among(organization, stream=Stream.TRANSACTIONAL, lists={ADA: [left.pk]}) == {}

    @pytest.mark.parametrize(
        ("expires_at", "stopped"),
        [
            (None, True),
            (NOW + timedelta(seconds=1), True),
            (NOW, False),
            (NOW - timedelta(seconds=1), False),
        ],
    )
    def test_knows_when_an_entry_ends(self, organization, expires_at, stopped):
        SuppressionFactory(organization=organization, email=ADA, expires_at=expires_at)

        assert bool(among(organization)) is stopped

    def test_names_the_strongest_of_several_reasons(self, organization):
        for reason in (Reason.MANUAL, Reason.COMPLAINT, Reason.UNSUBSCRIBE, Reason.HARD_BOUNCE):
            SuppressionFactory(organization=organization, email=ADA, reason=reason)

        assert among(organization) == {ADA: Reason.COMPLAINT}

    def test_never_looks_into_another_organization(self, organization):
        SuppressionFactory(email=ADA)

        assert among(organization) == {}

    def test_asks_once_for_a_whole_batch(self, organization, django_assert_num_queries):
        keys = [f"contact{number}@example.com" for number in range(500)]
        Suppression.objects.bulk_create(
            [SuppressionFactory.build(organization=organization, email=key) for key in keys[::2]]
        )

        with django_assert_num_queries(1):
            found = among(organization, emails=keys)

        assert set(found) == set(keys[::2])

    def test_asks_nothing_for_nobody(self, organization, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert among(organization, emails=[]) == {}

    def test_finds_its_way_by_the_index_of_addresses(self, organization):
        bound = {
            "organization": organization.pk,
            "emails": [f"c{number}@example.com" for number in range(500)],
            "scopes": ["all", "marketing"],
            "lists": [],
            "now": NOW,
        }
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO suppression_list"
                " (org_id, email, reason, scope, origin, note, added_at)"
                " SELECT %s, 'c' || n || '@example.com', 'manual', 'all', 'staff', '', now()"
                " FROM generate_series(1, 20000) AS n",
                [organization.pk],
            )
            cursor.execute("ANALYZE suppression_list")
            cursor.execute(f"EXPLAIN {_AMONG}", bound)
            plan = "\n".join(row[0] for row in cursor.fetchall())

        assert "suppression_once_per_reason_and_scope" in plan


class TestNotSuppressed:
    def test_leaves_out_whom_the_stream_may_not_reach(self, organization):
        ada = ContactFactory(organization=organization, email="Ada@Example.com")
        bob = ContactFactory(organization=organization, email="bob@example.com")
        SuppressionFactory(organization=organization, email=ADA, scope=Scope.MARKETING)
        SuppressionFactory(email="bob@example.com")

        def allowed(stream):
            filters = not_suppressed(organization_id=organization.pk, stream=stream, now=NOW)
            return set(Contact.objects.filter(filters, organization=organization))

        assert allowed(Stream.MARKETING) == {bob}
        assert allowed(Stream.TRANSACTIONAL) == {ada, bob}

    def test_agrees_with_the_check_of_a_batch(self, organization):
        for number, (reason, scope, days) in enumerate(
            (reason, scope, days)
            for reason in Reason
            for scope in (Scope.ALL, Scope.MARKETING)
            for days in (None, -1, 1)
        ):
            contact = ContactFactory(organization=organization, email=f"c{number}@example.com")
            SuppressionFactory(
                organization=organization,
                email=contact.email_key,
                reason=reason,
                scope=scope,
                expires_at=None if days is None else NOW + timedelta(days=days),
            )
        everybody = Contact.objects.filter(organization=organization)
        keys = set(everybody.values_list("email_key", flat=True))

        for stream in Stream:
            filters = not_suppressed(organization_id=organization.pk, stream=stream, now=NOW)
            allowed = set(everybody.filter(filters).values_list("email_key", flat=True))
            assert allowed == keys - set(among(organization, stream=stream, emails=keys))
            assert allowed


class TestSuppressionCounts:
    def test_counts_each_contact_under_its_strongest_reason(self, organization):
        ada, bob, _ = ContactFactory.create_batch(3, organization=organization)
        for contact, reason in (
            (ada, Reason.COMPLAINT),
            (ada, Reason.MANUAL),
            (bob, Reason.MANUAL),
        ):
            SuppressionFactory(organization=organization, email=contact.email_key, reason=reason)
        SuppressionFactory(organization=organization, email="stranger@example.com")

        counts = suppression_counts(
            Contact.objects.filter(organization=organization),
            organization_id=organization.pk,
            stream=Stream.MARKETING,
            now=NOW,
        )

        assert counts == {"complaint": 1, "manual": 1}


class TestExplain:
    def explained(self, organization, **asked):
        """Return reason, whether it applies, and why."""
        asked = {"email": " ADA@example.com", "stream": Stream.MARKETING, "list_id": None} | asked
        found = explain(organization.pk, **asked, now=NOW)
        return [(each.suppression.reason, each.applies, each.why) for each in found]

    def test_puts_first_what_stops_the_mail(self, organization):
        SuppressionFactory(organization=organization, email=ADA, expires_at=NOW)
        SuppressionFactory(
            organization=organization,
            email=ADA,
            reason=Reason.UNSUBSCRIBE,
            scope=Scope.MARKETING,
        )

        assert self.explained(organization) == [
            ("unsubscribe", True, "It stops everything but transactional mail."),
            ("manual", False, "It has expired."),
        ]
        assert self.explained(organization, stream=Stream.TRANSACTIONAL) == [
            ("unsubscribe", False, "It does not stop transactional mail."),
            ("manual", False, "It has expired."),
        ]

    def test_tells_lists_apart(self, organization):
        weekly = ContactListFactory(organization=organization, name="Weekly")
        SuppressionFactory(organization=organization, email=ADA, scope=Scope.LIST, list=weekly)

        assert self.explained(organization, list_id=weekly.pk) == [
            ("manual", True, "It stops the mail of the list Weekly.")
        ]
        assert self.explained(organization) == [
            ("manual", False, "It stops the mail of the list Weekly only.")
        ]

    def test_says_what_would_lift_an_entry(self, organization):
        SuppressionFactory(organization=organization, email=ADA, reason=Reason.ERASED)

        (found,) = explain(
            organization.pk, email=ADA, stream=Stream.MARKETING, list_id=None, now=NOW
        )

        assert "asked for their data to be deleted" in found.lifted_by

    def test_knows_nothing_of_other_organizations(self, organization):
        SuppressionFactory(email=ADA)

        assert self.explained(organization) == []

    def test_refuses_what_is_no_address(self, organization):
        with pytest.raises(AddressError):
            explain(organization.pk, email="x", stream="marketing", list_id=None, now=NOW)
