"""Recounting, and mending what a recount finds wrong."""

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F

from campaigns.states import RecipientState
from insights.events import Actor, BounceClass, EventType
from insights.metrics import COUNTERS
from insights.models import HourlyCount
from insights.operations.recording import record_events
from insights.operations.rollups import rebuild
from insights.queries.recount import campaign_ids, compare
from tests.factories.campaigns import (
    THE_PAST,
    CampaignFactory,
    ContactListFactory,
    RecipientFactory,
)
from tests.factories.insights import EventFactory

pytestmark = pytest.mark.django_db


def happened(row, event_type, minutes, **facts):
    """Record an event of a message as its source would, with what is on the ledger."""
    event = EventFactory(
        event_type=event_type,
        organization_id=row.organization_id,
        campaign_id=row.campaign_id,
        recipient_id=row.pk,
        provider=row.provider,
        identity_id=row.campaign.identity_id,
        list_id=row.list_id,
        ip=row.ip,
        stream=row.campaign.stream,
        variant=row.variant,
        ts=THE_PAST + timedelta(minutes=minutes),
        **facts,
    )
    record_events([event])


@pytest.fixture
def campaign():
    """Return a campaign to which all kinds of things happened."""
    campaign = CampaignFactory()
    members = ContactListFactory(organization=campaign.organization)
    read, bounced = RecipientFactory.create_batch(
        2,
        campaign=campaign,
        list=members,
        provider="gmail",
        ip="203.0.113.9",
        variant="a",
        state=RecipientState.SENT,
    )
    for row in (read, bounced):
        happened(row, EventType.DEFERRED, 0)
        happened(row, EventType.SENT, 10)
        happened(row, EventType.DELIVERED, 20)
    happened(bounced, EventType.BOUNCED, 90, bounce_class=BounceClass.SOFT)
    happened(bounced, EventType.BOUNCED, 70, bounce_class=BounceClass.HARD)
    happened(read, EventType.OPENED, 130, actor=Actor.HUMAN)
    happened(read, EventType.OPENED, 80, actor=Actor.HUMAN)
    happened(read, EventType.OPENED, 21, actor=Actor.MACHINE)
    happened(read, EventType.CLICKED, 81, actor=Actor.HUMAN)
    for event_type in (EventType.REPLIED, EventType.UNSUBSCRIBED, EventType.COMPLAINED):
        happened(read, event_type, 200)
    return campaign


def kept():
    """Return every row that says something, without its number."""
    rows = HourlyCount.objects.values_list("hour", "campaign_id", "list_id", "ip", *COUNTERS)
    return sorted(row for row in rows if any(row[4:]))


class TestCompare:
    def test_agrees_with_what_was_recorded(self, campaign):
        assert compare([campaign.pk]) == []

    def test_finds_a_difference(self, campaign):
        HourlyCount.objects.filter(unique_opens=1).update(unique_opens=3)

        [found] = compare([campaign.pk])

        assert (found.counter, found.kept, found.recounted) == ("unique_opens", 3, 1)
        assert (found.campaign_id, found.provider) == (campaign.pk, "gmail")

    def test_finds_counts_that_are_gone(self, campaign):
        HourlyCount.objects.all().delete()

        found = compare([campaign.pk])

        assert {one.counter for one in found} >= {"sent", "delivered", "bounced_hard", "replies"}
        assert all(one.kept == 0 for one in found)

    def test_looks_at_the_given_campaigns_only(self, campaign):
        HourlyCount.objects.all().delete()

        assert compare([CampaignFactory().pk]) == []

    def test_does_not_mind_that_a_list_was_deleted(self, campaign):
        campaign.organization.lists.all().delete()
        rebuild([campaign.pk])

        assert compare([campaign.pk]) == []


class TestRebuild:
    def test_ends_with_the_same_rows(self, campaign):
        before = kept()

        rows = rebuild([campaign.pk])

        assert kept() == before
        assert rows == len(before)

    def test_mends_what_is_wrong_and_leaves_others_alone(self, campaign):
        other = EventFactory(campaign_id=CampaignFactory().pk)
        record_events([other])
        before = kept()
        HourlyCount.objects.filter(campaign_id=campaign.pk).update(sent=F("sent") + 1)

        rebuild([campaign.pk])

        assert kept() == before
        assert compare([campaign.pk]) == []


class TestCampaignIds:
    def test_can_be_narrowed(self, campaign):
        other = CampaignFactory()

        assert campaign_ids(campaign_id=campaign.pk) == [campaign.pk]
        assert campaign_ids(organization_id=other.organization_id) == [other.pk]
        assert campaign_ids() == [campaign.pk, other.pk]


class TestCommand:
    def run(self, *arguments):
        out = io.StringIO()
        call_command("rebuild_rollups", *arguments, stdout=out)
        return out.getvalue()

    def test_check_says_that_everything_agrees(self, campaign):
        assert "agree" in self.run("--check")

    def test_check_fails_and_changes_nothing(self, campaign):
        HourlyCount.objects.filter(sent=2).update(sent=7)
        before = kept()

        with pytest.raises(CommandError, match="1 counts differ"):
            self.run("--check", "--campaign", str(campaign.pk))

        assert kept() == before

    def test_rebuilds_and_says_what_was_wrong(self, campaign):
        HourlyCount.objects.filter(sent=2).update(sent=7)

        said = self.run("--org", campaign.organization.slug)

        assert "sent is 7, the events say 2" in said
        assert compare([campaign.pk]) == []

    @pytest.mark.parametrize("arguments", [("--campaign", "999999"), ("--org", "nobody")])
    def test_refuses_what_is_not_there(self, arguments):
        with pytest.raises(CommandError, match="There is no"):
            self.run(*arguments)
