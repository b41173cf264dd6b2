"""Files of messages, made in the background."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import FileResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

import insights.operations.exports
import insights.queries.exports
from campaigns.api.actor import actor_of
from campaigns.api.idempotency import idempotent
from common.api.csv_answers import CSV_IN_SCHEMA, CSV_OR_JSON, MEDIA_TYPE
from common.api.views import ReadViewSet
from common.errors import DomainError
from insights.api.messages import MessageQuery
from insights.models import ExportJob, ExportStatus
from sending.api.soon import soon
from sending.tasks import run_export


class ExportOutput(serializers.ModelSerializer[ExportJob]):
    """A file of messages, and how far it is."""

    progress = serializers.FloatField(help_text="From 0 to 1.")
    rows = serializers.IntegerField(source="row_count", help_text="Written so far.")
    file = serializers.SerializerMethodField(help_text="Where it is downloaded; null until then.")

    class Meta:
        model = ExportJob
        fields = (
            "id", "status", "progress", "rows", "failure", "filters", "started_by", "created_at",
            "finished_at", "expires_at", "file",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_file(self, job: ExportJob) -> str | None:
        """Return the address of the file, None while there is none."""
        if job.status != ExportStatus.FINISHED:
            return None
        return reverse("exportjob-file", [job.pk], request=self.context["request"])


class StartedExportOutput(serializers.Serializer[Any]):
    """The export that was started; ask for it at /api/exports/{id}."""

    id = serializers.IntegerField()


class ExportViewSet(ReadViewSet):
    """Files of messages; one that is posted is written in the background."""

    queryset = ExportJob.objects.all()
    serializer_class = ExportOutput
    input_class = MessageQuery

    @extend_schema(responses={HTTPStatus.ACCEPTED: StartedExportOutput})
    @idempotent
    def create(self, request: Request) -> Response:
        """Have a CSV file made of all messages that meet what is asked."""
        if not isinstance(request.data, dict):
            raise serializers.ValidationError({"": ["This must be an object: {...}."]})
        job = insights.operations.exports.create_export(
            self.organization,
            criteria=MessageQuery.asked(request.data),
            started_by=actor_of(request),
            now=timezone.now(),
        )
        soon(run_export, job_id=job.pk)
        return Response({"id": job.pk}, status=HTTPStatus.ACCEPTED)

    @extend_schema(responses=CSV_IN_SCHEMA)
    @action(detail=True, renderer_classes=CSV_OR_JSON)
    def file(self, request: Request, pk: str) -> FileResponse:
        """The file. It is kept for seven days."""
        job = self.get_object()
        path = insights.queries.exports.file_of(job)
        if path is None:
            raise DomainError("export_has_no_file", "It is not written yet, or was deleted.")
        return FileResponse(
            path.open("rb"), as_attachment=True, filename=str(job), content_type=MEDIA_TYPE
        )
