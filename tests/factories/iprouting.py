"""Pools, transports and sending IPs."""

import factory
from factory.django import DjangoModelFactory

from iprouting.models import (
    Breaker,
    BreakerRule,
    IPReputation,
    Pool,
    ProviderLimit,
    SendingIP,
    Transport,
    TransportSecurity,
)
from tests.factories.campaigns import THE_PAST, OrganizationFactory


class PoolFactory(DjangoModelFactory):
    """A pool of the marketing stream."""

    class Meta:
        model = Pool

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"Pool {n}")


class TransportFactory(DjangoModelFactory):
    """Plain SMTP to this machine; a test gives the port of its own server."""

    class Meta:
        model = Transport

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"Transport {n}")
    host = "127.0.0.1"
    port = 2525
    security = TransportSecurity.NONE


class SendingIPFactory(DjangoModelFactory):
    """An active IP with a pool and a transport of the same organization."""

    class Meta:
        model = SendingIP

    organization = factory.SubFactory(OrganizationFactory)
    address = factory.Sequence(lambda n: f"203.0.113.{n % 254 + 1}")
    hostname = "mta.example.com"
    pool = factory.SubFactory(PoolFactory, organization=factory.SelfAttribute("..organization"))
    transport = factory.SubFactory(
        TransportFactory, organization=factory.SelfAttribute("..organization")
    )


class IPReputationFactory(DjangoModelFactory):
    """An hour in which a provider took everything."""

    class Meta:
        model = IPReputation

    organization = factory.SubFactory(OrganizationFactory)
    ip = factory.Sequence(lambda n: f"203.0.113.{n % 254 + 1}")
    provider = "gmail"
    sent = 100
    delivered = 100
    window_start = THE_PAST


class BreakerFactory(DjangoModelFactory):
    """A breaker that never opened."""

    class Meta:
        model = Breaker

    organization = factory.SubFactory(OrganizationFactory)
    ip = factory.Sequence(lambda n: f"203.0.113.{n % 254 + 1}")
    provider = "gmail"
    changed_at = THE_PAST


class BreakerRuleFactory(DjangoModelFactory):
    """A rule that stops sending for an hour at the first answer with these words."""

    class Meta:
        model = BreakerRule

    name = factory.Sequence(lambda n: f"Rule {n}")
    pattern = "slow down"


class ProviderLimitFactory(DjangoModelFactory):
    """A limit that is not switched on."""

    class Meta:
        model = ProviderLimit

    provider = factory.Sequence(lambda n: f"provider{n}")
    rate_per_minute = 60
