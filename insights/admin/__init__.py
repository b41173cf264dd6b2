"""What happened to every message, and the inbox of those who report it."""

from insights.admin.events import DeliveryEventAdmin
from insights.admin.inbox import InboxKeyAdmin, RawPayloadAdmin

__all__ = ["DeliveryEventAdmin", "InboxKeyAdmin", "RawPayloadAdmin"]
