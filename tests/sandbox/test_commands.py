"""load_demo and start_demo_campaign."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Sum
from django.utils import timezone

import campaigns.operations.contacts
from campaigns.models import Campaign, Contact, ContactList, Organization, User
from campaigns.states import CampaignState
from insights.models import DeliveryEvent, HourlyCount, InboxKey, MailDomain
from insights.operations.mailboxes import learn
from iprouting.models import SendingIP, Transport
from sandbox.demo import shop
from sending.queries.verification import verify
from suppression.models import Suppression
from tests.factories.campaigns import OrganizationFactory

PASSWORD = "a-long-pass-phrase"


@pytest.fixture
def environment(monkeypatch):
    monkeypatch.setenv("MAILWRIGHT_DEMO_PASSWORD", PASSWORD)
    monkeypatch.setenv("MAILWRIGHT_SANDBOX_PORT", "2525")
    return monkeypatch


@pytest.fixture
def demo(environment, db):
    call_command("load_demo", "--no-past")
    return Organization.objects.get(slug=shop.SLUG)


@pytest.fixture
def past(environment, db):
    call_command("load_demo")
    return Campaign.objects.filter(state=CampaignState.SENT)


class TestLoadDemo:
    def test_loads_everything_with_few_queries(
        self, environment, db, capsys, django_assert_max_num_queries
    ):
        with django_assert_max_num_queries(400):
            call_command("load_demo", "--no-past")

        assert "2,000 contacts" in capsys.readouterr().out
        assert Contact.objects.count() == 2000
        assert ContactList.objects.count() == 2
        assert Suppression.objects.count() > 20
        assert set(Campaign.objects.values_list("state", flat=True)) == {"draft"}

    def test_lets_the_person_in_whom_the_launch_names(self, demo):
        user = User.objects.get(username=shop.LOGIN)

        assert user.check_password(PASSWORD)
        assert user.is_staff
        assert demo.memberships.get(user=user).role == "admin"

    def test_sends_to_loopback_only(self, demo):
        assert set(Transport.objects.values_list("host", flat=True)) == {"127.0.0.1"}
        assert all(
            ip.startswith("127.") for ip in SendingIP.objects.values_list("address", flat=True)
        )
        assert all(
            address.startswith("127.")
            for address in SendingIP.objects.values_list("bind_address", flat=True)
        )

    def test_names_the_provider_of_each_contact(self, demo):
        found = dict(demo.contacts.values_list("domain", "provider"))

        assert found["gmail.example"] == "gmail"
        assert found["hotmail.example"] == "outlook"
        assert found["acme-tools.example"] == "other"

    def test_has_no_domain_looked_up(self, demo):
        contact = demo.contacts.filter(domain="gmail.example").first()
        campaigns.operations.contacts.save_contact(contact, address="new@outlook.example")

        learn(nameservers=("127.0.0.1:9",), clock=timezone.now)

        contact.refresh_from_db()
        assert contact.provider == "outlook"
        assert set(MailDomain.objects.values_list("status", flat=True)) == {"named"}

    def test_changes_nothing_the_second_time(self, demo, capsys):
        Contact.objects.filter(organization=demo).first().delete()
        capsys.readouterr()

        call_command("load_demo", "--no-past")

        assert "is there: 1,999 contacts" in capsys.readouterr().out
        assert Campaign.objects.count() == 2

    def test_has_a_past_in_which_one_provider_stands_out_and_all_figures_agree(self, past):
        bounced = share_by_provider("bounced", of="sent")
        worst, next_worst = sorted(bounced.values(), reverse=True)[:2]

        assert past.count() == 2
        assert all(verify(campaign).holds for campaign in past)
        call_command("rebuild_rollups", "--check")
        assert {event.event_type for event in DeliveryEvent.objects.all()} >= {
            "sent", "delivered", "bounced", "opened", "clicked", "unsubscribed",
        }  # fmt: skip
        assert DeliveryEvent.objects.filter(ts__gt=timezone.now()).count() == 0
        assert bounced["outlook"] == worst > 2 * next_worst
        assert share_by_provider("unique_opens", of="delivered")["outlook"] < 0.25

    def test_opens_an_inbox_for_the_audience(self, environment, db):
        environment.setenv("MAILWRIGHT_DEMO_INBOX_KEY", "first-key")
        call_command("load_demo", "--no-past")
        environment.setenv("MAILWRIGHT_DEMO_INBOX_KEY", "second-key")
        call_command("load_demo", "--no-past")

        key = InboxKey.objects.get()
        assert (key.key, key.source) == ("second-key", "mail")

    def test_follows_a_new_password_and_port(self, demo, environment):
        environment.setenv("MAILWRIGHT_DEMO_PASSWORD", "another-long-one")
        environment.setenv("MAILWRIGHT_SANDBOX_PORT", "2626")

        call_command("load_demo", "--no-past")

        assert User.objects.get(username=shop.LOGIN).check_password("another-long-one")
        assert Transport.objects.get(organization=demo).port == 2626

    def test_never_prints_the_password(self, environment, db, capsys):
        call_command("load_demo", "--no-past")

        captured = capsys.readouterr()
        assert PASSWORD not in captured.out + captured.err

    def test_refuses_without_a_password(self, environment, db):
        environment.delenv("MAILWRIGHT_DEMO_PASSWORD")

        with pytest.raises(CommandError, match="MAILWRIGHT_DEMO_PASSWORD"):
            call_command("load_demo", "--no-past")

        assert not Organization.objects.exists()

    def test_refuses_a_database_with_other_organizations(self, environment, db):
        OrganizationFactory()

        with pytest.raises(CommandError, match="--force"):
            call_command("load_demo", "--no-past")

    def test_can_be_forced_into_one(self, environment, db):
        OrganizationFactory()

        call_command("load_demo", "--force", "--no-past")

        assert Organization.objects.filter(slug=shop.SLUG).exists()


def share_by_provider(name: str, *, of: str) -> dict[str, float]:
    """Return a share for each provider that the demo mails often."""
    sums = HourlyCount.objects.values("provider").annotate(part=Sum(name), whole=Sum(of))
    return {row["provider"]: row["part"] / row["whole"] for row in sums if row["whole"] > 40}


class TestStartDemoCampaign:
    def test_starts_the_ready_campaign(self, demo, capsys):
        call_command("start_demo_campaign")

        campaign = Campaign.objects.get(name=shop.READY_CAMPAIGN)
        assert campaign.state == CampaignState.PREPARING
        assert "was started." in capsys.readouterr().out

    def test_starts_it_once(self, demo, capsys):
        call_command("start_demo_campaign")

        call_command("start_demo_campaign")

        assert "was started already; it is preparing" in capsys.readouterr().out

    def test_leaves_the_draft_alone(self, demo):
        call_command("start_demo_campaign")

        assert Campaign.objects.get(name=shop.DRAFT_CAMPAIGN).state == CampaignState.DRAFT

    def test_has_nothing_to_start_when_the_campaign_was_deleted(self, demo, capsys):
        Campaign.objects.get(name=shop.READY_CAMPAIGN).delete()

        call_command("start_demo_campaign")

        assert "nothing to start" in capsys.readouterr().out

    def test_says_when_the_campaign_does_not_end_in_time(self, demo, capsys):
        with pytest.raises(CommandError, match="did not end"):
            call_command("start_demo_campaign", "--wait", "--timeout", "0")

        assert "is preparing" in capsys.readouterr().out
