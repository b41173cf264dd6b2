"""Mail leaves from the address that was chosen for it: a real Postfix with two of them."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import ExitStack
from functools import partial

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from campaigns.models import Contact, Recipient
from campaigns.states import CampaignState
from iprouting.models import SendingIP, Transport
from sending.arrival import Place
from sending.conf import Door
from tests.factories.iprouting import SendingIPFactory, TransportFactory
from tests.flows.sink import Sink, running_sink
from tests.flows.world import World, make_world, send_all, started
from tests.sending.documented import documented
from tests.sending.postfix import Postfix, free_port, running_postfix
from tests.sending.test_listener import Listening
from warmup.models import DailyAllowance
from warmup.operations.schedules import start_warmup

pytestmark = pytest.mark.django_db(transaction=True)

FIRST, SECOND = "127.0.0.2", "127.0.0.3"
ADDRESSES = {"203.0.113.1": FIRST, "203.0.113.2": SECOND}
MAILBOXES = "127.0.0.9"
# Postfix writes to them at the address itself: it would ask DNS for the server of a domain.
TO_MAILBOXES = rf"/^(.*)@example\.com$/ $1@[{MAILBOXES}]"
ARRIVAL_SECONDS = 60.0


@pytest.fixture(scope="module")
def program(needs_program):
    """Return the path of Postfix, or skip the test."""
    path = needs_program("postfix")
    if os.geteuid() != 0:
        pytest.skip("Postfix can only be started by root.")
    return path


@pytest.fixture
def mailboxes():
    """Return the server that the mail is for, which sees where it comes from."""
    with running_sink(host=MAILBOXES) as sink:
        yield sink


@pytest.fixture
def relay(program):
    """Return what starts a Postfix that chooses the address in one of the documented ways."""
    with ExitStack() as stack:
        yield partial(_started, stack, program)


def _started(
    stack: ExitStack, program: str, way: str, *, port: int, mx: bool = False, **instead: str
) -> Postfix:
    """Return a Postfix that hands on to a port of the mailboxes' address.

    With `mx` it does so with mail for any domain, as if DNS had said so.
    """
    config = documented(way, instead={**ADDRESSES, **instead})
    options = {
        **config.options,
        "relayhost": f"[{MAILBOXES}]:{port}" if mx else "",
        "smtp_tcp_port": str(port),
        "recipient_canonical_maps": "regexp:/etc/postfix/to_mailboxes",
        "recipient_canonical_classes": "envelope_recipient",
    }
    files = {**config.files, "to_mailboxes": TO_MAILBOXES}
    running = running_postfix(program, next_hop_port=port, options=options, files=files)
    return stack.enter_context(running)


def world_of(contacts: int, *, port: int, first: dict[str, str]) -> World:
    """Return a world whose IP is the first of the two."""
    world = make_world(contacts=contacts, port=port)
    SendingIP.objects.filter(pk=world.ip.pk).update(address=FIRST, **first)
    world.ip.refresh_from_db()
    return world


def add_second(world: World, *, transport: Transport | None = None, **fields: str) -> None:
    """Put the second IP beside the first, and leave the first room for half of the mail."""
    SendingIPFactory(
        organization=world.organization,
        address=SECOND,
        pool=world.ip.pool,
        transport=transport or world.ip.transport,
        **fields,
    )
    start_warmup(world.ip, now=timezone.now())
    DailyAllowance.objects.update(daily_limit=Contact.objects.count() // 2)


def assert_every_message_left_as_chosen(world: World, mailboxes: Sink) -> None:
    campaign = started(world)

    send_all(campaign)

    count = campaign.audience_count
    mailboxes.wait_for(count, seconds=ARRIVAL_SECONDS)
    chosen = dict(Recipient.objects.values_list("email", "ip"))
    assert campaign.state == CampaignState.SENT
    seen = {
        kept.rcpt_to.replace(f"[{MAILBOXES}]", "example.com"): kept.peer for kept in mailboxes.kept
    }
    assert seen == chosen
    assert len(mailboxes.kept) == count
    by_ip = Counter(chosen.values())
    assert 0 < by_ip[FIRST] <= count // 2
    assert by_ip[FIRST] + by_ip[SECOND] == count


class TestPostfixChoosesTheAddress:
    """The receiving server sees the address that stands in the ledger, for every message."""

    def test_by_return_path(self, relay, mailboxes):
        postfix = relay("By return path", port=mailboxes.port)
        world = world_of(
            2_000, port=postfix.port, first={"return_path_domain": "ip1.bounce.example.com"}
        )
        add_second(world, return_path_domain="ip2.bounce.example.com")

        assert_every_message_left_as_chosen(world, mailboxes)

    def test_by_port(self, relay, mailboxes):
        first, second = free_port(), free_port()
        ports = {"127.0.0.1:2601": f"127.0.0.1:{first}", "127.0.0.1:2602": f"127.0.0.1:{second}"}
        relay("By port", port=mailboxes.port, **ports)
        world = world_of(50, port=first, first={})
        add_second(world, transport=TransportFactory(organization=world.organization, port=second))

        assert_every_message_left_as_chosen(world, mailboxes)

    def test_by_header(self, relay, mailboxes):
        escaped = {address.replace(".", r"\."): ours for address, ours in ADDRESSES.items()}
        postfix = relay("By header", port=mailboxes.port, **escaped)
        world = world_of(
            50, port=postfix.port, first={"header_name": "X-Sending-IP", "header_value": FIRST}
        )
        add_second(world, header_name="X-Sending-IP", header_value=SECOND)

        assert_every_message_left_as_chosen(world, mailboxes)
        assert not any(b"X-Sending-IP" in kept.data for kept in mailboxes.kept)


class TestCheckRoute:
    """Sees through a real Postfix which address it used."""

    DOMAIN = "ip1.bounce.example.com"

    def test_tells_the_right_address_from_another(self, relay, capsys):
        port = free_port()
        postfix = relay("By return path", port=port)
        ip = SendingIPFactory(
            address=FIRST, transport__port=postfix.port, return_path_domain=self.DOMAIN
        )
        given = {
            "to": "me@example.com",
            "sender": "news@example.com",
            "listen": Place(MAILBOXES, port),
            "seconds": ARRIVAL_SECONDS,
        }

        call_command("check_route", FIRST, **given)
        SendingIP.objects.filter(pk=ip.pk).update(address=SECOND)
        with pytest.raises(CommandError) as wrong:
            call_command("check_route", SECOND, **given)

        assert f"The receiver saw {FIRST}, as it should be." in capsys.readouterr().out
        assert wrong.value.returncode == 1
        assert f"The receiver saw {FIRST} instead of {SECOND}." in str(wrong.value)
        assert f"senders at {self.DOMAIN}" in str(wrong.value)

    def test_learns_it_from_the_listener_for_bounces(self, relay, capsys):
        with Listening(Door(host=MAILBOXES, port=0, name="mx.example")) as listening:
            postfix = relay("By return path", port=listening.port, mx=True)
            SendingIPFactory(
                address=FIRST, transport__port=postfix.port, return_path_domain=self.DOMAIN
            )

            call_command("check_route", FIRST, seconds=ARRIVAL_SECONDS)

        assert f"The receiver saw {FIRST}, as it should be." in capsys.readouterr().out
