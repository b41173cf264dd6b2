"""The insights app."""

from django.apps import AppConfig
from django.core.checks import register


class InsightsConfig(AppConfig):
    """Registers the checks of its settings and the figures of the inbox."""

    name = "insights"
    verbose_name = "Insights"

    def ready(self) -> None:
        """Register checks and figures."""
        from insights import checks, monitoring

        register(checks.check_nameservers)
        monitoring.register()
