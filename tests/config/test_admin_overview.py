from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.models import ImportJob
from campaigns.roles import Role
from insights.periods import hour_of
from tests.admin_world import looking, person, running_installation
from tests.factories.campaigns import (
    CampaignFactory,
    IdentityFactory,
    OrganizationFactory,
    RecipientFactory,
    SubscriptionFactory,
)
from tests.factories.insights import CountCheckFactory
from tests.factories.iprouting import BreakerFactory, SendingIPFactory
from tests.factories.warmup import WarmupFactory
from tests.insights.counting import count as counted

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization():
    return OrganizationFactory()


def shown(organization, role=Role.ADMIN):
    return looking(organization, role).get(reverse("admin:index"))


def titles(answer):
    return [one.title for one in answer.context["attention"]]


class TestFirstSteps:
    def test_lead_from_an_empty_organization_to_a_campaign(self, organization):
        answer = shown(organization)

        assert [step.done for step in answer.context["steps"]] == [False] * 4
        assert answer.context["next_step"].title == "Say how mail leaves"
        assert "First steps" in answer.content.decode()

    def test_are_ticked_off(self, organization):
        SendingIPFactory(organization=organization)
        IdentityFactory(organization=organization)

        answer = shown(organization)

        assert [step.done for step in answer.context["steps"]] == [True, True, False, False]
        assert answer.context["next_step"].button == "Import contacts"

    def test_go_when_all_are_done(self, organization):
        SendingIPFactory(organization=organization)
        SubscriptionFactory(contact__organization=organization)
        CampaignFactory(organization=organization, identity__organization=organization)

        assert "First steps" not in shown(organization).content.decode()

    def test_are_not_shown_to_somebody_who_may_take_none(self, organization):
        assert "First steps" not in shown(organization, Role.VIEWER).content.decode()


class TestRunning:
    def test_shows_how_far_a_campaign_is(self, organization):
        campaign = CampaignFactory(
            organization=organization, state="sending", name="Autumn", audience_count=4
        )
        RecipientFactory.create_batch(3, campaign=campaign, state="sent")
        RecipientFactory(campaign=campaign)

        text = shown(organization).content.decode()

        assert "Autumn" in text
        assert "75.0 %" in text

    def test_shows_what_starts_by_itself(self, organization):
        CampaignFactory(
            organization=organization,
            name="Later",
            state="scheduled",
            scheduled_at=timezone.now() + timedelta(days=1),
        )

        assert "Later" in shown(organization).content.decode()

    def test_shows_nothing_of_another_organization(self, organization):
        CampaignFactory(state="sending", name="A foreign campaign")
        CampaignFactory(state="failed", name="Another foreign campaign")

        assert "foreign" not in shown(organization).content.decode()


class TestAttention:
    def test_is_not_needed_when_all_is_well(self, organization):
        answer = shown(organization)

        assert titles(answer) == []
        assert "All is well" in answer.content.decode()

    def test_names_a_failed_campaign_with_its_reason(self, organization):
        SendingIPFactory(organization=organization)
        CampaignFactory(
            organization=organization, state="failed", state_reason="No such tag.", name="Autumn"
        )

        answer = shown(organization)

        assert titles(answer) == ["Autumn failed"]
        assert "No such tag." in answer.content.decode()

    def test_names_messages_in_doubt_and_leads_to_them(self, organization):
        SendingIPFactory(organization=organization)
        campaign = CampaignFactory(organization=organization, state="sent")
        RecipientFactory.create_batch(2, campaign=campaign, state="in_doubt")

        answer = shown(organization)

        assert titles(answer) == ["2 messages in doubt"]
        assert answer.context["attention"][0].url.endswith("?state=in_doubt")

    def test_names_providers_that_hold_mail_back_once_each(self, organization):
        SendingIPFactory(organization=organization)
        now = timezone.now()
        for ip, hours in (("192.0.2.1", 1), ("192.0.2.2", 3)):
            BreakerFactory(
                organization=organization, ip=ip, state="suspended", opened_at=now,
                until=now + timedelta(hours=hours), reason=f"Too many from {ip}.",
            )  # fmt: skip

        answer = shown(organization)

        assert titles(answer) == ["Gmail: mail is held back"]
        assert "192.0.2.2 and 1 more" in answer.context["attention"][0].text
        assert "Too many from 192.0.2.2." in answer.content.decode()
        assert looking(organization).get(answer.context["attention"][0].url).status_code == 200

    def test_leaves_out_breakers_whose_time_is_over(self, organization):
        SendingIPFactory(organization=organization)
        now = timezone.now()
        BreakerFactory(
            organization=organization, state="slowed", opened_at=now - timedelta(hours=2),
            until=now - timedelta(hours=1),
        )  # fmt: skip

        assert titles(shown(organization)) == []

    def test_names_a_paused_warmup_with_its_reason(self, organization):
        ip = SendingIPFactory(organization=organization, address="192.0.2.7")
        WarmupFactory(ip=ip, status="paused", paused_reason="5.00% bounced.")

        answer = shown(organization)

        assert titles(answer) == ["Warm-up of 192.0.2.7 is paused"]
        assert "5.00% bounced." in answer.content.decode()
        assert looking(organization).get(answer.context["attention"][0].url).status_code == 200

    def test_names_rows_that_did_not_go_in(self, organization):
        ImportJob.objects.create(
            organization=organization, file_name="a.csv", status="finished", refused_count=7
        )
        ImportJob.objects.create(
            organization=organization, file_name="b.csv", status="failed", failure="No table."
        )
        ImportJob.objects.create(
            organization=organization, file_name="trial.csv", status="finished", refused_count=7,
            dry_run=True,
        )  # fmt: skip

        assert sorted(titles(shown(organization))) == [
            "a.csv: 7 rows did not go in",
            "b.csv: the import failed",
        ]

    def test_says_that_nothing_can_be_sent_without_an_ip(self, organization):
        CampaignFactory(organization=organization)

        assert "No active sending IP" in titles(shown(organization))

    def test_names_a_server_that_does_not_answer(self, organization):
        SendingIPFactory(
            organization=organization,
            address="203.0.113.9",
            unreachable_until=timezone.now() + timedelta(minutes=5),
            unreachable_reason="Connection refused.",
        )

        assert "203.0.113.9 cannot be reached" in titles(shown(organization))

    def test_names_what_holds_a_running_campaign_up(self, organization):
        SendingIPFactory(organization=organization)
        CampaignFactory(
            organization=organization, state="sending", name="Autumn", problem="421 Slow down"
        )

        answer = shown(organization)

        assert titles(answer) == ["Autumn is held up"]
        assert "421 Slow down" in answer.content.decode()


class TestCounts:
    def test_that_differ_from_the_events_are_named(self, organization):
        check = CountCheckFactory(organization=organization)
        CountCheckFactory(differences=7)

        answer = shown(organization)

        assert titles(answer) == ["1 counts differ from the events"]
        assert check.examples[0] in answer.content.decode()

    def test_that_are_right_need_nobody(self, organization):
        CountCheckFactory(organization=organization, differences=0, examples=())

        assert titles(shown(organization)) == []


class TestFigures:
    def record(self, organization, *, days_ago, count):
        campaign = CampaignFactory(organization=organization, started_at=timezone.now())
        counted(campaign, hour_of(timezone.now() - timedelta(days=days_ago, hours=1)), sent=count)

    def figures(self, organization):
        page = looking(organization).get(reverse("admin:index"), {"figures": "1"})
        return {figure["word"]: figure for figure in page.context["figures"]}

    def test_are_asked_for_once_the_page_is_there(self, organization):
        text = shown(organization).content.decode()

        assert 'hx-get="?figures=1"' in text

    def test_set_today_against_an_average_day(self, organization):
        self.record(organization, days_ago=0, count=10)
        self.record(organization, days_ago=2, count=14)

        sent = self.figures(organization)["Sent"]

        assert (sent["today"], sent["usual"], sent["difference"]) == (10, 2, "above usual")

    def test_say_that_they_know_of_no_days_before(self, organization):
        self.record(organization, days_ago=0, count=3)

        assert self.figures(organization)["Sent"]["usual"] is None

    def test_leave_out_what_is_long_gone(self, organization):
        self.record(organization, days_ago=0, count=3)
        self.record(organization, days_ago=9, count=50)

        assert self.figures(organization)["Sent"]["usual"] is None

    def test_leave_out_other_organizations(self, organization):
        self.record(OrganizationFactory(), days_ago=0, count=3)

        assert self.figures(organization)["Sent"]["today"] == 0


class TestWithoutAnOrganization:
    def test_somebody_is_told_whom_to_ask(self):
        user = person(OrganizationFactory())
        user.memberships.all().delete()
        client = Client()
        client.force_login(user)

        text = client.get(reverse("admin:index")).content.decode()

        assert "You do not belong to an organization yet" in text

    def test_a_superuser_founds_the_first_one(self):
        text = running_installation().get(reverse("admin:index")).content.decode()

        assert reverse("admin:campaigns_organization_add") in text
