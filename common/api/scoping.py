"""Nothing of one organization is ever visible to another: the one place that filters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from django.db.models import Model, QuerySet
from rest_framework import serializers
from rest_framework.exceptions import NotFound

_Named = TypeVar("_Named", bound=Model)

if TYPE_CHECKING:
    from rest_framework.generics import GenericAPIView

    _View = GenericAPIView[Any]
else:
    _View = object


class OrganizationScoped(_View):
    """A view that sees the objects of the caller's organization only.

    `organization_path` is the way from the view's model to the organization, such as
    `contact__organization`.
    """

    organization_path: ClassVar[str] = "organization"

    @property
    def organization(self) -> Any:
        """The organization that the request works in; the permission has put it there."""
        return self.request.access.organization  # type: ignore[attr-defined]

    def get_queryset(self) -> QuerySet[Any]:
        """Return the objects of the organization; none while the schema is being written."""
        everything = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return everything.none()
        return everything.filter(**{self.organization_path: self.organization})

    def asked(self, model: type[_Named], name: str) -> _Named | None:
        """Return the object whose id a query parameter gives, None without one.

        Raises NotFound for one that is not there or belongs to another organization.
        """
        given = self.request.query_params.get(name, "")
        if not given:
            return None
        known = given.isascii() and given.isdigit()
        manager = model._default_manager  # noqa: SLF001  documented by Django
        scoped = manager.filter(**{self.organization_path: self.organization})
        found = scoped.filter(pk=given).first() if known else None
        if found is None:
            raise NotFound
        return found


class OrganizationRelated(serializers.PrimaryKeyRelatedField[Any]):
    """A reference to an object of the caller's organization; another's does not exist for it."""

    organization_path = "organization"

    def get_queryset(self) -> QuerySet[Any]:
        """Return what may be referred to; nothing while the schema is being written."""
        everything = cast("QuerySet[Any]", super().get_queryset())
        access = getattr(self.context.get("request"), "access", None)
        if not access:
            return everything.none()
        return everything.filter(**{self.organization_path: access.organization})
