"""What every resource of the API does the same way."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, ClassVar, TypeVar

from django.db.models import Model
from rest_framework import mixins, serializers, viewsets
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.parsing import BoundedJSONParser
from common.api.schema import ApiSchema
from common.api.scoping import OrganizationScoped

_Saved = TypeVar("_Saved", bound=Model)


class ApiViewSet(OrganizationScoped, viewsets.GenericViewSet[Any]):
    """A viewset of one organization that reads JSON."""

    parser_classes: Sequence[type[BaseParser]] = (BoundedJSONParser,)
    lookup_value_regex = "[0-9]+"
    schema = ApiSchema()

    def given(self, form: type[serializers.Serializer[Any]], **options: Any) -> dict[str, Any]:
        """Return the checked body of the request. Raises ValidationError."""
        shape = form(data=self.request.data, context=self.get_serializer_context(), **options)
        shape.is_valid(raise_exception=True)
        return dict(shape.validated_data)

    def shown(self, instance: Any) -> Any:
        """Return an object as it is shown to the caller."""
        return self.get_serializer(instance).data


class ReadViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    """A resource that is only read."""


class NounViewSet(ReadViewSet):
    """A resource that is made, read, changed and deleted.

    `serializer_class` is what goes out, `input_class` what comes in; `keep` and `remove` each call
    the operation that does it.
    """

    input_class: ClassVar[type[serializers.Serializer[Any]]]

    def create(self, request: Request) -> Response:
        """Make one."""
        model = self.get_queryset().model
        kept = self.keep(model(organization=self.organization), self.given(self.input_class))
        return Response(self.shown(kept), status=HTTPStatus.CREATED)

    def update(self, request: Request, pk: str) -> Response:
        """Change one as a whole."""
        return Response(self.shown(self.keep(self.get_object(), self.given(self.input_class))))

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change some of its fields."""
        kept = self.keep(self.get_object(), self.given(self.input_class, partial=True))
        return Response(self.shown(kept))

    def destroy(self, request: Request, pk: str) -> Response:
        """Delete one."""
        self.remove(self.get_object())
        return Response(status=HTTPStatus.NO_CONTENT)

    def keep(self, instance: Any, given: dict[str, Any]) -> Any:
        """Return the object as it was stored with what was given."""
        return store(changed(instance, given))

    def remove(self, instance: Any) -> None:
        """Delete the object."""
        instance.delete()


def changed(instance: _Saved, given: dict[str, Any]) -> _Saved:
    """Return the object with the given values on it, not stored yet."""
    for name, value in given.items():
        setattr(instance, name, value)
    return instance


def store(instance: _Saved) -> _Saved:
    """Store an object that needs nothing but its own rules checked. Raises ValidationError."""
    instance.full_clean()
    instance.save()
    return instance
