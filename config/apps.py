"""The admin as an app of Django's: its pages are loaded by the routes and the checks alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.contrib import admin
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core.checks import CheckMessage, Tags, register


class AdminConfig(SimpleAdminConfig):
    """Leaves out what Django's own loads at once: no worker shows a page, each would pay for all.

    `config.urls` loads the pages where they are shown.
    """

    def ready(self) -> None:
        """Register the checks."""
        register(check_dependencies, Tags.admin)
        register(check_pages, Tags.admin)


def check_pages(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Sequence[CheckMessage]:
    """Return what is wrong with the pages of the admin, all of which are loaded for it."""
    admin.autodiscover()
    return check_admin_app(app_configs, **kwargs)
