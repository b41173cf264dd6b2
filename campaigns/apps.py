"""The campaigns app."""

from django.apps import AppConfig
from django.core.checks import Tags, register


class CampaignsConfig(AppConfig):
    """Registers the checks of the settings that mails depend on."""

    name = "campaigns"
    verbose_name = "Campaigns"

    def ready(self) -> None:
        """Register the checks."""
        from campaigns import checks

        register(checks.check_secret_key, Tags.security)
        register(checks.check_token_keys, Tags.security)
        register(checks.check_public_url, Tags.urls)
        register(checks.check_public_url_is_encrypted, Tags.security, deploy=True)
