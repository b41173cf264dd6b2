"""The iprouting app."""

from django.apps import AppConfig


class IproutingConfig(AppConfig):
    """Configures the app."""

    name = "iprouting"
    verbose_name = "Sending IPs"
