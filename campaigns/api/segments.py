"""Segments: rules over contacts."""

from __future__ import annotations

from typing import Any, Final

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

import campaigns.queries.segments
from campaigns.api.editing import delete_from_audiences
from campaigns.models import Contact, Segment
from campaigns.queries.segments import validate_rules
from campaigns.segments import SegmentError
from common.api.fields import JsonObjectField, LineField
from common.api.views import NounViewSet

SAMPLE_SIZE: Final = 10  # contacts shown beside the count


class RulesField(JsonObjectField):
    """The rules of a segment."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Return the rules. Raises ValidationError naming the place that is not understood."""
        rules = super().to_internal_value(data)
        try:
            validate_rules(rules)
        except SegmentError as error:
            path = error.extra.get("path")
            detail = {str(path): [error.message]} if path else [error.message]
            raise serializers.ValidationError(detail) from error
        return rules


class SegmentOutput(serializers.ModelSerializer[Segment]):
    """A segment as it is shown."""

    rules = serializers.DictField()

    class Meta:
        model = Segment
        fields = ("id", "name", "rules", "created_at", "updated_at")
        read_only_fields = fields


class SegmentInput(serializers.ModelSerializer[Segment]):
    """A segment as it is given."""

    name = LineField(max_length=200)
    rules = RulesField(help_text='Such as {"all": [{"field": "domain", "is": "example.com"}]}.')

    class Meta:
        model = Segment
        fields = ("name", "rules")


class RulesInput(serializers.Serializer[Any]):
    """Rules to try."""

    rules = RulesField()


class MatchOutput(serializers.ModelSerializer[Contact]):
    """One of the contacts that match."""

    class Meta:
        model = Contact
        fields = ("id", "email", "first_name", "last_name")
        read_only_fields = fields


class SegmentPreviewOutput(serializers.Serializer[Any]):
    """How many contacts match, and some of them."""

    count = serializers.IntegerField()
    sample = MatchOutput(many=True)


class SegmentViewSet(NounViewSet):
    """Rules over contacts, evaluated when a campaign starts."""

    queryset = Segment.objects.all()
    serializer_class = SegmentOutput
    input_class = SegmentInput
    filterset_fields = ("name",)

    def remove(self, instance: Segment) -> None:
        """Delete the segment, unless a campaign is to reach people by it."""
        delete_from_audiences(instance)

    @extend_schema(responses=SegmentPreviewOutput)
    @action(detail=True)
    def preview(self, request: Request, pk: str) -> Response:
        """Whom a segment matches now."""
        return self._matches(self.get_object().rules)

    @extend_schema(request=RulesInput, responses=SegmentPreviewOutput)
    @action(detail=False, methods=["post"], url_path="preview", url_name="try")
    def try_rules(self, request: Request) -> Response:
        """Whom rules would match now, before they are saved."""
        return self._matches(self.given(RulesInput)["rules"])

    def _matches(self, rules: dict[str, Any]) -> Response:
        matching = Contact.objects.filter(
            campaigns.queries.segments.segment_filter(rules, now=timezone.now()),
            organization=self.organization,
        )
        found = {"count": matching.count(), "sample": matching.order_by("-pk")[:SAMPLE_SIZE]}
        return Response(SegmentPreviewOutput(found).data)
