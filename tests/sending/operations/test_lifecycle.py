"""What moves campaigns on by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import campaigns.operations.campaigns
from campaigns.models import AuditEntry, Campaign, Recipient
from campaigns.states import CampaignState, IllegalMoveError, RecipientState
from common.errors import DomainError
from sending.operations.lifecycle import end_finished, prepare, start_scheduled
from sending.operations.starting import NotReadyError, schedule_start, start
from tests.factories.campaigns import (
    CampaignFactory,
    ContactListFactory,
    RecipientFactory,
    SubscriptionFactory,
    TemplateFactory,
)
from tests.factories.iprouting import SendingIPFactory

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def ready() -> Campaign:
    """A draft with two subscribers and a sending IP."""
    campaign = CampaignFactory()
    list_ = ContactListFactory(organization=campaign.organization)
    SubscriptionFactory.create_batch(2, contact__organization=campaign.organization, list=list_)
    campaign.lists.set([list_])
    SendingIPFactory(organization=campaign.organization)
    return campaign


class TestStart:
    def test_begins_the_preparation_and_notes_who_did_it(self, ready):
        start(ready, actor="ada", now=NOW)

        assert (ready.state, ready.started_at) == (CampaignState.PREPARING, NOW)
        entry = AuditEntry.objects.get()
        assert (entry.actor, entry.action) == ("ada", "campaign.preparing")

    def test_is_refused_twice(self, ready):
        start(ready, actor="ada", now=NOW)

        with pytest.raises(IllegalMoveError):
            start(ready, actor="ada", now=NOW)

    def test_is_refused_to_the_slower_of_two(self, ready):
        slower = Campaign.objects.get(pk=ready.pk)
        start(ready, actor="ada", now=NOW)

        with pytest.raises(campaigns.operations.campaigns.CampaignChangedError):
            start(slower, actor="bob", now=NOW)

    @pytest.mark.parametrize(
        ("broken", "code"),
        [
            ({"subject": ""}, "no_subject"),
            ({"html": "{% if %}"}, "content_error"),
            ({"html": "", "text": ""}, "no_content"),
            ({"deadline_at": NOW - HOUR}, "deadline_passed"),
        ],
    )
    def test_is_refused_with_what_has_to_be_mended(self, ready, broken, code):
        Campaign.objects.filter(pk=ready.pk).update(**broken)
        ready.refresh_from_db()

        with pytest.raises(NotReadyError) as refused:
            start(ready, actor="ada", now=NOW)

        assert [problem["code"] for problem in refused.value.extra["problems"]] == [code]

    def test_is_refused_without_anybody_to_mail(self):
        campaign = CampaignFactory()
        SendingIPFactory(organization=campaign.organization)

        with pytest.raises(NotReadyError, match="Nobody would get this"):
            start(campaign, actor="ada", now=NOW)

    def test_is_refused_without_a_sending_ip(self, ready):
        ready.organization.ips.update(active=False)

        with pytest.raises(NotReadyError, match="no active sending IP"):
            start(ready, actor="ada", now=NOW)


class TestStartScheduled:
    def test_begins_what_is_due(self, ready):
        schedule_start(ready, at=NOW + HOUR, actor="ada", now=NOW)

        assert start_scheduled(now=NOW) == []
        assert start_scheduled(now=NOW + HOUR) == [ready.pk]
        assert start_scheduled(now=NOW + HOUR) == [ready.pk]

    def test_fails_what_could_not_be_started_in_time(self, ready):
        ready.start_before = NOW + 2 * HOUR
        ready.save()
        schedule_start(ready, at=NOW + HOUR, actor="ada", now=NOW)

        assert start_scheduled(now=NOW + 3 * HOUR) == []

        ready.refresh_from_db()
        assert ready.state == CampaignState.FAILED
        assert "could not be started before 2026-03-01 14:00 UTC" in ready.state_reason

    def test_refuses_a_time_in_the_past(self, ready):
        with pytest.raises(DomainError, match="past"):
            schedule_start(ready, at=NOW, actor="ada", now=NOW)


class TestPrepare:
    def test_writes_the_ledger_and_lets_the_campaign_go_out(self, ready):
        start(ready, actor="ada", now=NOW)

        assert prepare(ready.pk, now=NOW) == 2

        ready.refresh_from_db()
        assert (ready.state, ready.audience_count) == (CampaignState.SENDING, 2)
        assert ready.links.count() == 1

    def test_does_nothing_the_second_time(self, ready):
        start(ready, actor="ada", now=NOW)
        prepare(ready.pk, now=NOW)

        assert prepare(ready.pk, now=NOW) is None
        assert Recipient.objects.count() == 2

    def test_fixes_the_content_of_the_template_of_this_moment(self, ready):
        template = TemplateFactory(organization=ready.organization, subject="From the template")
        Campaign.objects.filter(pk=ready.pk).update(subject="", html="", template=template)
        ready.refresh_from_db()
        start(ready, actor="ada", now=NOW)

        prepare(ready.pk, now=NOW)

        ready.refresh_from_db()
        assert (ready.subject, ready.html) == ("From the template", template.html)

    def test_fails_with_a_reason_when_nobody_is_left(self, ready):
        start(ready, actor="ada", now=NOW)
        ready.organization.contacts.all().delete()

        assert prepare(ready.pk, now=NOW) is None

        ready.refresh_from_db()
        assert ready.state == CampaignState.FAILED
        assert "nobody to mail" in ready.state_reason


class TestEndFinished:
    def test_closes_a_campaign_with_nobody_left(self):
        campaign = CampaignFactory(state=CampaignState.SENDING)
        RecipientFactory(campaign=campaign, state=RecipientState.SENT, sent_at=NOW)

        assert end_finished(now=NOW) == 1

        campaign.refresh_from_db()
        assert (campaign.state, campaign.finished_at) == (CampaignState.SENT, NOW)
        assert campaign.organization.contacts.get().last_mailed_at == NOW

    @pytest.mark.parametrize("state", [RecipientState.PLANNED, RecipientState.CLAIMED])
    def test_leaves_one_open_with_somebody_left(self, state):
        RecipientFactory(campaign__state=CampaignState.SENDING, state=state)

        assert end_finished(now=NOW) == 0

    def test_cancels_whoever_waits_for_a_cancelled_campaign(self):
        campaign = CampaignFactory(state=CampaignState.CANCELLED)
        row = RecipientFactory(campaign=campaign)

        assert end_finished(now=NOW) == 1

        row.refresh_from_db()
        assert row.state == RecipientState.CANCELLED
