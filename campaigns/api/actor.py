"""Who did it, as the audit log names them."""

from __future__ import annotations

from rest_framework.request import Request

from campaigns.models import ApiKey


def actor_of(request: Request) -> str:
    """Return the name of the API key, or of the person who is logged in."""
    if isinstance(request.auth, ApiKey):
        return f"API key {request.auth.name}"
    return str(request.user.get_username())
