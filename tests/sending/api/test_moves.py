from datetime import datetime, timedelta

import pytest
import time_machine
from django.db import transaction

from campaigns.models import AuditEntry, Campaign
from sending.api.soon import soon
from tests.calling import caller, fields_of
from tests.factories.campaigns import (
    THE_PAST,
    CampaignFactory,
    ContactFactory,
    OrganizationFactory,
    SubscriptionFactory,
)
from tests.factories.iprouting import SendingIPFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization():
    organization = OrganizationFactory()
    SendingIPFactory(organization=organization)
    return organization


@pytest.fixture
def campaign(organization):
    subscription = SubscriptionFactory(contact__organization=organization)
    return CampaignFactory(organization=organization, lists=[subscription.list])


@pytest.fixture
def api(organization):
    return caller(organization, "operator")


def post(api, campaign, move, given=None, **headers):
    return api.post(f"/api/campaigns/{campaign.pk}/{move}", given or {}, headers=headers)


class TestStart:
    def test_lets_the_campaign_be_prepared(self, api, campaign, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks() as handed_over:
            answer = post(api, campaign, "start")

        assert answer.status_code == 200
        assert answer.json()["state"] == "preparing"
        assert answer.json()["started_at"]
        assert len(handed_over) == 1

    def test_notes_which_key_did_it(self, api, campaign):
        post(api, campaign, "start")

        assert AuditEntry.objects.get(action="campaign.preparing").actor.startswith("API key ")

    def test_says_what_has_to_be_mended_first(self, api, organization):
        draft = CampaignFactory(organization=organization, subject="", html="")

        answer = post(api, draft, "start")

        assert answer.status_code == 409
        body = answer.json()
        assert body["code"] == "not_ready"
        assert {problem["code"] for problem in body["problems"]} >= {"no_subject", "empty_audience"}
        assert "subject" in fields_of(answer)
        draft.refresh_from_db()
        assert draft.state == "draft"

    def test_is_done_once_for_one_key(self, api, campaign):
        first = post(api, campaign, "start", **{"Idempotency-Key": "start-1"})
        second = post(api, campaign, "start", **{"Idempotency-Key": "start-1"})

        assert (second.status_code, second.json()) == (200, first.json())

    def test_is_refused_for_a_campaign_that_has_started(self, api, campaign):
        post(api, campaign, "start")

        answer = post(api, campaign, "start")

        assert answer.status_code == 409
        assert answer.json()["code"] == "illegal_move"


class TestSchedule:
    @time_machine.travel(THE_PAST, tick=False)
    def test_sets_the_time_and_can_move_it_and_take_it_back(self, api, campaign):
        first, later = THE_PAST + timedelta(days=1), THE_PAST + timedelta(days=2)

        assert (
            post(api, campaign, "schedule", {"at": first.isoformat()}).json()["state"]
            == "scheduled"
        )
        moved = post(api, campaign, "schedule", {"at": later.isoformat()}).json()
        assert datetime.fromisoformat(moved["scheduled_at"]) == later
        assert post(api, campaign, "unschedule").json()["state"] == "draft"

    @time_machine.travel(THE_PAST, tick=False)
    def test_refuses_a_time_in_the_past(self, api, campaign):
        answer = post(api, campaign, "schedule", {"at": "2025-01-01T00:00:00Z"})

        assert answer.status_code == 400
        assert fields_of(answer) == ["at"]

    def test_wants_a_time(self, api, campaign):
        assert fields_of(post(api, campaign, "schedule", {"at": "tomorrow"})) == ["at"]


class TestPauseResumeCancel:
    def test_follow_each_other(self, api, campaign):
        Campaign.objects.update(state="sending", prepared_at=THE_PAST)

        paused = post(api, campaign, "pause", {"reason": "Wrong price"}).json()
        resumed = post(api, campaign, "resume").json()
        cancelled = post(api, campaign, "cancel", {"reason": "Too late"}).json()

        assert (paused["state"], paused["state_reason"]) == ("paused", "Wrong price")
        assert resumed["state"] == "sending"
        assert (cancelled["state"], cancelled["state_reason"]) == ("cancelled", "Too late")

    @pytest.mark.parametrize("move", ["pause", "resume", "unschedule"])
    def test_are_refused_where_they_make_no_sense(self, api, campaign, move):
        answer = post(api, campaign, move)

        assert answer.status_code == 409
        assert answer.json()["state"] == "draft"


class TestDuplicate:
    def test_makes_a_draft_of_what_was_sent(self, api, campaign):
        Campaign.objects.update(state="sent")

        answer = post(api, campaign, "duplicate")

        assert answer.status_code == 201
        copy = Campaign.objects.get(pk=answer.json()["id"])
        assert (copy.state, copy.subject) == ("draft", campaign.subject)
        assert list(copy.lists.all()) == list(campaign.lists.all())


class TestTest:
    @pytest.mark.parametrize("addresses", [[], ["nobody"], ["a@example.com"] * 11, "a@example.com"])
    def test_wants_a_few_addresses(self, api, campaign, addresses):
        answer = post(api, campaign, "test", {"addresses": addresses})

        assert answer.status_code == 400
        assert fields_of(answer)[0].startswith("addresses")

    def test_does_not_know_contacts_of_others(self, api, campaign):
        given = {"addresses": ["a@example.com"], "contact": ContactFactory().pk}

        answer = post(api, campaign, "test", given)

        assert answer.status_code == 400
        assert fields_of(answer) == ["contact"]


class TestRoles:
    @pytest.mark.parametrize(
        "move", ["start", "schedule", "unschedule", "pause", "resume", "cancel"]
    )
    def test_keep_starting_and_stopping_for_operators(self, organization, campaign, move):
        answer = post(caller(organization, "editor"), campaign, move)

        assert answer.status_code == 403
        campaign.refresh_from_db()
        assert campaign.state == "draft"

    def test_let_an_editor_copy(self, organization, campaign):
        assert post(caller(organization, "editor"), campaign, "duplicate").status_code == 201


class TestSoon:
    def test_leaves_alone_what_was_done_while_the_broker_is_away(
        self, organization, django_capture_on_commit_callbacks
    ):
        class Unreachable:
            asked = 0

            def delay(self, **_):
                self.asked += 1
                raise ConnectionError

        task = Unreachable()
        with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
            soon(task, campaign_id=1)

        assert task.asked == 1
