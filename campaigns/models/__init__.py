"""The nouns of the product."""

from campaigns.models.campaign import Campaign, CampaignKind, CampaignLink
from campaigns.models.contact import (
    Contact,
    ContactList,
    Segment,
    Subscription,
    SubscriptionStatus,
)
from campaigns.models.content import Identity, SendingDomain, Stream, Template, TemplateFormat
from campaigns.models.imports import ImportJob, ImportRefusal, ImportStatus
from campaigns.models.organization import (
    ApiKey,
    AuditEntry,
    IdempotencyRecord,
    Membership,
    Organization,
    User,
)
from campaigns.models.recipient import NEVER_ENGAGED, Recipient

__all__ = [
    "NEVER_ENGAGED",
    "ApiKey",
    "AuditEntry",
    "Campaign",
    "CampaignKind",
    "CampaignLink",
    "Contact",
    "ContactList",
    "IdempotencyRecord",
    "Identity",
    "ImportJob",
    "ImportRefusal",
    "ImportStatus",
    "Membership",
    "Organization",
    "Recipient",
    "Segment",
    "SendingDomain",
    "Stream",
    "Subscription",
    "SubscriptionStatus",
    "Template",
    "TemplateFormat",
    "User",
]
