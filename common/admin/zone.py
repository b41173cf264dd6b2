"""Times as the organization's clock shows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone


class ZoneMiddleware:
    """Lets the admin show and read times in the zone of the organization that is worked in.

    Needs `request.access`, so it stands after the middleware that sets it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, and leave the zone as it was found."""
        with timezone.override(None):
            return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> None:
        """Activate the organization's zone for pages of the admin."""
        match = request.resolver_match
        access = getattr(request, "access", None)
        if match and "admin" in match.app_names and access:
            timezone.activate(access.organization.timezone)
