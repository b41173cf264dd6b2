"""Opens and clicks that others report are judged like those that we are asked for ourselves."""

import uuid
from datetime import timedelta

import pytest

from campaigns.models import Contact
from insights.events import EventType, Source
from insights.models import DeliveryEvent, HourlyCount
from insights.operations.revising import revise_due
from insights.queries.messages import message
from insights.queries.recount import compare
from insights.reports import References, Report
from sending.feedback import Attributed, record_reports
from tests.factories.campaigns import OrganizationFactory
from tests.sending.reporting import HAPPENED, NOW, sent_row

pytestmark = pytest.mark.django_db

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36"


def reported(row, event_type, seconds=0, **said):
    report = Report(
        event_type=event_type,
        ts=HAPPENED + timedelta(seconds=seconds),
        source=Source.ANYMAIL,
        natural_key=uuid.uuid5(uuid.NAMESPACE_OID, f"{event_type}{seconds}{said}"),
        references=References(),
        **said,
    )
    return Attributed(report, message(row.pk))


@pytest.fixture
def row():
    return sent_row(OrganizationFactory())


class TestRecordReports:
    def test_says_who_it_was(self, row):
        record_reports(
            [
                reported(row, EventType.DELIVERED),
                reported(row, EventType.OPENED, 90, user_agent="Mozilla/5.0"),
                reported(row, EventType.CLICKED, 600, user_agent=CHROME, url="https://a.example/"),
            ],
            now=NOW,
        )

        opened, clicked = DeliveryEvent.objects.exclude(actor="").order_by("ts")
        assert (opened.actor, opened.agent) == ("machine", "apple-privacy")
        assert (clicked.actor, clicked.agent) == ("human", "chrome")
        assert (clicked.url, clicked.network, clicked.method) == ("https://a.example/", "", "")

    def test_believes_a_provider_that_names_a_machine(self, row):
        one = reported(row, EventType.OPENED, 600, user_agent=CHROME, claimed_machine=True)
        record_reports([reported(row, EventType.DELIVERED), one], now=NOW)
        revise_due(now=NOW + timedelta(days=4))

        event = DeliveryEvent.objects.exclude(actor="").get()
        assert (event.actor, event.actor_reasons[0]) == ("machine", "claimed_machine")

    def test_remembers_the_contact_at_the_later_look(self, row):
        one = reported(row, EventType.CLICKED, 600, user_agent=CHROME)
        for _ in range(2):
            record_reports([reported(row, EventType.DELIVERED), one], now=NOW)
            revise_due(now=NOW + timedelta(minutes=2))

        counts = HourlyCount.objects.get()
        assert Contact.objects.get(pk=row.contact_id).last_human_at == one.report.ts
        assert (counts.clicks, counts.unique_clicks, counts.machine_clicks) == (1, 1, 0)
        assert compare([row.campaign_id]) == []
