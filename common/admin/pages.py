"""Pages of the admin that belong to no model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.urls import URLPattern


def add_pages(routes: Callable[[], list[URLPattern]]) -> None:
    """Have the admin serve more routes, below its own address and before those of the models.

    Several apps may call this; each adds to what the others have added.
    """
    site: Any = admin.site
    before: Callable[[], list[URLPattern]] = getattr(site, "extra_urls", list)
    site.extra_urls = lambda: [*before(), *routes()]
