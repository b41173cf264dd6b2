"""The common app."""

from django.apps import AppConfig


class CommonConfig(AppConfig):
    """Configures the app."""

    name = "common"
    verbose_name = "Common"
