"""Imports of contacts: how far they are, and what they refused."""

from __future__ import annotations

from typing import Any, Final

import django_filters
from django.http import StreamingHttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

import campaigns.queries.imports
from campaigns.models import ImportJob, ImportRefusal
from campaigns.queries.imports import NOTE
from common.api.csv_answers import CSV_IN_SCHEMA, CSV_OR_JSON, csv_answer
from common.api.filters import IdFilter
from common.api.views import ReadViewSet

ERRORS_SHOWN: Final = 100  # refused rows in the answer itself; the report has all


class ImportOutput(serializers.ModelSerializer[ImportJob]):
    """How far an import is."""

    progress = serializers.FloatField(help_text="From 0 to 1.")
    rows = serializers.IntegerField(source="row_count")
    created = serializers.IntegerField(source="created_count")
    updated = serializers.IntegerField(source="updated_count")
    skipped = serializers.IntegerField(source="skipped_count")
    refused = serializers.IntegerField(source="refused_count")

    class Meta:
        model = ImportJob
        fields: tuple[str, ...] = (
            "id", "list", "file_name", "mapping", "dry_run", "status", "failure", "progress",
            "rows", "created", "updated", "skipped", "refused", "started_by", "created_at",
            "started_at", "finished_at",
        )  # fmt: skip
        read_only_fields = fields


class RefusalOutput(serializers.ModelSerializer[ImportRefusal]):
    """A row that did not go in, and why."""

    row = serializers.IntegerField(source="row_number")

    class Meta:
        model = ImportRefusal
        fields = ("row", "code", "reason")
        read_only_fields = fields


class ImportDetailOutput(ImportOutput):
    """An import with the first rows that did not go in."""

    errors = RefusalOutput(many=True)  # type: ignore[assignment]  # a field of that name
    report = serializers.URLField(help_text="Every row that did not go in, as CSV.")

    class Meta(ImportOutput.Meta):
        fields = (*ImportOutput.Meta.fields, "errors", "report")
        read_only_fields = fields


class ImportFilter(django_filters.FilterSet):
    """Finds imports by list and status."""

    list = IdFilter()

    class Meta:
        model = ImportJob
        fields = ("list", "status")


class ImportViewSet(ReadViewSet):
    """Files of contacts that were brought in; a new one is posted to its list."""

    queryset = ImportJob.objects.all()
    serializer_class = ImportOutput
    filterset_class = ImportFilter

    @extend_schema(responses=ImportDetailOutput)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """How far it is, with the first rows that did not go in."""
        job = self.get_object()
        refused = job.refusals.filter(skipped=False).exclude(code__startswith=NOTE)
        first = refused.order_by("row_number", "pk")[:ERRORS_SHOWN]
        return Response(
            {
                **self.shown(job),
                "errors": RefusalOutput(first, many=True).data,
                "report": reverse("importjob-report", [job.pk], request=request),
            }
        )

    @extend_schema(responses=CSV_IN_SCHEMA)
    @action(detail=True, renderer_classes=CSV_OR_JSON)
    def report(self, request: Request, pk: str) -> StreamingHttpResponse:
        """Every row that did not go in, or not as it stood, as CSV."""
        job = self.get_object()
        lines = campaigns.queries.imports.refusal_report(job)
        return csv_answer(lines, name=f"import-{job.pk}-report.csv")
