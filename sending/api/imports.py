"""Files of contacts, brought onto a list."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

import campaigns.operations.imports
from campaigns.api.actor import actor_of
from campaigns.api.idempotency import idempotent
from campaigns.importing.mapping import MappingError
from campaigns.importing.table import FileError
from campaigns.models import ContactList
from campaigns.operations.imports import NewImport
from common.api.fields import JsonObjectField
from common.api.views import ApiViewSet
from common.errors import DomainError
from sending.api.soon import soon
from sending.conf import import_directory
from sending.tasks import run_import


class MappingField(JsonObjectField):
    """Which column is what."""

    def to_internal_value(self, data: Any) -> dict[str, str]:
        """Return the mapping. Raises ValidationError unless it maps texts to texts."""
        mapping = super().to_internal_value(data)
        if not all(isinstance(target, str) for target in mapping.values()):
            raise serializers.ValidationError('Map columns to fields: {"E-mail": "email"}.')
        return mapping


class ImportInput(serializers.Serializer[Any]):
    """A file of contacts."""

    file = serializers.FileField(help_text="CSV or XLSX.")
    mapping = MappingField(
        required=False,
        default=None,
        help_text='Such as {"E-mail": "email", "City": "attribute:city"}; guessed when left out.',
    )
    dry_run = serializers.BooleanField(default=False, help_text="Count only; change nothing.")


class StartedImportOutput(serializers.Serializer[Any]):
    """The import that was started; ask for it at /api/imports/{id}."""

    id = serializers.IntegerField()


class ListImports(ApiViewSet):
    """Imports onto a list."""

    queryset = ContactList.objects.all()
    serializer_class = StartedImportOutput
    parser_classes = (MultiPartParser,)

    @extend_schema(
        request={"multipart/form-data": ImportInput},
        responses={HTTPStatus.ACCEPTED: StartedImportOutput},
    )
    @action(detail=True, methods=["post"], url_path="import", url_name="import")
    @idempotent
    def bring_in(self, request: Request, pk: str) -> Response:
        """Bring a file of contacts onto the list. It is worked on in the background."""
        list_, given = self.get_object(), self.given(ImportInput)
        wanted = NewImport(
            organization=self.organization,
            list=list_,
            file_name=given["file"].name,
            mapping=given["mapping"],
            dry_run=given["dry_run"],
            started_by=actor_of(request),
        )
        try:
            job = campaigns.operations.imports.create_import(
                given["file"], wanted=wanted, directory=import_directory()
            )
        except (FileError, MappingError) as error:
            field = "mapping" if isinstance(error, MappingError) else "file"
            raise DomainError(error.code, error.message, {"field": field}) from error
        soon(run_import, job_id=job.pk)
        return Response({"id": job.pk}, status=HTTPStatus.ACCEPTED)
