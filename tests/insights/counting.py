"""Hourly counts to look at."""

from insights.models import HourlyCount
from tests.factories.campaigns import THE_PAST


def count(campaign, hour=THE_PAST, **given):
    """Store what happened to mail of a campaign in one hour."""
    values = {
        "organization_id": campaign.organization_id,
        "campaign_id": campaign.pk,
        "provider": "gmail",
        "identity_id": campaign.identity_id,
        "list_id": 0,
        "stream": campaign.stream,
    }
    return HourlyCount.objects.create(hour=hour, **{**values, **given})
