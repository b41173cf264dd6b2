"""Pages that can set something going: campaigns, imports, sending IPs, schedules."""

from sending.admin.campaigns import CampaignAdmin
from sending.admin.imports import ImportJobAdmin
from sending.admin.ips import SendingIPAdmin
from sending.admin.schedules import PeriodicTaskAdmin

__all__ = ["CampaignAdmin", "ImportJobAdmin", "PeriodicTaskAdmin", "SendingIPAdmin"]
