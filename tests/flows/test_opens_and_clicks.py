"""Who opened and clicked, told from the request to the figures: by HTTP, with the later look."""

from __future__ import annotations

import http.client
import io
import uuid
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from django.core.management import call_command

import insights.tasks
from campaigns.models import Campaign, Contact, Recipient
from campaigns.states import RecipientState
from common.conf import token_signer
from insights.actors import CLASSIFIER_VERSION
from insights.events import DeliveryEvent as Event
from insights.events import EventType, Source
from insights.metrics import COUNTERS
from insights.models import DeliveryEvent, HourlyCount
from insights.operations.recording import record_events
from sending.operations.lifecycle import store_links
from sending.operations.tracking import record_hits
from tests.factories.campaigns import CampaignFactory, RecipientFactory

pytestmark = pytest.mark.django_db(transaction=True)

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
APPLE = "Mozilla/5.0"
LINKS = 5
CONTENT = "".join(f'<p><a href="https://shop.example.com/{n}">{n}</a></p>' for n in range(LINKS))
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Mailbox:
    """One message that was sent, and what is asked for by those who get it."""

    def __init__(self, server, **campaign):
        campaign = CampaignFactory(html=f"<body>{CONTENT}</body>", **campaign)
        store_links(campaign)
        self.row = RecipientFactory(campaign=campaign, state=RecipientState.SENT)
        self.address = urlsplit(server.url).netloc

    def deliver(self, ago=timedelta(0)):
        """Report that the message was delivered, so long ago; return when."""
        row, at = self.row, datetime.now(UTC) - ago
        event = Event(
            event_type=EventType.DELIVERED,
            organization_id=row.organization_id,
            campaign_id=row.campaign_id,
            recipient_id=row.pk,
            ts=at,
            natural_key=uuid.uuid4(),
            source=Source.STALWART,
            provider=row.provider,
            identity_id=row.campaign.identity_id,
        )
        record_events([event])
        return at

    def open(self, agent=BROWSER):
        return self._ask(f"/t/o/{token_signer().for_message(self.row.pk).opened}.gif", agent)

    def click(self, number, agent=BROWSER, method="GET"):
        path = f"/t/c/{token_signer().for_message(self.row.pk).clicked}.{number}"
        return self._ask(path, agent, method)

    def _ask(self, path, agent, method="GET"):
        connection = http.client.HTTPConnection(self.address, timeout=20)
        connection.request(method, path, headers={"User-Agent": agent})
        status = connection.getresponse().status
        connection.close()
        record_hits(now=datetime.now(UTC))  # as a worker does within a second
        return status


@pytest.fixture
def mailbox(live_server):
    return Mailbox(live_server)


def look_again(after=timedelta(minutes=2)):
    """Do what beat does, some time later."""
    with time_machine.travel(datetime.now(UTC) + after):
        insights.tasks.revise_verdicts()


def verdicts():
    """Return who did what, in the order of time."""
    return list(DeliveryEvent.objects.exclude(actor="").order_by("ts").values_list("actor", flat=1))


def totals():
    """Return the counters that are not zero, after having seen that the events agree with them."""
    call_command("rebuild_rollups", "--check", stdout=io.StringIO())
    rows = list(HourlyCount.objects.all())
    summed = {name: sum(getattr(row, name) for row in rows) for name in COUNTERS}
    return {name: number for name, number in summed.items() if number and name != "delivered"}


def facts():
    row = Recipient.objects.get()
    contact = Contact.objects.get(pk=row.contact_id)
    return row.opened_at, row.clicked_at, contact.last_human_at


class TestScanner:
    def test_that_opens_all_links_within_two_seconds_of_delivery_is_a_machine(self, mailbox):
        mailbox.deliver()
        answers = [mailbox.click(number + 1) for number in range(LINKS)]
        look_again()

        assert answers == [302] * LINKS
        assert verdicts() == ["machine"] * LINKS
        assert totals() == {"machine_clicks": LINKS}
        assert facts() == (None, None, None)

    def test_is_found_out_when_its_other_clicks_have_come(self, mailbox):
        mailbox.deliver(ago=timedelta(minutes=10))
        for number in range(LINKS):
            mailbox.click(number + 1)
        first = verdicts()
        look_again()

        assert first[0] == "human", "of the first alone nobody can tell"
        assert verdicts() == ["machine"] * LINKS
        assert totals() == {"machine_clicks": LINKS}
        assert facts() == (None, None, None)

    def test_is_found_out_when_the_delivery_is_reported_late(self, mailbox):
        mailbox.click(1)
        look_again()
        before = verdicts(), totals(), facts()
        since = datetime.now(UTC) - DeliveryEvent.objects.get().ts
        mailbox.deliver(ago=since + timedelta(seconds=1))
        look_again(timedelta(minutes=31))

        clicked_at = before[2][1]
        assert before == (
            ["human"],
            {"clicks": 1, "unique_clicks": 1},
            (None, clicked_at, clicked_at),
        )
        assert verdicts() == ["machine"]
        assert totals() == {"machine_clicks": 1}
        assert facts() == (None, None, None)

    def test_that_asks_by_head_counts_for_nothing_and_gives_its_get_away(self, mailbox):
        mailbox.deliver(ago=timedelta(minutes=10))
        mailbox.click(1)
        mailbox.click(1, method="HEAD")
        look_again()

        assert verdicts() == ["machine", "machine"]
        assert totals() == {"machine_clicks": 1}

    def test_leaves_the_earlier_action_of_its_reader_alone(self, mailbox):
        mailbox.deliver(ago=timedelta(minutes=10))
        mailbox.open()
        opened_at = DeliveryEvent.objects.get(event_type="opened").ts
        for number in range(LINKS):
            mailbox.click(number + 1, agent=BROWSER.replace("Firefox", "Chrome"))
        look_again()

        assert DeliveryEvent.objects.get(event_type="opened").ts == opened_at
        assert facts()[1] is None
        assert set(verdicts()[1:]) == {"machine"}


class TestPerson:
    def test_may_click_without_loading_pictures(self, mailbox):
        mailbox.deliver(ago=timedelta(minutes=10))
        mailbox.click(2)
        look_again()

        event = DeliveryEvent.objects.get(event_type="clicked")
        assert (event.actor, event.link_number) == ("human", 2)
        assert totals() == {"clicks": 1, "unique_clicks": 1}
        assert facts() == (None, event.ts, event.ts)

    def test_may_click_alone_after_a_burst(self, mailbox):
        with time_machine.travel(NOON) as clock:
            mailbox.deliver()
            for number in range(LINKS):
                mailbox.click(number + 1)
            clock.move_to(NOON + timedelta(minutes=20))
            mailbox.click(2)
            clock.move_to(NOON + timedelta(minutes=25))
            insights.tasks.revise_verdicts()

        last = DeliveryEvent.objects.order_by("ts").last()
        assert verdicts() == [*["machine"] * LINKS, "human"]
        assert "alone_after_burst" in last.actor_reasons
        assert totals() == {"machine_clicks": LINKS, "clicks": 1, "unique_clicks": 1}
        assert facts() == (None, last.ts, last.ts)

    def test_is_not_counted_for_what_apple_loads_in_advance(self, mailbox):
        mailbox.deliver(ago=timedelta(hours=1))
        mailbox.open(agent=APPLE)
        look_again()

        assert verdicts() == ["machine"]
        assert totals() == {"machine_opens": 1}
        assert facts() == (None, None, None)


class TestHiddenLink:
    def test_gives_away_who_follows_it_and_what_came_along(self, live_server):
        mailbox = Mailbox(live_server, hidden_link=True)
        mailbox.deliver(ago=timedelta(minutes=10))
        mailbox.click(1)
        hidden = Campaign.objects.get().links.get(hidden=True)
        answer = mailbox.click(hidden.number)
        look_again()

        events = DeliveryEvent.objects.filter(event_type="clicked").order_by("ts")
        assert (hidden.number, answer) == (LINKS + 1, 302)
        assert [event.actor for event in events] == ["machine", "machine"]
        assert "with_hidden_link" in events[0].actor_reasons
        assert "hidden_link" in events[1].actor_reasons
        assert totals() == {"machine_clicks": 2}
        assert facts() == (None, None, None)

    def test_is_not_there_unless_asked_for(self, mailbox):
        assert not Campaign.objects.get().links.filter(hidden=True).exists()


class TestVerdict:
    def test_is_stored_with_what_it_rests_on_and_no_address(self, mailbox):
        mailbox.deliver()
        mailbox.click(1)
        look_again()

        event = DeliveryEvent.objects.get(event_type="clicked")
        assert event.actor_reasons == ["at_once", "browser"]
        assert (event.agent, event.network, event.method) == ("firefox", "127.0.0.0/24", "GET")
        assert 0 <= event.seconds_after_delivery < 2
        assert (event.actor_confidence, event.classifier_version) == (0.924, CLASSIFIER_VERSION)
        assert event.revise_at is None
