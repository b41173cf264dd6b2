"""Finding out providers, from the contact that came in to the contact that has one."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

import insights.operations.mailboxes
from campaigns.models import Contact
from campaigns.operations.contacts import save_contact
from insights.lookups import Answer, Finding
from insights.models import DomainStatus, MailDomain
from insights.operations import contact_providers
from insights.operations.mailboxes import (
    LEASE,
    claim,
    judge,
    learn,
    life_of,
    look_up_again,
    look_up_due,
    notice,
    pause_after,
    record,
)
from insights.operations.provider_rules import save_rule
from tests.factories.campaigns import ContactFactory, OrganizationFactory
from tests.factories.insights import MailDomainFactory, ProviderRuleFactory
from tests.insights.nameserver import TTL_SECONDS, Zone, serving

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def clock():
    return NOW


def newcomer(email, **given):
    """Return a contact as it comes in: its provider was not looked up."""
    return ContactFactory(email=email, provider="unknown", **given)


def learned(zone, *, now=NOW):
    """Take one turn with a nameserver that knows these records."""
    with serving(zone) as nameserver:
        learn(nameservers=(nameserver,), clock=lambda: now)


def facts(domain):
    """Return what is known of a domain."""
    row = MailDomain.objects.get(domain=domain)
    return row.status, row.provider, row.gateway


def seen(contact):
    """Return provider and gateway of a contact as they are stored."""
    contact.refresh_from_db()
    return contact.provider, contact.gateway


@pytest.mark.django_db
class TestLearn:
    def test_brings_the_provider_of_a_domain_to_its_contacts(self):
        ada, ben = newcomer("ada@company.example"), newcomer("ben@company.example")
        other = newcomer("eva@firm.example")
        zone = Zone(
            servers={
                "company.example": [(1, "aspmx.l.google.com")],
                "firm.example": [(1, "mx1.pphosted.com"), (5, "f.mail.protection.outlook.com")],
            }
        )

        learned(zone)

        assert seen(ada) == seen(ben) == ("google_workspace", "")
        assert seen(other) == ("microsoft365", "proofpoint")
        assert zone.asked == {"company.example": 1, "firm.example": 1}

    def test_asks_no_dns_for_a_domain_that_a_rule_names(self):
        contact = newcomer("ada@gmail.com")
        zone = Zone()

        learned(zone)

        assert seen(contact) == ("gmail", "")
        assert facts("gmail.com") == (DomainStatus.NAMED, "gmail", "")
        assert not zone.asked

    def test_serves_all_organizations_by_one_lookup(self):
        contacts = [newcomer("ada@company.example") for _ in range(2)]
        zone = Zone(servers={"company.example": [(1, "aspmx.l.google.com")]})

        learned(zone)

        assert contacts[0].organization != contacts[1].organization
        assert [seen(contact) for contact in contacts] == [("google_workspace", "")] * 2
        assert zone.asked["company.example"] == 1

    @pytest.mark.parametrize(
        ("zone", "status", "provider"),
        [
            (Zone(servers={"company.example": [(0, ".")]}), DomainStatus.NULL_MX, "none"),
            (Zone(empty={"company.example"}), DomainStatus.NO_ADDRESS, "none"),
            (Zone(), DomainStatus.MISSING, "none"),
            (Zone(addresses={"company.example": "192.0.2.1"}), DomainStatus.ADDRESS, "other"),
            (Zone(servers={"company.example": [(1, "mx.company.example")]}), "servers", "other"),
        ],
    )
    def test_notes_what_kind_of_domain_it_is(self, zone, status, provider):
        contact = newcomer("ada@company.example")

        learned(zone)

        assert facts("company.example") == (status, provider, "")
        assert seen(contact) == (provider, "")

    def test_tries_again_after_a_failure(self):
        contact = newcomer("ada@company.example")

        learned(Zone(failing={"company.example"}))

        row = MailDomain.objects.get()
        assert (row.status, row.failures) == (DomainStatus.WAITING, 1)
        assert "SERVFAIL" in row.problem
        assert seen(contact) == ("unknown", "")

        learned(Zone(servers={"company.example": [(1, "aspmx.l.google.com")]}), now=row.due_at)

        row.refresh_from_db()
        assert (row.failures, row.problem) == (0, "")
        assert seen(contact) == ("google_workspace", "")

    def test_leaves_a_domain_alone_until_its_next_try(self):
        newcomer("ada@company.example")
        learned(Zone(failing={"company.example"}))
        zone = Zone(failing={"company.example"})

        learned(zone, now=NOW + timedelta(seconds=30))

        assert not zone.asked

    def test_keeps_what_it_knew_when_a_nameserver_fails(self):
        contact = newcomer("ada@company.example")
        learned(Zone(servers={"company.example": [(1, "aspmx.l.google.com")]}))
        expired = MailDomain.objects.get().expires_at

        learned(Zone(failing={"company.example"}), now=expired)

        row = MailDomain.objects.get()
        assert (row.status, row.provider, row.failures) == ("servers", "google_workspace", 1)
        assert seen(contact) == ("google_workspace", "")

    def test_follows_a_domain_that_moves_to_another_provider(self):
        contact = newcomer("ada@company.example")
        learned(Zone(servers={"company.example": [(1, "aspmx.l.google.com")]}))
        moved = Zone(servers={"company.example": [(1, "c.mail.protection.outlook.com")]})

        learned(moved, now=NOW + timedelta(seconds=TTL_SECONDS - 1))
        before = seen(contact)
        learned(moved, now=NOW + timedelta(seconds=TTL_SECONDS))

        assert before == ("google_workspace", "")
        assert seen(contact) == ("microsoft365", "")
        assert not MailDomain.objects.filter(unapplied=True).exists()

    def test_serves_a_contact_that_comes_later_without_another_lookup(self):
        zone = Zone(servers={"company.example": [(1, "aspmx.l.google.com")]})
        newcomer("ada@company.example")
        learned(zone)
        later = newcomer("ben@company.example")

        learned(zone)

        assert seen(later) == ("google_workspace", "")
        assert zone.asked["company.example"] == 1

    def test_starts_over_for_a_contact_that_gets_another_address(self):
        zone = Zone(servers={"company.example": [(1, "mx1.pphosted.com")]})
        contact = newcomer("ada@company.example")
        learned(zone)
        contact.refresh_from_db()

        save_contact(contact, address="ada@gmail.com")

        assert seen(contact) == ("unknown", "")
        learned(zone)
        assert seen(contact) == ("gmail", "")

    def test_ends_a_turn_when_nobody_answers(self, monkeypatch):
        monkeypatch.setattr(insights.operations.mailboxes, "BATCH_DOMAINS", 2)
        for n in range(4):
            newcomer(f"ada@company{n}.example")
        zone = Zone(failing={f"company{n}.example" for n in range(4)})

        learned(zone)

        assert len(zone.asked) == 2

    def test_goes_on_with_the_next_batch_in_the_same_turn(self, monkeypatch):
        monkeypatch.setattr(insights.operations.mailboxes, "BATCH_DOMAINS", 2)
        for n in range(5):
            newcomer(f"ada@company{n}.example")

        learned(Zone())

        assert MailDomain.objects.filter(status=DomainStatus.MISSING).count() == 5

    def test_gives_back_what_there_was_no_time_for(self, monkeypatch):
        monkeypatch.setattr("insights.lookups.AT_ONCE", 1)
        for n in range(2):
            newcomer(f"ada@company{n}.example")
        notice(now=NOW)
        monkeypatch.setattr(insights.operations.mailboxes, "BATCH_SECONDS", 0.2)
        with serving(Zone(silent={"company0.example", "company1.example"})) as nameserver:
            look_up_due(nameservers=(nameserver,), clock=clock)

        tried, left = MailDomain.objects.order_by("domain")
        assert (tried.failures, tried.due_at) == (1, NOW + timedelta(minutes=1))
        assert (left.failures, left.due_at) == (0, NOW)


@pytest.mark.django_db
class TestNotice:
    def test_notes_each_domain_once(self):
        for name in ("ada", "ben"):
            newcomer(f"{name}@company.example")

        first, second = notice(now=NOW), notice(now=NOW)

        assert (first, second) == (1, 0)
        assert MailDomain.objects.get().due_at == NOW

    def test_passes_over_contacts_that_have_a_provider(self):
        ContactFactory(email="ada@company.example", provider="gmail")

        assert notice(now=NOW) == 0

    def test_asks_as_few_questions_for_many_contacts_as_for_one(self):
        organization = OrganizationFactory()
        Contact.objects.bulk_create(
            ContactFactory.build(
                organization=organization, email=f"a@company{n}.example", provider="unknown"
            )
            for n in range(500)
        )

        with CaptureQueriesContext(connection) as asked:
            noted = notice(now=NOW)

        assert noted == 500
        assert len(asked) == 2


@pytest.mark.django_db
class TestClaim:
    def test_keeps_a_domain_from_others_until_the_lease_ends(self):
        newcomer("ada@company.example")
        notice(now=NOW)

        claims = [claim(now=at) for at in (NOW, NOW, NOW + LEASE)]

        assert claims == [["company.example"], [], ["company.example"]]

    def test_forgets_a_domain_where_nobody_is_any_more(self):
        MailDomainFactory(domain="company.example", due_at=NOW)
        MailDomainFactory(domain="later.example", due_at=NOW + timedelta(seconds=1))

        claimed = claim(now=NOW)

        assert claimed == []
        assert MailDomain.objects.get().domain == "later.example"


@pytest.mark.django_db
class TestRecord:
    @pytest.mark.parametrize(
        ("ttl_seconds", "days"), [(None, 1), (60, 1), (2 * 86_400, 2), (30 * 86_400, 7)]
    )
    def test_keeps_an_answer_as_long_as_it_may(self, ttl_seconds, days):
        row = MailDomainFactory(domain="company.example", status="waiting")

        record({"company.example": Answer(Finding.SERVERS, ("mx.example",), ttl_seconds)}, now=NOW)

        row.refresh_from_db()
        assert row.looked_up_at == NOW
        assert row.expires_at == row.due_at == NOW + timedelta(days=days)


@pytest.mark.django_db
class TestJudge:
    def test_applies_a_changed_rule_to_known_domains_without_dns(self):
        contact = ContactFactory(email="ada@company.example")
        MailDomainFactory(domain="company.example", mx_hosts=["mx1.host.example"])

        save_rule(ProviderRuleFactory.build(pattern="host.example", provider="hoster"))
        zone = Zone()
        learned(zone)

        assert seen(contact) == ("hoster", "")
        assert not zone.asked

    def test_looks_a_domain_up_when_the_rule_that_named_it_is_gone(self):
        contact = newcomer("ada@gmail.com")
        learned(Zone())
        MailDomain.objects.update(unjudged=True)
        insights.models.ProviderRule.objects.filter(pattern="gmail.com").delete()

        judge(now=NOW)

        row = MailDomain.objects.get()
        assert (row.status, row.provider, row.due_at) == (DomainStatus.WAITING, "gmail", NOW)
        learned(Zone(failing={"gmail.com"}))
        assert seen(contact) == ("gmail", "")
        learned(
            Zone(servers={"gmail.com": [(1, "gmail-smtp-in.l.google.com")]}),
            now=NOW + timedelta(hours=1),
        )
        assert seen(contact) == ("google_workspace", "")

    def test_stops_looking_up_what_a_new_rule_names(self):
        MailDomainFactory(domain="company.example", due_at=NOW)
        ContactFactory(email="ada@company.example")

        save_rule(ProviderRuleFactory.build(kind="domain", pattern="company.example"))
        judge(now=NOW)

        assert facts("company.example") == (DomainStatus.NAMED, "gmail", "")
        assert claim(now=NOW + timedelta(days=30)) == []


@pytest.mark.django_db
class TestLookUpAgain:
    def test_makes_domains_due_and_judges_named_ones(self):
        due = MailDomainFactory(due_at=NOW + timedelta(days=3), failures=4)
        named = MailDomainFactory(status="named", due_at=None)

        count = look_up_again(MailDomain.objects.all(), now=NOW)

        due.refresh_from_db()
        named.refresh_from_db()
        assert count == 2
        assert (due.due_at, due.failures) == (NOW, 0)
        assert (named.due_at, named.unjudged) == (None, True)


@pytest.mark.django_db
class TestApply:
    def test_works_in_pieces(self, monkeypatch):
        monkeypatch.setattr(contact_providers, "PIECE_CONTACTS", 2)
        organization = OrganizationFactory()
        for n in range(5):
            newcomer(f"a{n}@company.example", organization=organization)
        MailDomainFactory(domain="company.example", provider="gmail")

        changed = contact_providers.apply(until=NOW + timedelta(seconds=1), clock=clock)

        assert changed == 5
        assert set(Contact.objects.values_list("provider", flat=True)) == {"gmail"}

    def test_leaves_the_rest_to_the_next_turn_when_time_is_up(self, monkeypatch):
        monkeypatch.setattr(contact_providers, "PIECE_CONTACTS", 2)
        organization = OrganizationFactory()
        for n in range(5):
            ContactFactory(email=f"a{n}@company.example", organization=organization)
        MailDomainFactory(domain="company.example", provider="gmail", unapplied=True)
        times = iter([NOW, NOW, NOW, NOW + timedelta(seconds=2)])
        until = NOW + timedelta(seconds=1)

        first = contact_providers.apply(until=until, clock=lambda: next(times, until))
        second = contact_providers.apply(until=until, clock=clock)

        assert (first, second) == (2, 3)
        assert not MailDomain.objects.filter(unapplied=True).exists()


@pytest.mark.django_db(transaction=True)
class TestTwoWorkers:
    def test_look_each_domain_up_once(self, monkeypatch):
        monkeypatch.setattr(insights.operations.mailboxes, "BATCH_DOMAINS", 5)
        organization = OrganizationFactory()
        domains = [f"company{n}.example" for n in range(40)]
        for domain in domains:
            newcomer(f"ada@{domain}", organization=organization)
        ProviderRuleFactory(pattern="host.example", provider="hoster")
        zone = Zone(servers={domain: [(1, "mx.host.example")] for domain in domains})

        with serving(zone) as nameserver:

            def work():
                learn(nameservers=(nameserver,), clock=clock)
                connection.close()

            workers = [threading.Thread(target=work) for _ in range(2)]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join(timeout=60)
        learn(nameservers=("127.0.0.1:9",), clock=clock)

        assert set(zone.asked.values()) == {1}
        assert len(zone.asked) == 40
        assert set(Contact.objects.values_list("provider", flat=True)) == {"hoster"}

    def test_never_wait_for_a_contact_that_somebody_else_holds(self):
        held = newcomer("ada@company.example")
        free = newcomer("ben@company.example")
        MailDomainFactory(domain="company.example", provider="gmail")
        holding, release = threading.Event(), threading.Event()

        def hold():
            with transaction.atomic():
                Contact.objects.select_for_update().get(pk=held.pk)
                holding.set()
                release.wait(timeout=30)
            connection.close()

        holder = threading.Thread(target=hold)
        holder.start()
        assert holding.wait(timeout=30)
        first = contact_providers.fill()
        release.set()
        holder.join(timeout=30)
        second = contact_providers.fill()

        assert (first, second) == (1, 1)
        assert seen(free) == seen(held) == ("gmail", "")


class TestBounds:
    def test_of_pauses_grow_to_a_day(self):
        pauses = [pause_after(failures) for failures in range(1, 9)]

        assert pauses[:3] == [timedelta(minutes=1), timedelta(minutes=4), timedelta(minutes=16)]
        assert pauses == sorted(pauses)
        assert pause_after(30_000) == timedelta(days=1)

    def test_of_lives_are_a_day_and_a_week(self):
        assert life_of(None) == life_of(0) == timedelta(days=1)
        assert life_of(10**9) == timedelta(days=7)
