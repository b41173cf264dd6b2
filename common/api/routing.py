"""Routes of the API: every path answers with and without its final slash."""

from __future__ import annotations

from django.urls import URLPattern, re_path
from rest_framework import routers


class Router(routers.SimpleRouter):
    """Registers viewsets. A redirect would lose the body of a POST, so neither spelling gets one."""

    def __init__(self) -> None:
        super().__init__(trailing_slash=False)

    def get_urls(self) -> list[URLPattern]:
        """Return each route twice; only the one without a slash stands in the schema."""
        return [
            route
            for plain in super().get_urls()
            for route in (plain, _slashed(plain))
            if isinstance(plain, URLPattern)
        ]


def _slashed(plain: URLPattern) -> URLPattern:
    given = plain.callback
    options = given.initkwargs | {"schema": None}  # type: ignore[attr-defined]
    view = given.cls.as_view(given.actions, **options)  # type: ignore[attr-defined]
    return re_path(str(plain.pattern).removesuffix("$") + "/$", view)
