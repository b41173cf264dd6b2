"""The insights app."""

from django.apps import AppConfig
from django.core.checks import register


class InsightsConfig(AppConfig):
    """Registers the checks of its settings."""

    name = "insights"
    verbose_name = "Insights"

    def ready(self) -> None:
        """Register the checks."""
        from insights import checks

        register(checks.check_nameservers)
