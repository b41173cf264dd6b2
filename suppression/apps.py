"""The suppression app."""

from django.apps import AppConfig


class SuppressionConfig(AppConfig):
    """Configures the app."""

    name = "suppression"
    verbose_name = "Suppression"
