"""Valkey is lost while a provider's limit holds: mail goes on, and the limit is kept."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.models import Campaign, Recipient
from campaigns.states import CampaignState, RecipientState
from iprouting.models import ProviderLimit
from sending.operations.lifecycle import end_finished
from sending.pipeline import run_campaign
from sending.queries.verification import verify
from tests.flows.sink import running_sink
from tests.flows.test_breakers import world_with_gmail
from tests.flows.world import started

pytestmark = pytest.mark.django_db(transaction=True)

PER_MINUTE, BURST = 600, 100  # ten seconds' worth may go at once
SECONDS = 2


def _send(campaign: Campaign) -> None:
    try:
        run_campaign(campaign.pk, clock=timezone.now, seconds=SECONDS)
    finally:
        connection.close()


class TestLossOfValkey:
    def test_in_the_middle_lets_mail_go_on_within_the_limit(self, settings):
        ProviderLimit.objects.update_or_create(
            provider="gmail", defaults={"rate_per_minute": PER_MINUTE, "active": True}
        )
        with running_sink(delay=0.002) as sink:
            campaign = started(world_with_gmail(contacts=450, port=sink.port))
            own = Recipient.objects.filter(campaign=campaign, state=RecipientState.SENT)
            sending = threading.Thread(target=_send, args=(campaign,))
            valkey, began = settings.REDIS_URL, timezone.now()
            sending.start()
            sink.wait_for(30)
            settings.REDIS_URL = "redis://127.0.0.1:1/0"
            sending.join(60)
            lasted = (timezone.now() - began).total_seconds()
            meanwhile, others = own.filter(provider="gmail").count(), own.exclude(provider="gmail")
            others = others.count()

            settings.REDIS_URL = valkey
            for minute in range(1, 4):
                now = began + timedelta(minutes=10 * minute)
                run_campaign(campaign.pk, clock=lambda now=now: now, seconds=20)
            end_finished(now=now)

        campaign.refresh_from_db()
        assert others == 300
        assert 0 < meanwhile <= BURST + PER_MINUTE / 60 * (lasted + 1) + 1
        assert campaign.state == CampaignState.SENT
        assert len(sink.kept) == len(set(sink.addresses)) == 450
        assert verify(campaign).contradictions == {}
