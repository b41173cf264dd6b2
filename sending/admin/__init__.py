"""Pages that can set something going, and those that need to know all apps."""

from sending.admin import messages, routing
from sending.admin.campaigns import CampaignAdmin
from sending.admin.imports import ImportJobAdmin
from sending.admin.ips import SendingIPAdmin
from sending.admin.schedules import PeriodicTaskAdmin

__all__ = [
    "CampaignAdmin",
    "ImportJobAdmin",
    "PeriodicTaskAdmin",
    "SendingIPAdmin",
    "messages",
    "routing",
]
