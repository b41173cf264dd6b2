"""The common app."""

from django.apps import AppConfig
from django.core.checks import Tags, register


class CommonConfig(AppConfig):
    """Registers the checks of the services that everything runs on."""

    name = "common"
    verbose_name = "Common"

    def ready(self) -> None:
        """Register the checks."""
        from common import checks

        register(checks.check_database, Tags.compatibility)
        register(checks.check_redis, Tags.compatibility)
        register(checks.check_outgoing_networks, Tags.security)
        register(checks.check_database_version, Tags.database)
