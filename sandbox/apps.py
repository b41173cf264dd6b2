"""The sandbox app."""

from django.apps import AppConfig


class SandboxConfig(AppConfig):
    """Configures the app."""

    name = "sandbox"
    verbose_name = "Sandbox"
