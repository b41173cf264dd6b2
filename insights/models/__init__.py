"""What happened to every message, who reports it, and who is told."""

from insights.models.counts import (
    CountCheck,
    DroppedMonth,
    HourlyCount,
    HourlySummary,
    StaleHour,
    SummarizedOrganization,
)
from insights.models.events import DeliveryEvent
from insights.models.exports import ExportJob, ExportStatus
from insights.models.hits import DomainHistory, TrackingHit
from insights.models.inbox import InboxKey, PayloadStatus, RawPayload
from insights.models.mailboxes import DomainStatus, MailDomain, ProviderRule
from insights.models.webhooks import (
    DeliveryKind,
    DeliveryStatus,
    Happening,
    Webhook,
    WebhookDelivery,
    WebhookOutbox,
)

__all__ = [
    "CountCheck",
    "DeliveryEvent",
    "DeliveryKind",
    "DeliveryStatus",
    "DomainHistory",
    "DomainStatus",
    "DroppedMonth",
    "ExportJob",
    "ExportStatus",
    "Happening",
    "HourlyCount",
    "HourlySummary",
    "InboxKey",
    "MailDomain",
    "PayloadStatus",
    "ProviderRule",
    "RawPayload",
    "StaleHour",
    "SummarizedOrganization",
    "TrackingHit",
    "Webhook",
    "WebhookDelivery",
    "WebhookOutbox",
]
