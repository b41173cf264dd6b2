from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

import campaigns.operations.campaigns
from campaigns.models import Campaign
from campaigns.roles import Role
from campaigns.states import CampaignState
from tests.admin_world import looking, moved, ready_campaign
from tests.factories.campaigns import (
    CampaignFactory,
    OrganizationFactory,
)

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


class TestStart:
    def test_asks_first_and_names_how_many(self, client, campaign):
        answer = client.get(url("start", campaign))

        campaign.refresh_from_db()
        assert "Start: 3 people will get this" in answer.content.decode()
        assert campaign.state == CampaignState.DRAFT

    def test_is_asked_in_a_dialog_where_there_is_one(self, client, campaign):
        answer = client.get(url("start", campaign), HTTP_HX_REQUEST="true")

        assert answer.templates[0].name == "sending/campaign/confirm_box.html"

    def test_starts_it(self, client, campaign):
        answer = client.post(url("start", campaign))

        campaign.refresh_from_db()
        assert answer.url == url("overview", campaign)
        assert campaign.state == CampaignState.PREPARING

    def test_notes_who_did_it(self, client, organization, campaign):
        client.post(url("start", campaign))

        entry = organization.memberships.get().user.username
        assert campaign.organization_id
        assert (
            entry in client.get(reverse("admin:campaigns_auditentry_changelist")).content.decode()
        )

    def test_says_what_has_to_be_mended_first(self, client, organization):
        campaign = CampaignFactory(organization=organization, identity__organization=organization)

        asked = client.get(url("start", campaign))
        posted = client.post(url("start", campaign))

        campaign.refresh_from_db()
        assert "cannot be started yet" in asked.content.decode()
        assert posted.status_code == 400
        assert "sending IP" in posted.content.decode()
        assert campaign.state == CampaignState.DRAFT

    @pytest.mark.parametrize("name", ["start", "schedule", "pause", "resume", "cancel"])
    def test_and_every_other_move_is_closed_to_an_editor(self, organization, campaign, name):
        editor = looking(organization, Role.EDITOR)

        assert editor.get(url(name, campaign)).status_code == 403
        assert editor.post(url(name, campaign)).status_code == 403

    def test_cannot_be_done_twice(self, client, campaign):
        client.post(url("start", campaign))

        answer = client.post(url("start", campaign))

        assert answer.status_code == 400


class TestSchedule:
    def test_lets_it_start_at_that_time(self, client, campaign):
        at = (timezone.now() + timedelta(days=2)).replace(second=0, microsecond=0)

        client.post(url("schedule", campaign), {"at": at.strftime("%Y-%m-%dT%H:%M")})

        campaign.refresh_from_db()
        assert (campaign.state, campaign.scheduled_at) == (CampaignState.SCHEDULED, at)

    def test_refuses_a_time_that_has_passed(self, client, campaign):
        answer = client.post(url("schedule", campaign), {"at": "2020-01-01T09:00"})

        assert answer.status_code == 400
        assert "in the past" in answer.content.decode()

    def test_says_at_the_field_what_is_no_time(self, client, campaign):
        answer = client.post(url("schedule", campaign), {"at": "soon"})

        assert answer.context["form"].errors["at"]

    def test_can_be_taken_back(self, client, campaign):
        campaigns.operations.campaigns.schedule(
            campaign, at=timezone.now() + timedelta(days=1), actor="test", now=timezone.now()
        )

        client.post(url("unschedule", campaign))

        campaign.refresh_from_db()
        assert campaign.state == CampaignState.DRAFT


class TestPauseResumeAndCancel:
    def test_name_how_many_still_wait(self, client, campaign):
        moved(campaign, "begin", "prepare")

        paused = client.get(url("pause", campaign)).content.decode()
        cancelled = client.get(url("cancel", campaign)).content.decode()

        assert "3 people still wait" in paused
        assert "3 people will not get this" in cancelled
        assert "mw-button-danger" in cancelled

    def test_follow_each_other(self, client, campaign):
        moved(campaign, "begin", "prepare")
        states = []

        for name in ("pause", "resume", "pause", "cancel"):
            client.post(url(name, campaign))
            campaign.refresh_from_db()
            states.append(campaign.state)

        assert states == ["paused", "sending", "paused", "cancelled"]


class TestDuplicate:
    def test_goes_on_with_the_copy(self, organization, campaign):
        answer = looking(organization, Role.EDITOR).post(url("duplicate", campaign))

        copy = Campaign.objects.exclude(pk=campaign.pk).get()
        assert answer.url == url("overview", copy)
        assert list(copy.lists.all()) == list(campaign.lists.all())
