"""The iprouting app."""

from django.apps import AppConfig
from django.core.checks import Tags, register


class IproutingConfig(AppConfig):
    """Registers the checks of sending IPs."""

    name = "iprouting"
    verbose_name = "Sending IPs"

    def ready(self) -> None:
        """Register the checks."""
        from iprouting import checks

        register(checks.check_ips_can_be_told_apart, Tags.database)
