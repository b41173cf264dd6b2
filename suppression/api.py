"""The suppression list over HTTP."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

import django_filters
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

import suppression.operations
import suppression.queries
from campaigns.api.actor import actor_of
from campaigns.api.idempotency import idempotent
from campaigns.models import ContactList, Stream
from campaigns.roles import Role
from common.addresses import AddressError, normalize_address
from common.api.csv_answers import CSV_IN_SCHEMA, CSV_OR_JSON, csv_answer
from common.api.fields import AddressField, LineField
from common.api.filters import IdFilter
from common.api.scoping import OrganizationRelated
from common.api.views import ReadViewSet
from suppression.models import Suppression
from suppression.reasons import DEFAULT_SCOPE, Origin, Reason, Scope

MAXIMUM_IMPORT: Final = 100_000  # addresses of one request; some seconds of work
REFUSED_SHOWN: Final = 100
MAXIMUM_NOTE_CHARACTERS: Final = 500
EXPORT_COLUMNS: Final = (
    "email", "reason", "scope", "list", "origin", "note", "added_at", "expires_at",
)  # fmt: skip
_FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r")  # spreadsheet programs run such a cell


class SuppressionOutput(serializers.ModelSerializer[Suppression]):
    """Why an address must not be mailed."""

    class Meta:
        model = Suppression
        fields = ("id", *EXPORT_COLUMNS)
        read_only_fields = fields


class SuppressionInput(serializers.ModelSerializer[Suppression]):
    """An address that must not be mailed. Without a scope the reason decides how far it reaches."""

    email = AddressField(max_length=1000)
    list = OrganizationRelated(
        queryset=ContactList.objects.all(), required=False, allow_null=True, default=None
    )
    note = LineField(max_length=MAXIMUM_NOTE_CHARACTERS, default="", allow_blank=True)

    class Meta:
        model = Suppression
        fields = ("email", "reason", "scope", "list", "note", "expires_at")


class SuppressionImportInput(serializers.ModelSerializer[Suppression]):
    """Addresses that must not be mailed."""

    emails = serializers.ListField(
        child=serializers.CharField(max_length=1000, allow_blank=True),
        min_length=1,
        max_length=MAXIMUM_IMPORT,
    )
    note = LineField(max_length=MAXIMUM_NOTE_CHARACTERS, default="", allow_blank=True)

    class Meta:
        model = Suppression
        fields = ("emails", "reason", "scope", "note")

    def validate_scope(self, scope: str) -> str:
        """Return the scope. Raises ValidationError for single lists, of which none is named."""
        if scope == Scope.LIST:
            raise serializers.ValidationError("Choose all or marketing.")
        return scope


class RefusedAddressOutput(serializers.Serializer[Any]):
    """One of the addresses that is none; `line` counts from 1."""

    line = serializers.IntegerField()
    text = serializers.CharField()
    reason = serializers.CharField()


class SuppressionImportOutput(serializers.Serializer[Any]):
    """What became of the addresses."""

    added = serializers.IntegerField()
    known = serializers.IntegerField(help_text="Were on the list already.")
    refused = serializers.IntegerField()
    errors = RefusedAddressOutput(many=True)  # type: ignore[assignment]  # a field of that name


class RuleOutput(serializers.Serializer[Any]):
    """One entry for the address, and whether it stops this mail."""

    suppression = SuppressionOutput()
    applies = serializers.BooleanField()
    why = serializers.CharField()
    lifted_by = serializers.CharField(help_text="What would have to happen.")


class ExplanationOutput(serializers.Serializer[Any]):
    """Whether an address may be mailed, and why not."""

    email = serializers.CharField()
    suppressed = serializers.BooleanField()
    rules = RuleOutput(many=True)


class SuppressionFilter(django_filters.FilterSet):
    """Finds entries by address, reason, scope and list."""

    email = django_filters.CharFilter(method="by_address", help_text="The whole address.")
    list = IdFilter()

    class Meta:
        model = Suppression
        fields = ("email", "reason", "scope", "list")

    def by_address(
        self, entries: QuerySet[Suppression], _: str, value: str
    ) -> QuerySet[Suppression]:
        """Return the entries of an address, in whatever spelling."""
        try:
            return entries.filter(email=normalize_address(value).key)
        except AddressError:
            return entries.none()


class ExplainQuery(serializers.Serializer[Any]):
    """What mail is asked about."""

    email = AddressField(max_length=1000)
    stream = serializers.ChoiceField(Stream.choices, default=Stream.MARKETING)


class SuppressionViewSet(ReadViewSet):
    """Who must not be mailed. An entry is never changed: it is released, and another one made."""

    queryset = Suppression.objects.all()
    serializer_class = SuppressionOutput
    input_class = SuppressionInput
    filterset_class = SuppressionFilter
    write_role = Role.OPERATOR

    @extend_schema(
        responses={HTTPStatus.CREATED: SuppressionOutput, HTTPStatus.OK: SuppressionOutput}
    )
    def create(self, request: Request) -> Response:
        """Keep mail from an address. One that is on the list already is answered with 200."""
        given = self.given(SuppressionInput)
        reason = Reason(given.pop("reason", Reason.MANUAL))
        scope = Scope(given.pop("scope", DEFAULT_SCOPE[reason]))
        list_, email = given.pop("list"), given.pop("email")
        added = suppression.operations.suppress(
            self.organization.pk,
            email_key=email,
            reason=reason,
            scope=scope,
            list_id=list_.pk if list_ else None,
            origin=Origin.STAFF,
            now=timezone.now(),
            **given,
        )
        entry = self.get_queryset().get(
            email=normalize_address(email).key, reason=reason, scope=scope, list=list_
        )
        status = HTTPStatus.CREATED if added else HTTPStatus.OK
        return Response(self.shown(entry), status=status)

    def destroy(self, request: Request, pk: str) -> Response:
        """Release an entry; the audit log keeps who did it."""
        suppression.operations.release(
            self.get_object(), actor=actor_of(request), now=timezone.now()
        )
        return Response(status=HTTPStatus.NO_CONTENT)

    @extend_schema(
        parameters=[ExplainQuery, OpenApiParameter("list", int, description="Mail of this list.")],
        responses=ExplanationOutput,
        filters=False,
    )
    @action(detail=False, pagination_class=None)
    def explain(self, request: Request) -> Response:
        """Whether an address may be mailed, and which entries say so."""
        query = ExplainQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        list_ = self.asked(ContactList, "list")
        rules = suppression.queries.explain(
            self.organization.pk,
            **query.validated_data,
            list_id=list_.pk if list_ else None,
            now=timezone.now(),
        )
        found = {
            "email": query.validated_data["email"],
            "suppressed": any(rule.applies for rule in rules),
            "rules": rules,
        }
        return Response(ExplanationOutput(found).data)

    @extend_schema(request=SuppressionImportInput, responses=SuppressionImportOutput)
    @action(detail=False, methods=["post"], url_path="import", url_name="import")
    @idempotent
    def bring_in(self, request: Request) -> Response:
        """Keep mail from many addresses at once."""
        given = self.given(SuppressionImportInput)
        done = suppression.operations.import_suppressions(
            self.organization,
            addresses=given["emails"],
            reason=Reason(given.get("reason", Reason.IMPORT)),
            scope=Scope(given.get("scope", Scope.ALL)),
            note=given["note"],
            now=timezone.now(),
        )
        found = {
            "added": done.added,
            "known": done.known,
            "refused": len(done.refused),
            "errors": done.refused[:REFUSED_SHOWN],
        }
        return Response(SuppressionImportOutput(found).data)

    @extend_schema(responses=CSV_IN_SCHEMA)
    @action(detail=False, renderer_classes=CSV_OR_JSON, pagination_class=None)
    def export(self, request: Request) -> StreamingHttpResponse:
        """The entries as CSV, oldest first; takes the filters of the list."""
        entries = self.filter_queryset(self.get_queryset()).order_by("pk")
        return csv_answer(_lines(entries), name="suppressions.csv")


def _lines(entries: QuerySet[Suppression]) -> Iterator[str]:
    yield _line(EXPORT_COLUMNS)
    columns = [name if name != "list" else "list_id" for name in EXPORT_COLUMNS]
    for values in entries.values_list(*columns).iterator():
        yield _line(map(_cell, EXPORT_COLUMNS, values))


def _line(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _cell(name: str, value: object) -> str:
    """Return a value as text; a note never begins like a formula."""
    if value is None:
        return ""
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return f"'{text}" if name == "note" and text.startswith(_FORMULA_SIGNS) else text
