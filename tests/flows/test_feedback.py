"""What comes back: a campaign to the sandbox, whose audience opens, clicks, answers and bounces.

Real SMTP, a real web server, real mails through the hook; in the end every figure must be what the
audience says it did.
"""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

import sending.operations.lifecycle
from campaigns.models import Campaign, Contact, Recipient
from campaigns.states import CampaignState
from insights.metrics import FACTS
from insights.models import DeliveryEvent, PayloadStatus, RawPayload
from insights.operations.revising import revise_due
from sandbox.audience.diary import Entry, entries
from sandbox.demo.people import DOMAINS
from sandbox.providers import provider_of
from sandbox.queries.audience import compared
from sandbox.server import ServerSettings
from sending.operations.tracking import record_hits
from sending.pipeline import run_campaign
from sending.pipeline.inbox import read_inbox
from sending.queries.verification import verify
from suppression.models import Suppression
from tests.factories.insights import InboxKeyFactory
from tests.flows.readers import audience, free_port, web_server
from tests.flows.world import World, make_world, started
from tests.sandbox.running import running_sandbox

CONTACTS = 1_000  # of the same story with 5,000, see docs/sandbox.md
IDLE_SECONDS = 3.0
LONGEST_SECONDS = 120.0
MOST_TURNS = 6
LATER = timedelta(minutes=5)  # when those who were asked to wait may be tried again
HTML = (
    "<html><body><p>Hello {{ contact.first_name }}</p>"
    + "".join(f'<p><a href="https://shop.example/{n}">Thing {n}</a></p>' for n in range(5))
    + '<p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p></body></html>'
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def web(settings):
    port = free_port()
    settings.MAILWRIGHT = settings.MAILWRIGHT | {"PUBLIC_URL": f"http://127.0.0.1:{port}"}
    with web_server(port) as address:
        yield address


def spread_over_providers(world: World) -> None:
    """Give the contacts addresses with the providers that the sandbox plays."""
    domains = [domain for domain, share in DOMAINS.items() for _ in range(share)]
    contacts = list(Contact.objects.filter(organization=world.organization).order_by("pk"))
    for number, contact in enumerate(contacts):
        contact.domain = domains[number % len(domains)]
        contact.email = contact.email_key = f"person{number}@{contact.domain}"
        contact.provider = provider_of(contact.email).name
    Contact.objects.bulk_update(contacts, ["domain", "email", "email_key", "provider"])


def send(campaign: Campaign) -> None:
    """Send in turns, each as if it were some minutes later, until nobody waits any more."""
    for turn in range(MOST_TURNS):
        later = turn * LATER
        run_campaign(campaign.pk, clock=lambda later=later: timezone.now() + later, seconds=60)
        sending.operations.lifecycle.end_finished(now=timezone.now())
        campaign.refresh_from_db()
        if campaign.state == CampaignState.SENT:
            break


def work() -> None:
    """Do what workers do every second."""
    read_inbox(now=timezone.now())
    record_hits(now=timezone.now())


def read_until_done(process: subprocess.Popen[str]) -> None:
    """Read the inbox, as a worker does, until the audience has done everything."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        work()
        time.sleep(0.5)
    assert process.poll() == 0
    work()
    # A scanner's first click looks like a person's until the others have come.
    revise_due(now=timezone.now() + timedelta(minutes=2))


@pytest.fixture
def story(web, tmp_path) -> tuple[Campaign, list[Entry]]:
    """Return a campaign that was sent and reacted to, and what the audience did."""
    maildir = tmp_path / "sandbox" / "Maildir"
    with running_sandbox(ServerSettings(port=0, maildir=maildir, keep=CONTACTS)) as server:
        world = make_world(contacts=CONTACTS, port=server.port, final_hop=True, connections=4)
        spread_over_providers(world)
        key = InboxKeyFactory(organization=world.organization)
        campaign = started(world, html=HTML)
        with audience(maildir=maildir, web=web, key=key, idle_seconds=IDLE_SECONDS) as process:
            send(campaign)
            read_until_done(process)
    return campaign, list(entries(tmp_path / "sandbox" / "diary"))


class TestACampaignThatPeopleReactTo:
    def test_shows_exactly_what_they_did(self, story):
        campaign, done = story

        figures = compared(campaign, done)

        assert campaign.state == CampaignState.SENT
        assert {entry.did for entry in done} >= {"open", "click", "reply", "auto_reply", "bounce"}
        assert [entry for entry in done if not entry.arrived] == []
        assert [figure for figure in figures if not figure.agrees] == []
        assert_all_accounts_agree(campaign)
        assert_nothing_is_lost(done)
        assert_who_bounced_hard_or_left_is_suppressed(done)


def assert_all_accounts_agree(campaign: Campaign) -> None:
    """Roll-ups, ledger and events say the same."""
    call_command("rebuild_rollups", "--check", "--campaign", str(campaign.pk))
    call_command("verify_ledger", str(campaign.pk))
    assert verify(campaign).contradictions == {}
    for fact, condition in FACTS.items():
        on_ledger = Recipient.objects.filter(campaign=campaign, **{f"{fact}__isnull": False})
        in_events = DeliveryEvent.objects.filter(campaign_id=campaign.pk).extra(where=[condition])
        assert on_ledger.count() == in_events.values("recipient_id").distinct().count(), fact


def assert_nothing_is_lost(done: list[Entry]) -> None:
    """Every mail is in the inbox, read and attributed."""
    statuses = Counter(RawPayload.objects.values_list("status", flat=True))
    mails = [entry for entry in done if entry.did not in ("open", "click", "unsubscribe")]
    assert statuses == {PayloadStatus.READ: len(mails)}


def assert_who_bounced_hard_or_left_is_suppressed(done: list[Entry]) -> None:
    gone = {entry.address for entry in done if entry.trouble == "hard"}
    left = {entry.address for entry in done if entry.did.startswith("unsubscribe")}
    suppressed = set(Suppression.objects.values_list("email", flat=True))
    assert gone
    assert gone | left <= suppressed
