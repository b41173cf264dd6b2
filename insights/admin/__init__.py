"""What happened to every message: figures, events, and the inbox of those who report it."""

from insights.admin import dashboard
from insights.admin.checks import CountCheckAdmin
from insights.admin.events import DeliveryEventAdmin
from insights.admin.inbox import InboxKeyAdmin, RawPayloadAdmin
from insights.admin.mailboxes import MailDomainAdmin
from insights.admin.provider_rules import ProviderRuleAdmin
from insights.admin.webhook_deliveries import WebhookDeliveryAdmin
from insights.admin.webhooks import WebhookAdmin

__all__ = [
    "CountCheckAdmin",
    "DeliveryEventAdmin",
    "InboxKeyAdmin",
    "MailDomainAdmin",
    "ProviderRuleAdmin",
    "RawPayloadAdmin",
    "WebhookAdmin",
    "WebhookDeliveryAdmin",
    "dashboard",
]
