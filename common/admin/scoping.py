"""Whose objects a page shows, and what a role may do there: decided here, once, for all pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar, Concatenate, ParamSpec, TypeAlias

from django.core.exceptions import PermissionDenied
from django.db.models import Field, QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from unfold.admin import ModelAdmin, TabularInline

from common.admin.base import Base

VIEWER, EDITOR, OPERATOR, ADMINISTRATOR = "viewer", "editor", "operator", "admin"
P = ParamSpec("P")
Rows: TypeAlias = QuerySet[Any, Any]


class OrganizationScopedAdmin(Base):
    """Pages for what belongs to an organization: they show nothing of another one.

    `organization_path` is the lookup from the model to its organization.
    `write_role` is who may add, change and delete; everybody in the organization may look.
    """

    organization_path: ClassVar[str] = "organization"
    write_role: ClassVar[str] = EDITOR

    def get_queryset(self, request: HttpRequest) -> Rows:
        """Return the rows of the organization that is worked in, and no others."""
        rows: Rows = super().get_queryset(request)
        access = getattr(request, "access", None)
        if not access:
            return rows.none()
        return rows.filter(**{self.organization_path: access.organization.pk})

    def get_field_queryset(
        self, db: str | None, db_field: Field[Any, Any], request: HttpRequest
    ) -> Rows | None:
        """Return what a relation may point at: rows of the same organization."""
        return scoped_choices(self, db_field, request)

    def scoped_object(self, request: HttpRequest, object_id: str) -> Any:
        """Return one object of the organization. Raises Http404 for any other."""
        found = self.get_object(request, object_id)
        if found is None:
            raise Http404(f"There is no such {self.opts.verbose_name} here.")
        return found

    def may(self, request: HttpRequest, role: str) -> bool:
        """Say whether the person's role in the organization suffices."""
        return may(request, role)

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Say whether the pages may be looked at."""
        return may(request, VIEWER)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Say whether something may be added."""
        return may(request, self.write_role)

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Say whether something may be changed."""
        return may(request, self.write_role)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Say whether something may be deleted."""
        return may(request, self.write_role)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Say whether the app is listed."""
        return may(request, VIEWER)


class ReadOnlyAdmin(OrganizationScopedAdmin):
    """Pages for what only the system writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Refuse."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Refuse."""
        return False


class PlatformAdmin(Base):
    """Pages for what belongs to the installation, not to an organization: superusers only."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Say whether the app is listed."""
        return runs_installation(request)

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Say whether the pages may be looked at."""
        return runs_installation(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Say whether something may be added."""
        return runs_installation(request)

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Say whether something may be changed."""
        return runs_installation(request)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Say whether something may be deleted."""
        return runs_installation(request)


class ScopedInline(TabularInline):  # type: ignore[misc]  # the library is untyped
    """Rows inside the page of a scoped object, which they belong to."""

    extra = 0
    write_role: ClassVar[str] = EDITOR

    def get_field_queryset(
        self, db: str | None, db_field: Field[Any, Any], request: HttpRequest
    ) -> Rows | None:
        """Return what a relation may point at: rows of the same organization."""
        return scoped_choices(self, db_field, request)

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Say whether the rows are shown."""
        return may(request, VIEWER)

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Say whether a row may be added."""
        return may(request, self.write_role)

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Say whether a row may be changed."""
        return may(request, self.write_role)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Say whether a row may be removed."""
        return may(request, self.write_role)


def may(request: HttpRequest, role: str) -> bool:
    """Say whether the person's role in the organization that is worked in suffices."""
    access: Any = getattr(request, "access", None)
    return bool(access) and bool(access.may(role))


def organization_of(request: HttpRequest) -> Any:
    """Return the organization that is worked in. Raises PermissionDenied where there is none."""
    access: Any = getattr(request, "access", None)
    if not access:
        raise PermissionDenied
    return access.organization


def runs_installation(request: HttpRequest) -> bool:
    """Say whether the person looks after the whole installation."""
    return bool(request.user.is_active and request.user.is_superuser)


def scoped_choices(admin: ModelAdmin, field: Field[Any, Any], request: HttpRequest) -> Rows:
    """Return the rows that a relation may point at for this person; none where unsure."""
    model: Any = field.related_model
    rows: Rows = model._default_manager.all()  # noqa: SLF001  how Django itself fills choices
    remote = admin.admin_site._registry.get(model)  # noqa: SLF001  where models find their admin
    if isinstance(remote, OrganizationScopedAdmin):
        access = getattr(request, "access", None)
        if not access:
            return rows.none()
        rows = rows.filter(**{remote.organization_path: access.organization.pk})
        return rows.order_by(*remote.get_ordering(request))
    return rows if runs_installation(request) else rows.none()


def require_role(
    role: str,
) -> Callable[[Callable[Concatenate[Any, HttpRequest, P], HttpResponseBase]], Any]:
    """Return a decorator that refuses an extra page to people whose role does not suffice."""

    def decorate(view: Callable[Concatenate[Any, HttpRequest, P], HttpResponseBase]) -> Any:
        @wraps(view)
        def checked(
            admin: Any, request: HttpRequest, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponseBase:
            if not may(request, role):
                raise PermissionDenied
            return view(admin, request, *args, **kwargs)

        return checked

    return decorate
