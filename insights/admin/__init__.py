"""What happened to every message: figures, events, and the inbox of those who report it."""

from insights.admin import dashboard
from insights.admin.events import DeliveryEventAdmin
from insights.admin.inbox import InboxKeyAdmin, RawPayloadAdmin
from insights.admin.mailboxes import MailDomainAdmin
from insights.admin.provider_rules import ProviderRuleAdmin

__all__ = [
    "DeliveryEventAdmin",
    "InboxKeyAdmin",
    "MailDomainAdmin",
    "ProviderRuleAdmin",
    "RawPayloadAdmin",
    "dashboard",
]
