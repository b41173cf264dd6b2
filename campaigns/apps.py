"""The campaigns app."""

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    """Configures the app."""

    name = "campaigns"
    verbose_name = "Campaigns"
