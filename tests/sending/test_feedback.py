"""What follows from answers and reports, beyond what the inbox and the send path show."""

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest

import insights.queries.inbox
from campaigns.models import Campaign
from campaigns.operations.ledger import claim_batch
from campaigns.states import CampaignState, RecipientState
from insights.events import BounceClass, EventType, Source
from insights.models import DeliveryEvent, HourlyCount
from insights.providers.base import natural_key
from insights.queries.recount import compare
from insights.reports import References, Report
from sending.feedback import Settled, record, record_reports
from sending.outcomes import RetryRules, judge
from sending.queries.verification import verify
from sending.reported import Attributed
from sending.transports.base import Answer, Receipt, Stage
from suppression.models import Suppression
from tests.factories.campaigns import OrganizationFactory, RecipientFactory
from tests.sending.reporting import NOW, sent_row

pytestmark = pytest.mark.django_db

FULL, GONE = (552, "5.2.2", "Mailbox full"), (550, "5.1.1", "User unknown")


@pytest.fixture
def organization():
    return OrganizationFactory()


def refuse(row, answer, *, at=NOW):
    """Hand a message over and have it refused."""
    owner = uuid.uuid4()
    Campaign.objects.filter(pk=row.campaign_id).update(state=CampaignState.SENDING)
    (claimed,) = claim_batch(
        row.campaign_id, limit=1, owner=owner, now=at, lease_until=at + timedelta(minutes=9)
    )
    receipt = Receipt(row.pk, Answer.REFUSED, Stage.RCPT, *answer, "", at)
    verdict = judge(receipt, attempts=1, rules=RetryRules(3, None, at))
    record(
        [Settled(claimed, verdict, receipt, "192.0.2.1", at)],
        organization_id=row.organization_id,
        owner=owner,
    )


def refuse_in_a_row(organization, number, answer=FULL):
    first = RecipientFactory(campaign__organization=organization)
    refuse(first, answer)
    for after in range(1, number):
        row = RecipientFactory(campaign__organization=organization, contact=first.contact)
        refuse(row, answer, at=NOW + timedelta(hours=after))
    return first.contact


class TestRecord:
    def test_suppresses_at_once_with_the_fifth_soft_bounce_in_a_row(self, organization):
        contact = refuse_in_a_row(organization, 5)

        entry = Suppression.objects.get()
        assert (entry.email, entry.reason) == (contact.email_key, "soft_bounce_limit")
        assert entry.origin == "system"

    def test_suppresses_nobody_with_the_fourth(self, organization):
        refuse_in_a_row(organization, 4)

        assert not Suppression.objects.exists()

    def test_suppresses_with_the_first_hard_one(self, organization):
        refuse_in_a_row(organization, 1, GONE)

        assert Suppression.objects.get().reason == "hard_bounce"

    def test_asks_nothing_more_of_the_database_without_a_soft_bounce(
        self, organization, django_assert_num_queries
    ):
        with django_assert_num_queries(0):
            assert insights.queries.inbox.refused_in_a_row(set()) == set()


def report_of(row, event_type=EventType.BOUNCED, **given) -> Attributed:
    (message,) = insights.queries.inbox.messages(
        [row.pk], organization_id=row.organization_id
    ).values()
    hard = BounceClass.HARD if event_type is EventType.BOUNCED else None
    said = Report(
        event_type=event_type,
        ts=NOW,
        source=Source.MAIL,
        natural_key=natural_key("test", event_type, row.pk),
        references=References(),
        bounce_class=hard,
    )
    return Attributed(replace(said, **given), message)


class TestRecordReports:
    def test_suppress_nobody_for_an_address_that_mail_is_forwarded_to(self, organization):
        row = sent_row(organization, address="ann@mail.example")

        record_reports([report_of(row, refused_address="ann@elsewhere.example")], now=NOW)

        row.refresh_from_db()
        assert (row.state, row.bounce_class) == (RecipientState.BOUNCED, "hard")
        assert DeliveryEvent.objects.get().event_type == "bounced"
        assert not Suppression.objects.exists()

    def test_suppress_whom_the_report_names(self, organization):
        row = sent_row(organization, address="ann@mail.example")

        record_reports([report_of(row, refused_address="Ann@mail.example")], now=NOW)

        assert Suppression.objects.get().email == "ann@mail.example"

    @pytest.mark.parametrize("event_type", [EventType.FAILED, EventType.OPENED, EventType.BOUNCED])
    def test_count_once_what_is_said_to_have_happened_at_two_times(self, organization, event_type):
        row = sent_row(organization)
        told = report_of(row, event_type)
        later = report_of(row, event_type, ts=NOW + timedelta(hours=3))

        counts = [record_reports([one], now=NOW) for one in (told, later, told)]

        assert counts == [1, 0, 0]
        assert DeliveryEvent.objects.count() == 1

    def test_keep_the_earliest_time_in_whatever_order_it_is_told(self, organization):
        row = sent_row(organization)
        early, late = report_of(row, ts=NOW - timedelta(hours=3)), report_of(row)

        counts = [record_reports([one], now=NOW) for one in (late, early, late, early)]

        row.refresh_from_db()
        assert counts == [1, 0, 0, 0]
        assert row.bounced_at == DeliveryEvent.objects.get().ts == early.report.ts
        bounced = [one.hour for one in HourlyCount.objects.all() if one.bounced]
        assert bounced == [early.report.ts.replace(minute=0, second=0)]
        assert compare([row.campaign_id]) == []

    def test_leave_alone_whom_staff_released_when_an_earlier_time_is_told(self, organization):
        row = sent_row(organization)
        record_reports([report_of(row)], now=NOW)
        Suppression.objects.all().delete()

        record_reports([report_of(row, ts=NOW - timedelta(hours=3))], now=NOW)

        assert not Suppression.objects.exists()

    @pytest.mark.parametrize(
        ("event_type", "state"),
        [
            (EventType.SENT, "sent"),
            (EventType.DEFERRED, "sent"),
            (EventType.DELIVERED, "delivered"),
            (EventType.BOUNCED, "bounced"),
        ],
    )
    def test_settle_a_message_in_doubt(self, organization, event_type, state):
        row = sent_row(organization, attempts=1, lease_owner=uuid.uuid4())
        row.state = RecipientState.IN_DOUBT
        row.save()

        for _ in range(2):
            record_reports([report_of(row, event_type)], now=NOW)

        row.refresh_from_db()
        assert (row.state, row.sent_at, row.lease_owner) == (state, NOW, None)
        assert DeliveryEvent.objects.filter(event_type="sent").count() == 1
        assert sum(HourlyCount.objects.values_list("sent", flat=True)) == 1
        assert verify(row.campaign).holds

    def test_leave_a_message_in_doubt_that_was_withheld(self, organization):
        row = sent_row(organization, attempts=1)
        row.state = RecipientState.IN_DOUBT
        row.save()

        record_reports([report_of(row, EventType.FAILED)], now=NOW)

        row.refresh_from_db()
        assert row.state == RecipientState.IN_DOUBT

    def test_count_no_message_as_sent_again(self, organization):
        row = sent_row(organization)

        assert record_reports([report_of(row, EventType.SENT)], now=NOW) == 0
        assert not DeliveryEvent.objects.exists()
