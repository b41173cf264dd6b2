"""Campaigns as they are written; what starts and stops them is the business of sending."""

from __future__ import annotations

import re
from typing import Any, Final

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from campaigns.api.editing import delete_campaign, edit_campaign
from campaigns.models import Campaign, ContactList, Identity, Segment, Template
from common.api.fields import LineField
from common.api.scoping import OrganizationRelated
from common.api.views import NounViewSet

_ENTITY_TAG: Final = re.compile(r'(?:W/)?"([^"]*)"')
IF_MATCH: Final = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The ETag of the version you saw. Refused with 412 when there is a newer one.",
)


class CampaignSummary(serializers.ModelSerializer[Campaign]):
    """A campaign in a list."""

    class Meta:
        model = Campaign
        fields = (
            "id", "name", "kind", "stream", "state", "state_reason", "problem", "identity",
            "template", "subject", "lists", "segments", "audience_count", "scheduled_at",
            "started_at", "finished_at", "created_at", "updated_at", "version",
        )  # fmt: skip
        read_only_fields = fields


class CampaignOutput(serializers.ModelSerializer[Campaign]):
    """A campaign with its content."""

    class Meta:
        model = Campaign
        fields = (
            *CampaignSummary.Meta.fields, "preheader", "html", "text", "track_opens",
            "track_clicks", "hidden_link", "start_before", "deadline_at", "in_doubt_policy",
            "maximum_attempts", "prepared_at",
        )  # fmt: skip
        read_only_fields = fields


class CampaignInput(serializers.ModelSerializer[Campaign]):
    """A campaign as it is given."""

    name = LineField(max_length=200)
    identity = OrganizationRelated(queryset=Identity.objects.all())
    template = OrganizationRelated(queryset=Template.objects.all(), required=False, allow_null=True)
    lists = OrganizationRelated(queryset=ContactList.objects.all(), many=True, required=False)
    segments = OrganizationRelated(queryset=Segment.objects.all(), many=True, required=False)
    subject = LineField(max_length=500, required=False, allow_blank=True)
    preheader = LineField(max_length=300, required=False, allow_blank=True)
    html = serializers.CharField(trim_whitespace=False, required=False, allow_blank=True)
    text = serializers.CharField(trim_whitespace=False, required=False, allow_blank=True)
    maximum_attempts = serializers.IntegerField(min_value=1, max_value=100, required=False)

    class Meta:
        model = Campaign
        fields = (
            "name", "identity", "template", "subject", "preheader", "html", "text", "lists",
            "segments", "track_opens", "track_clicks", "hidden_link", "start_before",
            "deadline_at", "in_doubt_policy", "maximum_attempts",
        )  # fmt: skip


@extend_schema_view(
    update=extend_schema(parameters=[IF_MATCH]),
    partial_update=extend_schema(parameters=[IF_MATCH]),
    destroy=extend_schema(parameters=[IF_MATCH]),
)
class CampaignViewSet(NounViewSet):
    """Mailings. One campaign's ETag is its version, which an edit may ask for by If-Match."""

    queryset = Campaign.objects.prefetch_related("lists", "segments")
    serializer_class = CampaignOutput
    input_class = CampaignInput
    filterset_fields = ("state", "kind")

    def get_queryset(self) -> QuerySet[Campaign]:
        """Return the organization's campaigns; for a list without their content."""
        found: QuerySet[Campaign] = super().get_queryset()
        return found.defer("html", "text") if self.action == "list" else found

    def get_serializer_class(self) -> type[serializers.ModelSerializer[Campaign]]:
        """Return the short shape for a list, else the whole one."""
        return CampaignSummary if self.action == "list" else CampaignOutput

    def keep(self, instance: Campaign, given: dict[str, Any]) -> Campaign:
        """Return the stored campaign."""
        return edit_campaign(instance, given, versions=self._versions_seen())

    def remove(self, instance: Campaign) -> None:
        """Delete the campaign, unless it has gone out."""
        delete_campaign(instance, versions=self._versions_seen())

    def finalize_response(self, *args: Any, **kwargs: Any) -> Response:
        """Add the version as ETag to an answer that shows one campaign."""
        response = super().finalize_response(*args, **kwargs)
        if isinstance(response.data, dict) and "version" in response.data:
            response["ETag"] = f'"{response.data["version"]}"'
        return response

    def _versions_seen(self) -> frozenset[int] | None:
        """Return the versions that If-Match allows; None without the header, or for any."""
        given = self.request.headers.get("If-Match", "*").strip()
        if given == "*":
            return None
        tags = _ENTITY_TAG.findall(given)
        if not tags:
            raise ValidationError({"If-Match": ['Give the ETag as it came, such as "3".']})
        return frozenset(int(tag) for tag in tags if tag.isascii() and tag.isdigit())
