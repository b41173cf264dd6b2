"""Events, as they are passed around before they are written."""

import uuid

import factory

from insights.events import DeliveryEvent, EventType, Source
from tests.factories.campaigns import THE_PAST


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
