"""The demo's campaign, from its start to its end, by SMTP into the sandbox."""

from __future__ import annotations

import datetime as dt
import mailbox
from collections import Counter

import pytest
from django.core.management import call_command
from django.utils import timezone

import sending.operations.lifecycle
from campaigns.models import Campaign, Contact, Subscription
from campaigns.queries.ledger import state_counts
from campaigns.states import CampaignState, RecipientState
from iprouting.models import Breaker
from sandbox.demo import shop
from sandbox.server import ServerSettings
from sending.pipeline import run_campaign
from suppression.models import Suppression
from tests.sandbox.running import running_sandbox
from warmup.schedule import daily_limit

LATER = dt.timedelta(minutes=5)  # when those who were asked to wait may be tried again


@pytest.fixture
def sent(db, transactional_db, monkeypatch, tmp_path):
    """Return the demo's campaign after it ended, and the messages that arrived.

    As in `make run`: providers do not trust the new IP, and rules for breakers are there.
    """
    monkeypatch.setenv("MAILWRIGHT_DEMO_PASSWORD", "a-long-pass-phrase")
    settings = ServerSettings(
        port=0, maildir=tmp_path / "box", seed=1, new_ips=frozenset({shop.NEW_IP})
    )
    with running_sandbox(settings) as server:
        monkeypatch.setenv("MAILWRIGHT_SANDBOX_PORT", str(server.port))
        call_command("load_demo", "--no-past")
        call_command("start_demo_campaign")
        campaign = Campaign.objects.get(name=shop.READY_CAMPAIGN)
        sending.operations.lifecycle.prepare(campaign.pk, now=timezone.now())
        run_campaign(campaign.pk, clock=timezone.now, seconds=120)
        run_campaign(campaign.pk, clock=lambda: timezone.now() + LATER, seconds=120)
        sending.operations.lifecycle.end_finished(now=timezone.now())
    campaign.refresh_from_db()
    return campaign, list(mailbox.Maildir(tmp_path / "box"))


@pytest.mark.slow
class TestDemoCampaign:
    def test_ends_as_sent_with_everybody_accounted_for(self, sent):
        campaign, messages = sent
        counts = state_counts(campaign.pk)
        reached = Counter(message["Delivered-To"] for message in messages)
        assert campaign.state == CampaignState.SENT
        assert sum(counts.values()) == campaign.audience_count
        assert counts[RecipientState.DELIVERED] + counts[RecipientState.BOUNCED] == sum(
            counts.values()
        )
        assert counts[RecipientState.BOUNCED] > 10
        assert counts[RecipientState.DELIVERED] == len(messages)
        assert set(reached.values()) == {1}
        assert not barred_addresses() & {address.lower() for address in reached}
        assert all(message["List-Unsubscribe-Post"] for message in messages)
        assert not any(message.defects for message in messages)
        carried = Counter(sending_ip(message) for message in messages)
        assert set(carried) == {"127.0.0.2", "127.0.0.3", shop.NEW_IP}
        assert carried[shop.NEW_IP] <= daily_limit(1)
        assert not Breaker.objects.filter(ip__in=["127.0.0.2", "127.0.0.3"]).exists()


def barred_addresses() -> set[str]:
    """Return who is suppressed, or not subscribed to the newsletter."""
    subscribed = Subscription.objects.filter(status="subscribed", list__slug="newsletter")
    others = Contact.objects.exclude(pk__in=subscribed.values("contact"))
    return {
        *Suppression.objects.values_list("email", flat=True),
        *others.values_list("email_key", flat=True),
    }


def sending_ip(message) -> str:
    return message["Received"].partition("[")[2].partition("]")[0]
