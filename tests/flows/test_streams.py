"""Marketing mail never leaves through an IP for transactional mail, whatever is set up and when."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from campaigns.models import Campaign, Organization, Recipient
from iprouting.models import Pool, SendingIP
from sending.operations.transactional import TransactionalContent, queue_message
from sending.pipeline import run_campaign
from tests.factories.campaigns import IdentityFactory
from tests.factories.iprouting import BreakerFactory, PoolFactory, SendingIPFactory
from tests.flows.sink import running_sink
from tests.flows.world import make_world, started

pytestmark = pytest.mark.django_db(transaction=True)

STREAMS = ("marketing", "transactional")
CHANGES = 25  # that are tried on each world, most of which the database refuses


def pools_and_ips(organization: Organization, transport, chance: random.Random) -> None:
    """Add pools of both streams, fallbacks, and IPs in any condition."""
    pools = [PoolFactory(organization=organization, stream=chance.choice(STREAMS)) for _ in "1234"]
    for pool in pools:
        for _ in range(chance.randrange(3)):
            ip = SendingIPFactory(
                organization=organization,
                pool=pool,
                transport=transport,
                active=chance.random() < 0.8,
            )
            if chance.random() < 0.3:
                BreakerFactory(
                    organization=organization,
                    ip=ip.address,
                    provider="other",
                    state="suspended",
                    opened_at=timezone.now(),
                    until=timezone.now() + timedelta(hours=1),
                )


def change_at_random(chance: random.Random) -> bool:
    """Change something in SQL, past all that the product would say; return whether it was taken."""
    pools = list(Pool.objects.values_list("pk", flat=True))
    ips = list(SendingIP.objects.values_list("pk", flat=True))
    addresses = list(SendingIP.objects.values_list("address", flat=True))
    statement, values = chance.choice(
        [
            ("UPDATE iprouting_pool SET stream = %s WHERE id = %s", (STREAMS, pools)),
            ("UPDATE iprouting_pool SET fallback_id = %s WHERE id = %s", (pools, pools)),
            ("UPDATE iprouting_sendingip SET pool_id = %s WHERE id = %s", (pools, ips)),
            ("UPDATE iprouting_sendingip SET address = %s WHERE id = %s", (addresses, ips)),
            ("UPDATE iprouting_sendingip SET active = %s WHERE id = %s", ((True, False), ips)),
        ]
    )
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, [chance.choice(one) for one in values])
    except IntegrityError:
        return False
    return True


def stream_by_address() -> dict[str, set[str]]:
    """Return to which streams each address belongs."""
    found: dict[str, set[str]] = {}
    for address, stream in SendingIP.objects.values_list("address", "pool__stream"):
        found.setdefault(address, set()).add(stream)
    return found


class TestStreams:
    @pytest.mark.parametrize("seed", range(2))
    def test_are_kept_apart_whatever_is_changed_between_two_turns(self, seed):
        chance, used = random.Random(seed), Counter()
        with running_sink() as sink:
            world = make_world(contacts=30, port=sink.port)
            pools_and_ips(world.organization, world.ip.transport, chance)
            marketing = started(world)
            transactional = self.queued(world.organization)
            for _ in range(3):
                for _ in range(CHANGES):
                    change_at_random(chance)
                owners = stream_by_address()
                assert all(len(streams) == 1 for streams in owners.values())
                used += self.sent_some(marketing, owners) + self.sent_some(transactional, owners)

        assert used["marketing", "marketing"]
        assert all(stream == owner for stream, owner in used)

    def queued(self, organization: Organization) -> Campaign:
        """Return the campaign of some messages that wait to be sent."""
        identity = IdentityFactory(organization=organization, stream="transactional")
        content = TransactionalContent(subject="Your code", text="1234")
        for number in range(10):
            message = queue_message(
                organization,
                to=f"reader{number}@example.com",
                content=content,
                identity=identity,
                data={},
                now=timezone.now(),
            )
        return message.campaign

    def sent_some(self, campaign: Campaign, owners: dict[str, set[str]]) -> Counter:
        """Send a third of what waits; return of which stream it was, and its IP is now."""
        own = Recipient.objects.filter(campaign=campaign)
        before = set(own.exclude(ip="").values_list("pk", flat=True))
        later = own.filter(state="planned").values_list("pk", flat=True)[10:]
        Recipient.objects.filter(pk__in=list(later)).update(
            not_before=timezone.now() + timedelta(days=1)
        )
        own.filter(state="planned").exclude(pk__in=list(later)).update(not_before=timezone.now())
        run_campaign(campaign.pk, clock=timezone.now, seconds=20)
        left = own.exclude(ip="").exclude(pk__in=before)
        return Counter((campaign.stream, *owners[ip]) for ip in left.values_list("ip", flat=True))
