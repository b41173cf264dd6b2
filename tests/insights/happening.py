"""Things that happen to messages."""

from datetime import timedelta

from insights.events import EventType
from insights.operations.recording import record_events
from tests.factories.campaigns import THE_PAST
from tests.factories.insights import EventFactory


def happened(recipient, event_type, *, after=0, **facts):
    """Record an event of a message, some seconds after THE_PAST, and return the message."""
    values = {
        "organization_id": recipient.organization_id,
        "campaign_id": recipient.campaign_id,
        "recipient_id": recipient.pk,
        "identity_id": recipient.campaign.identity_id,
        "list_id": recipient.list_id,
        "provider": recipient.provider,
        "stream": recipient.campaign.stream,
        "ip": recipient.ip,
        "variant": recipient.variant,
        "ts": THE_PAST + timedelta(seconds=after),
    }
    record_events([EventFactory(event_type=event_type, **{**values, **facts})])
    return recipient


def sent_message(recipient):
    """Return the message after a mail server took it."""
    return happened(recipient, EventType.SENT, smtp_code=250, smtp_response="2.0.0 Ok")
