"""The sending app."""

from django.apps import AppConfig
from django.core.checks import Tags, register


class SendingConfig(AppConfig):
    """Registers the checks of the server for incoming mail."""

    name = "sending"
    verbose_name = "Sending"

    def ready(self) -> None:
        """Register the checks."""
        from sending import checks

        register(checks.check_listen_port, Tags.urls)
        register(checks.check_listen_certificate, Tags.security)
