"""Contacts and subscriptions: normalized, once, and on record."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from campaigns.models import Contact, Recipient, Subscription, SubscriptionStatus
from campaigns.operations.contacts import (
    delete_contact,
    find_or_create_contact,
    save_contact,
    subscribe,
    unsubscribe,
)
from common.addresses import AddressError
from common.errors import DomainError
from tests.factories.campaigns import (
    ContactFactory,
    ContactListFactory,
    OrganizationFactory,
    RecipientFactory,
    SubscriptionFactory,
)

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


@pytest.mark.django_db
class TestSaveContact:
    def test_stores_what_is_mailed_and_what_is_matched(self):
        contact = Contact(organization=OrganizationFactory())

        saved = save_contact(contact, address=" Ada.L@BÜCHER.example ")

        saved.refresh_from_db()
        assert saved.email == "Ada.L@xn--bcher-kva.example"
        assert saved.email_key == "ada.l@xn--bcher-kva.example"
        assert saved.domain == "xn--bcher-kva.example"

    def test_refuses_an_address_that_another_contact_has(self):
        known = ContactFactory(email="ada@example.com")

        with pytest.raises(DomainError) as caught:
            save_contact(Contact(organization=known.organization), address="ADA@example.com")

        assert (caught.value.code, caught.value.extra) == ("address_taken", {"field": "email"})
        assert Contact.objects.count() == 1

    def test_takes_the_same_address_in_another_organization(self):
        ContactFactory(email="ada@example.com")

        save_contact(Contact(organization=OrganizationFactory()), address="ada@example.com")

        assert Contact.objects.filter(email_key="ada@example.com").count() == 2

    def test_changes_a_contact_in_place(self):
        contact = ContactFactory(email="ada@example.com", provider="gmail")

        save_contact(contact, address="Ada@example.com")
        assert Contact.objects.get().provider == "gmail"

        save_contact(contact, address="ada@example.org")
        contact = Contact.objects.get()
        assert (contact.email, contact.provider) == ("ada@example.org", "unknown")

    @pytest.mark.parametrize("address", ["", "ada", "a@b@c", "ada@example.com\nBcc: x@y.example"])
    def test_refuses_what_is_no_address(self, address):
        with pytest.raises(AddressError) as caught:
            save_contact(Contact(organization=OrganizationFactory()), address=address)

        assert caught.value.extra == {"field": "email"}

    def test_puts_names_on_one_line(self):
        contact = Contact(
            organization=OrganizationFactory(),
            first_name=" Ada\r\nBcc: x@y.example ",
            last_name="Love\x00lace\u2028",
        )

        save_contact(contact, address="ada@example.com")

        assert contact.first_name == "Ada Bcc: x@y.example"
        assert contact.last_name == "Love lace"

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"timezone": "Mars/Olympus"}, "timezone"),
            ({"timezone": "../etc/passwd"}, "timezone"),
            ({"attributes": ["a"]}, "attributes"),
        ],
    )
    def test_names_the_field_that_is_wrong(self, changes, field):
        contact = Contact(organization=OrganizationFactory(), **changes)

        with pytest.raises(DomainError) as caught:
            save_contact(contact, address="ada@example.com")

        assert caught.value.extra == {"field": field}
        assert not Contact.objects.exists()

    def test_takes_a_known_time_zone(self):
        contact = Contact(organization=OrganizationFactory(), timezone="Europe/Berlin")

        assert save_contact(contact, address="ada@example.com").pk


@pytest.mark.django_db
class TestFindOrCreateContact:
    def test_finds_by_any_spelling(self):
        known = ContactFactory(email="ada@example.com")

        found = find_or_create_contact(known.organization, address="ADA@Example.COM")

        assert found == known

    def test_makes_one_on_no_list(self):
        organization = OrganizationFactory()
        ContactFactory(email="ada@example.com")

        made = find_or_create_contact(organization, address="Ada@example.com")

        assert (made.organization, made.email, made.email_key, made.domain) == (
            organization,
            "Ada@example.com",
            "ada@example.com",
            "example.com",
        )
        assert not made.subscriptions.exists()


@pytest.mark.django_db
class TestDeleteContact:
    def test_leaves_the_ledger_standing(self):
        recipient = RecipientFactory()
        SubscriptionFactory(contact=recipient.contact)

        delete_contact(recipient.contact)

        recipient = Recipient.objects.get()
        assert recipient.contact_id is None
        assert recipient.email
        assert not Subscription.objects.exists()


@pytest.mark.django_db
class TestSubscribe:
    def test_keeps_how_the_contact_came(self):
        contact = ContactFactory()
        list_ = ContactListFactory(organization=contact.organization)

        subscription = subscribe(
            contact, list_, source="form", now=NOW, evidence={"ip": "192.0.2.1"}
        )

        subscription.refresh_from_db()
        assert subscription.status == SubscriptionStatus.SUBSCRIBED
        assert (subscription.source, subscription.evidence) == ("form", {"ip": "192.0.2.1"})
        assert (subscription.subscribed_at, subscription.unsubscribed_at) == (NOW, None)

    def test_done_again_keeps_the_first_time(self):
        subscription = SubscriptionFactory(source="form")
        before = subscription.subscribed_at

        again = subscribe(subscription.contact, subscription.list, source="api", now=NOW)

        assert (again.pk, again.source, again.subscribed_at) == (subscription.pk, "form", before)

    @pytest.mark.parametrize(
        "status", [SubscriptionStatus.PENDING, SubscriptionStatus.UNSUBSCRIBED]
    )
    def test_brings_back(self, status):
        old = SubscriptionFactory(status=status, unsubscribed_at=NOW)

        subscribe(old.contact, old.list, source="form", now=LATER)

        subscription = Subscription.objects.get()
        assert subscription.status == SubscriptionStatus.SUBSCRIBED
        assert (subscription.subscribed_at, subscription.unsubscribed_at) == (LATER, None)

    def test_refuses_a_list_of_another_organization(self):
        with pytest.raises(DomainError) as caught:
            subscribe(ContactFactory(), ContactListFactory(), source="form", now=NOW)

        assert caught.value.code == "foreign_list"
        assert not Subscription.objects.exists()


@pytest.mark.django_db
class TestUnsubscribe:
    def test_notes_when(self):
        subscription = SubscriptionFactory()

        unsubscribe(subscription.contact, subscription.list, now=NOW)
        unsubscribe(subscription.contact, subscription.list, now=LATER)

        subscription.refresh_from_db()
        assert subscription.status == SubscriptionStatus.UNSUBSCRIBED
        assert subscription.unsubscribed_at == NOW

    def test_puts_the_wish_on_record_for_who_never_was_on_the_list(self):
        contact = ContactFactory()
        list_ = ContactListFactory(organization=contact.organization)

        subscription = unsubscribe(contact, list_, now=NOW)

        assert subscription == Subscription.objects.get()
        assert subscription.subscribed_at is None


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_two_writers_make_one_subscription(self):
        contact = ContactFactory()
        list_ = ContactListFactory(organization=contact.organization)

        def join(_):
            try:
                return subscribe(contact, list_, source="form", now=NOW).pk
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as pool:
            keys = set(pool.map(join, range(8)))

        assert keys == set(Subscription.objects.values_list("pk", flat=True))
        assert len(keys) == 1
