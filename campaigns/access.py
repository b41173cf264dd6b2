"""Who is asking, for which organization, and what they may do: the one place that decides it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission

from campaigns.models import ApiKey, Organization, User
from campaigns.roles import Role, allows

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from rest_framework.request import Request
    from rest_framework.views import APIView

SESSION_KEY = "organization_id"
READING = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Access:
    """The organization a request works in, with the role it has there."""

    organization: Organization
    role: str

    def may(self, needed: Role) -> bool:
        """Say whether the role suffices."""
        return allows(self.role, needed)


def organizations_of(user: User | AnonymousUser) -> list[Organization]:
    """Return the organizations a person may work in, by name; a superuser may work in all."""
    if not user.is_authenticated or not user.is_active:
        return []
    everything = Organization.objects.order_by("name")
    return list(everything if user.is_superuser else everything.filter(memberships__user=user))


def access_of(user: User | AnonymousUser, *, preferred: object = None) -> Access | None:
    """Return the access of a logged-in person: to the preferred organization, else to the first."""
    organizations = organizations_of(user)
    if not organizations or not isinstance(user, User):
        return None
    chosen = next((o for o in organizations if str(o.pk) == str(preferred)), organizations[0])
    if user.is_superuser:
        return Access(chosen, Role.ADMIN)
    membership = chosen.memberships.get(user=user)
    return Access(chosen, membership.role)


class AccessMiddleware:
    """Puts `request.access` on every request: an Access, or something false; lazily."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Attach the access and go on."""
        request.access = SimpleLazyObject(  # type: ignore[attr-defined]
            lambda: access_of(request.user, preferred=request.session.get(SESSION_KEY))
        )
        return self.get_response(request)


class ApiKeyAuthentication(TokenAuthentication):
    """`Authorization: Token <key>`."""

    def authenticate_credentials(self, token: bytes) -> tuple[User, ApiKey]:
        """Return the holder and the key. Raises AuthenticationFailed for anything else."""
        if not token.isascii():
            raise AuthenticationFailed("Invalid token.")
        holder = super().authenticate_credentials(token)  # type: ignore[no-untyped-call]
        return cast("tuple[User, ApiKey]", holder)


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes the keys in the API's schema."""

    target_class = ApiKeyAuthentication
    name = "apiKey"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """Return the scheme as OpenAPI writes it."""
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": 'The word "Token", a space and the key.',
        }


def api_access(request: Request) -> Access | None:
    """Return the access of an API request: the key's, or that of the logged-in person."""
    if isinstance(request.auth, ApiKey):
        return Access(request.auth.organization, request.auth.role)
    return access_of(request.user, preferred=request.session.get(SESSION_KEY))


def access_for(request: HttpRequest | Request) -> Access:
    """Return the access of a request that was let through. Raises LookupError for one without."""
    access: Access | None = getattr(request, "access", None)
    if not access:
        raise LookupError("this request works in no organization")
    return access


class RolePermission(BasePermission):
    """Lets a request through when its role suffices; sets `request.access` for the view.

    Reading needs a viewer, writing what the view names in `write_role` (an editor unless said
    otherwise), a single action what it names in `action_roles`.
    """

    message = "Your role does not allow this. Ask an administrator of your organization."

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Say whether the request may go on."""
        if not request.user.is_authenticated:
            return False
        access = api_access(request)
        request.access = access  # type: ignore[attr-defined]
        return access is not None and access.may(_needed(request, view))


def _needed(request: Request, view: APIView) -> Role:
    roles: dict[str, Role] = getattr(view, "action_roles", {})
    action = getattr(view, "action", None)
    if action in roles:
        return roles[action]
    if request.method in READING:
        return Role.VIEWER
    return cast("Role", getattr(view, "write_role", Role.EDITOR))
