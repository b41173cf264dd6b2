from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

import campaigns.operations.campaigns
from campaigns.models import Campaign
from campaigns.roles import Role
from tests.admin_world import looking, moved, ready_campaign
from tests.factories.campaigns import (
    CampaignFactory,
    IdentityFactory,
    OrganizationFactory,
)
from tests.factories.suppression import SuppressionFactory

pytestmark = pytest.mark.django_db


def url(page, campaign):
    return reverse(f"admin:campaigns_campaign_{page}", args=[campaign.pk])


@pytest.fixture
def organization():
    return OrganizationFactory()


@pytest.fixture
def client(organization):
    return looking(organization)


@pytest.fixture
def campaign(organization):
    return ready_campaign(organization)


class TestForm:
    def fields(self, organization, **changes):
        identity = IdentityFactory(organization=organization)
        return {
            "name": "News",
            "identity": identity.pk,
            "subject": "Hello",
            "html": "<p>Hello</p>",
            "in_doubt_policy": "hold",
            "maximum_attempts": "8",
            **changes,
        }

    def test_leads_to_the_page_with_the_next_step(self, client, organization):
        answer = client.post(reverse("admin:campaigns_campaign_add"), self.fields(organization))

        campaign = Campaign.objects.get()
        assert campaign.organization == organization
        assert answer.url == url("overview", campaign)

    def test_refuses_an_identity_of_another_organization(self, client, organization):
        foreign = IdentityFactory()

        answer = client.post(
            reverse("admin:campaigns_campaign_add"),
            self.fields(organization, identity=foreign.pk),
        )

        assert "identity" in answer.context["adminform"].form.errors
        assert not Campaign.objects.exists()

    def test_is_closed_once_it_has_been_started(self, client, organization, campaign):
        moved(campaign, "begin")

        shown = client.get(url("change", campaign))
        posted = client.post(url("change", campaign), self.fields(organization))

        assert shown.status_code == 200
        assert not shown.context["has_change_permission"]
        assert posted.status_code == 403

    def test_keeps_a_record_of_what_went_out(self, client, campaign):
        moved(campaign, "begin", "prepare")

        assert client.post(url("delete", campaign), {"post": "yes"}).status_code == 403


class TestOverview:
    def test_says_how_many_would_get_it_and_who_would_not(self, client, organization, campaign):
        SuppressionFactory(organization=organization, email="ben@example.com")

        answer = client.get(url("preflight", campaign))

        assert answer.context["found"].audience_count == 2
        assert answer.context["excluded"] == [("Suppressed by staff", 1)]
        assert "2 people" in answer.content.decode()

    def test_says_what_is_in_the_way_and_leads_there(self, client, organization):
        campaign = CampaignFactory(
            organization=organization, identity__organization=organization, subject=""
        )

        text = client.get(url("preflight", campaign)).content.decode()

        assert "Write a subject." in text
        assert f"{url('change', campaign)}#id_subject" in text
        assert reverse("admin:iprouting_sendingip_changelist") in text

    @pytest.mark.parametrize(
        ("moves", "first"),
        [
            ([], "Start"),
            (["begin"], "Pause"),
            (["begin", "pause"], "Resume"),
            (["begin", "cancel"], "Make a copy"),
        ],
    )
    def test_fills_only_the_button_that_is_most_likely_wanted(self, client, campaign, moves, first):
        moved(campaign, *moves)

        answer = client.get(url("overview", campaign))

        assert answer.context["moves"][0]["label"] == first
        assert answer.content.decode().count("mw-button-filled") == 1

    def test_offers_an_editor_nothing_that_starts(self, organization, campaign):
        answer = looking(organization, Role.EDITOR).get(url("overview", campaign))

        assert [move["name"] for move in answer.context["moves"]] == ["duplicate"]
        assert "role of an operator" in answer.content.decode()

    def test_says_why_it_failed(self, client, campaign):
        moved(campaign, "begin")
        campaigns.operations.campaigns.fail(campaign, reason="No such tag.", now=timezone.now())

        assert "No such tag." in client.get(url("overview", campaign)).content.decode()


class TestProgress:
    def test_asks_again_while_it_runs(self, client, campaign):
        moved(campaign, "begin", "prepare")

        text = client.get(url("progress", campaign)).content.decode()

        assert 'hx-trigger="every 2s"' in text
        assert ">3</b>" in text

    def test_stops_asking_when_it_has_ended(self, client, campaign):
        moved(campaign, "begin", "prepare", "cancel")

        assert "hx-trigger" not in client.get(url("progress", campaign)).content.decode()

    def test_loads_the_page_anew_when_the_state_has_changed(self, client, campaign):
        moved(campaign, "begin", "prepare")

        same = client.get(url("progress", campaign), {"state": "sending"})
        other = client.get(url("progress", campaign), {"state": "preparing"})

        assert "HX-Refresh" not in same
        assert other["HX-Refresh"] == "true"

    def test_says_when_those_who_have_to_wait_are_tried_again(self, client, campaign):
        moved(campaign, "begin", "prepare")
        campaign.recipients.update(not_before=timezone.now() + timedelta(minutes=5))

        assert "they are tried again from" in client.get(url("progress", campaign)).content.decode()

    def test_names_what_holds_it_up(self, client, campaign):
        moved(campaign, "begin", "prepare")
        campaigns.operations.campaigns.note_problem(
            campaign.pk, problem="421 Slow down", now=timezone.now()
        )

        assert "421 Slow down" in client.get(url("progress", campaign)).content.decode()


class TestList:
    def test_shows_the_share_that_is_done(self, client, campaign):
        moved(campaign, "begin", "prepare")
        campaign.recipients.filter(email="ada@example.com").update(state="sent")

        text = client.get(reverse("admin:campaigns_campaign_changelist")).content.decode()

        assert "33.3 %" in text

    def test_leads_to_the_page_of_the_campaign(self, client, campaign):
        text = client.get(reverse("admin:campaigns_campaign_changelist")).content.decode()

        assert f'href="{url("overview", campaign)}"' in text
