"""One message as its events name it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from insights.events import DeliveryEvent, EventType, Source


@dataclass(frozen=True, slots=True)
class Message:
    """What is known of a message that went out: the values of its ledger row and its campaign."""

    recipient_id: int
    organization_id: int
    campaign_id: int
    contact_id: int | None  # None once the contact was deleted
    list_id: int | None
    identity_id: int
    email: str
    provider: str
    stream: str
    ip: str
    variant: str

    def event(
        self, event_type: EventType, *, source: Source, ts: datetime, natural_key: uuid.UUID
    ) -> DeliveryEvent:
        """Return an event about this message."""
        return DeliveryEvent(
            event_type=event_type,
            organization_id=self.organization_id,
            campaign_id=self.campaign_id,
            recipient_id=self.recipient_id,
            ts=ts,
            natural_key=natural_key,
            source=source,
            provider=self.provider,
            stream=self.stream,
            identity_id=self.identity_id,
            list_id=self.list_id,
            ip=self.ip,
            variant=self.variant,
        )
