"""The warm-up app."""

from django.apps import AppConfig


class WarmupConfig(AppConfig):
    """Configures the app."""

    name = "warmup"
    verbose_name = "Warm-up"
