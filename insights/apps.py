"""The insights app."""

from django.apps import AppConfig


class InsightsConfig(AppConfig):
    """Configures the app."""

    name = "insights"
    verbose_name = "Insights"
