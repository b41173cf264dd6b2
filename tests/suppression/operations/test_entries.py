"""Entries: made once, lasting longer, released on record."""

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.models import AuditEntry, SubscriptionStatus
from common.addresses import AddressError
from common.errors import DomainError
from suppression.models import Suppression
from suppression.operations import import_suppressions, release, suppress
from suppression.reasons import DEFAULT_SCOPE, Origin, Reason, Scope
from tests.factories.campaigns import (
    ContactListFactory,
    OrganizationFactory,
    SubscriptionFactory,
)
from tests.factories.suppression import SuppressionFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
TOMORROW = NOW + timedelta(days=1)
ADA = "ada@example.com"


@pytest.fixture
def organization():
    return OrganizationFactory()


def add(organization, **changes):
    """Suppress Ada by hand."""
    entry = {"email_key": ADA, "reason": Reason.MANUAL, "origin": Origin.STAFF, "now": NOW}
    return suppress(organization.pk, **entry | changes)


class TestSuppress:
    @pytest.mark.parametrize("reason", Reason)
    def test_reaches_as_far_as_the_reason_says(self, organization, reason):
        assert add(organization, reason=reason) is True

        assert Suppression.objects.get().scope == DEFAULT_SCOPE[reason]

    def test_keeps_what_is_known(self, organization):
        add(
            organization,
            reason=Reason.HARD_BOUNCE,
            origin=Origin.PROVIDER,
            source_recipient_id=77,
            note="550 " + "x" * 600,
            expires_at=TOMORROW,
        )

        entry = Suppression.objects.get()
        assert (entry.organization, entry.email, entry.origin) == (organization, ADA, "provider")
        assert (entry.source_recipient_id, len(entry.note)) == (77, 500)
        assert (entry.added_at, entry.expires_at) == (NOW, TOMORROW)

    def test_is_new_once(self, organization):
        assert add(organization) is True
        assert add(organization, note="again", now=TOMORROW) is False

        assert Suppression.objects.get().added_at == NOW

    def test_keeps_one_entry_for_each_reason(self, organization):
        assert add(organization) is True
        assert add(organization, reason=Reason.COMPLAINT) is True

        assert Suppression.objects.count() == 2

    @pytest.mark.parametrize(
        ("old", "new", "kept", "changed"),
        [
            (TOMORROW, None, None, True),
            (TOMORROW, TOMORROW + timedelta(days=1), TOMORROW + timedelta(days=1), True),
            (TOMORROW, NOW, TOMORROW, False),
            (None, TOMORROW, None, False),
        ],
    )
    def test_lasts_as_long_as_the_longest(self, organization, old, new, kept, changed):
        add(organization, expires_at=old)

        assert add(organization, expires_at=new) is changed
        assert Suppression.objects.get().expires_at == kept

    def test_normalizes_the_address(self, organization):
        add(organization, email_key=" Ada@BÜCHER.example ")

        assert Suppression.objects.get().email == "ada@xn--bcher-kva.example"

    def test_ends_the_subscription_to_a_list(self):
        weekly, daily = SubscriptionFactory(), SubscriptionFactory()
        organization = weekly.contact.organization

        assert add(
            organization,
            email_key=weekly.contact.email_key,
            reason=Reason.UNSUBSCRIBE,
            scope=Scope.LIST,
            list_id=weekly.list_id,
        )

        weekly.refresh_from_db()
        daily.refresh_from_db()
        assert weekly.status == SubscriptionStatus.UNSUBSCRIBED
        assert weekly.unsubscribed_at == NOW
        assert daily.status == SubscriptionStatus.SUBSCRIBED

    def test_needs_no_contact_to_stop_a_list(self, organization):
        list_ = ContactListFactory(organization=organization)

        assert add(organization, scope=Scope.LIST, list_id=list_.pk) is True

    def test_refuses_scope_and_list_that_do_not_go_together(self, organization):
        list_ = ContactListFactory(organization=organization)

        for changes in ({"scope": Scope.LIST}, {"scope": Scope.ALL, "list_id": list_.pk}):
            with pytest.raises(DomainError) as caught:
                add(organization, **changes)
            assert caught.value.code == "list_and_scope"

    def test_refuses_a_list_of_another_organization(self, organization):
        with pytest.raises(DomainError) as caught:
            add(organization, scope=Scope.LIST, list_id=ContactListFactory().pk)

        assert caught.value.code == "foreign_list"
        assert not Suppression.objects.exists()

    def test_refuses_what_is_no_address(self, organization):
        with pytest.raises(AddressError):
            add(organization, email_key="nobody")


class TestRelease:
    def test_takes_the_entry_off_and_notes_who_did_it(self):
        entry = SuppressionFactory(email=ADA, reason=Reason.COMPLAINT)

        release(entry, actor="grace", now=NOW)

        assert not Suppression.objects.exists()
        noted = AuditEntry.objects.get()
        assert (noted.actor, noted.action, noted.subject) == (
            "grace",
            "suppression.released",
            ADA,
        )
        assert noted.details["reason"] == "complaint"

    def test_leaves_other_reasons_standing(self):
        entry = SuppressionFactory(email=ADA)
        other = SuppressionFactory(
            organization=entry.organization, email=ADA, reason=Reason.COMPLAINT
        )

        release(entry, actor="grace", now=NOW)

        assert Suppression.objects.get() == other


class TestImportSuppressions:
    def test_counts_new_known_and_refused(self, organization):
        SuppressionFactory(organization=organization, email=ADA, reason=Reason.IMPORT)

        done = import_suppressions(
            organization,
            addresses=["Ada@example.com", "bob@example.com", "BOB@example.com", " ", "x@"],
            note="from the old system",
            now=NOW,
        )

        assert (done.added, done.known) == (1, 1)
        assert [(each.line, each.text) for each in done.refused] == [(5, "x@")]
        assert done.refused[0].reason == "There is no domain after the @."
        assert Suppression.objects.get(email="bob@example.com").note == "from the old system"

    def test_takes_many_in_a_few_statements(self, organization, django_assert_max_num_queries):
        addresses = [f"contact{number}@example.com" for number in range(12_000)]

        with django_assert_max_num_queries(6):
            done = import_suppressions(organization, addresses=addresses, now=NOW)

        assert done.added == 12_000
