"""Events, as they are passed around before they are written; inbox, its addresses, exports."""

import tempfile
import uuid
from pathlib import Path

import factory
from factory.django import DjangoModelFactory

from insights.deliveries import new_secret
from insights.events import DeliveryEvent, EventType, Source
from insights.models import (
    CountCheck,
    ExportJob,
    InboxKey,
    MailDomain,
    ProviderRule,
    RawPayload,
    Webhook,
    WebhookDelivery,
)
from tests.factories.campaigns import THE_PAST, OrganizationFactory


class EventFactory(factory.Factory):
    """A message that the MTA took; each has a natural key of its own."""

    class Meta:
        model = DeliveryEvent

    event_type = EventType.SENT
    organization_id = 1
    campaign_id = 1
    recipient_id = factory.Sequence(lambda n: n + 1)
    ts = THE_PAST
    natural_key = factory.LazyFunction(uuid.uuid4)
    source = Source.SMTP


class InboxKeyFactory(DjangoModelFactory):
    """An address for mail."""

    class Meta:
        model = InboxKey

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"Mail server {n}")
    source = Source.MAIL.value


class RawPayloadFactory(DjangoModelFactory):
    """A mail that waits to be read."""

    class Meta:
        model = RawPayload

    organization = factory.SubFactory(OrganizationFactory)
    source = Source.MAIL.value
    received_at = THE_PAST
    due_at = THE_PAST
    body = b"Subject: Hello\r\n\r\nHow are you?\r\n"


class ProviderRuleFactory(DjangoModelFactory):
    """A provider known by its mail servers."""

    class Meta:
        model = ProviderRule

    kind = "mx"
    pattern = factory.Sequence(lambda n: f"mx{n}.provider.example")
    provider = "gmail"


class MailDomainFactory(DjangoModelFactory):
    """A domain that was looked up and has one mail server that no rule knows."""

    class Meta:
        model = MailDomain

    domain = factory.Sequence(lambda n: f"company{n}.example")
    status = "servers"
    provider = "other"
    mx_hosts = factory.LazyAttribute(lambda row: [f"mx.{row.domain}"])
    looked_up_at = THE_PAST
    expires_at = THE_PAST


class WebhookFactory(DjangoModelFactory):
    """A webhook that hears of bounces; a test that listens gives its own address."""

    class Meta:
        model = Webhook

    organization = factory.SubFactory(OrganizationFactory)
    url = factory.Sequence(lambda n: f"https://receiver{n}.example.com/events")
    event_types = factory.LazyFunction(lambda: ["email.bounced"])
    secret = factory.LazyFunction(new_secret)


class WebhookDeliveryFactory(DjangoModelFactory):
    """A delivery that waits for its first attempt."""

    class Meta:
        model = WebhookDelivery

    webhook = factory.SubFactory(WebhookFactory)
    created_at = THE_PAST
    due_at = THE_PAST


class ExportJobFactory(DjangoModelFactory):
    """An export that is finished, with an empty file."""

    class Meta:
        model = ExportJob

    organization = factory.SubFactory(OrganizationFactory)
    started_by = "ada"
    status = "finished"
    path = factory.LazyFunction(lambda: _empty_file())  # noqa: PLW0108  it is defined below
    finished_at = THE_PAST


def _empty_file():
    path = Path(tempfile.gettempdir()) / "mailwright-empty-export.csv"
    path.touch()
    return str(path)


class CountCheckFactory(DjangoModelFactory):
    """A check of counts that found a difference."""

    class Meta:
        model = CountCheck

    organization = factory.SubFactory(OrganizationFactory)
    compared_at = THE_PAST
    since = THE_PAST
    differences = 1
    examples = ("campaign 1, 2026-01-01 10:00 UTC, gmail: sent is 5, the events say 4",)
