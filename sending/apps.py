"""The sending app."""

from django.apps import AppConfig


class SendingConfig(AppConfig):
    """Configures the app."""

    name = "sending"
    verbose_name = "Sending"
