"""Which IP or pool a commercial provider is told to use."""

from __future__ import annotations

import asyncio
import json
import re

import pytest
from django.conf import settings
from django.core import mail
from django.core.mail import get_connection

from iprouting.models import TransportKind
from sending.opening import open_transport, provider_settings
from sending.transports.anymail.message import django_message
from sending.transports.anymail.transport import DISPENSABLE
from tests.factories.iprouting import SendingIPFactory
from tests.sending.transports.delivering import NOON, Delivery
from tests.sending.transports.providing import ANYMAIL_TEST, newsletter

PAGE = settings.BASE_DIR / "docs" / "connecting.md"
ROW = re.compile(r"^\| [\w ]+ \| `(\w+)` \| `(\{.*?\})` \|", re.MULTILINE)
DOCUMENTED = dict(ROW.findall(PAGE.read_text()))
KEYS = {
    "amazon_ses": {},
    "mailgun": {"api_key": "k"},
    "mandrill": {"api_key": "k"},
    "postmark": {"server_token": "k"},
    "sendgrid": {"api_key": "k"},
    "sparkpost": {"api_key": "k"},
}


def ip_of(backend, *, options, **given):
    """Return an unsaved IP of a commercial provider."""
    return SendingIPFactory.build(
        transport__kind=TransportKind.ANYMAIL,
        transport__backend=backend,
        transport__backend_settings=json.dumps(given),
        provider_options=options,
    )


def told(payload):
    """Return all that a provider's interface gets of a message."""
    if not hasattr(payload, "serialize_data"):
        return payload.params
    payload.serialize_data()  # some backends add to it only now
    return payload.data


def contains(whole, part):
    """Say whether all of a nested object is in another."""
    if isinstance(part, dict):
        return all(name in whole and contains(whole[name], part[name]) for name in part)
    return whole == part


class TestProviderOptions:
    def test_are_documented_for_these_providers(self):
        assert set(DOCUMENTED) == set(KEYS)

    @pytest.mark.parametrize("name", sorted(KEYS))
    @pytest.mark.filterwarnings("ignore:.*dropped official support")
    def test_reach_the_provider_as_documented(self, name):
        options = json.loads(DOCUMENTED[name])
        ip = ip_of(f"anymail.backends.{name}.EmailBackend", options=options, **KEYS[name])
        backend = get_connection(ip.transport.backend, **provider_settings(ip))
        message = django_message(newsletter())
        for feature in DISPENSABLE:
            vars(message).pop(feature)

        payload = backend.build_message_payload(message, backend.send_defaults)

        assert contains(told(payload), options)

    def test_of_each_ip_go_with_its_own_messages(self):
        async def sent(ip):
            delivery = Delivery()
            transport = open_transport(ip, journal=delivery.journal, clock=lambda: NOON)
            transport.feed(iter([newsletter()]), on_receipt=delivery.receipts.append)
            while not delivery.receipts:
                await asyncio.sleep(0.005)
            await transport.aclose()

        for pool in ("a", "b"):
            asyncio.run(sent(ip_of(ANYMAIL_TEST, options={"ip_pool_name": pool})))

        pools = [message.anymail_test_params["ip_pool_name"] for message in mail.outbox]
        assert pools == ["a", "b"]

    def test_are_added_to_those_of_the_transport_and_win(self):
        common = {"send_defaults": {"tags": ["x"], "esp_extra": {"a": 1, "ip_pool_name": "c"}}}
        ip = ip_of(ANYMAIL_TEST, options={"ip_pool_name": "b"}, api_key="k", **common)

        assert provider_settings(ip) == {
            "api_key": "k",
            "send_defaults": {"tags": ["x"], "esp_extra": {"a": 1, "ip_pool_name": "b"}},
        }

    def test_may_be_none(self):
        assert provider_settings(ip_of(ANYMAIL_TEST, options={}, api_key="k")) == {"api_key": "k"}
