"""Routes of the API: every path answers with and without its final slash."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, URLResolver, re_path
from rest_framework import routers


class Router(routers.SimpleRouter):
    """Registers viewsets under both spellings: a redirect would lose the body of a POST."""

    def __init__(self) -> None:
        super().__init__(trailing_slash=False)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Return each route twice; only the one without a slash stands in the schema."""
        plain = super().get_urls()
        return [*plain, *map(_slashed, plain)]


def _slashed(plain: Any) -> URLPattern:
    given = plain.callback
    view = given.cls.as_view(given.actions, **given.initkwargs | {"schema": None})
    route: URLPattern = re_path(str(plain.pattern).removesuffix("$") + "/$", view)
    return route
