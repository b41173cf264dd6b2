"""What a campaign would do, does and did: preflight, preview, progress, recipients."""

from __future__ import annotations

from typing import Any

import django_filters
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

import sending.queries.preflight
import sending.queries.preview
import sending.queries.progress
from campaigns.models import Campaign, Contact, Recipient
from campaigns.states import RecipientState
from common.api.paging import OldestFirst
from common.api.views import ApiViewSet


class ProblemFoundOutput(serializers.Serializer[Any]):
    """Something to look at before starting."""

    code = serializers.CharField()
    message = serializers.CharField()
    blocking = serializers.BooleanField(help_text="It cannot be started until this is mended.")
    field = serializers.CharField(help_text="The field of the campaign, if it is one field.")


class PreflightOutput(serializers.Serializer[Any]):
    """What starting now would do."""

    audience_count = serializers.IntegerField()
    excluded = serializers.DictField(
        child=serializers.IntegerField(), help_text="Contacts left out, by reason."
    )
    by_provider = serializers.DictField(child=serializers.IntegerField())
    seconds_expected = serializers.IntegerField(allow_null=True)
    days_expected = serializers.IntegerField(
        allow_null=True, help_text="More than 1 while all sending IPs are warming up."
    )
    forecast = serializers.CharField(
        source="forecast.words", default="", help_text="How many days it takes, and why."
    )
    problems = ProblemFoundOutput(many=True)


class HeaderOutput(serializers.Serializer[Any]):
    """One header of a message."""

    name = serializers.CharField()
    value = serializers.CharField()


class PreviewOutput(serializers.Serializer[Any]):
    """A message as one contact would get it."""

    subject = serializers.CharField()
    html = serializers.CharField()
    text = serializers.CharField()
    headers = HeaderOutput(many=True)


class RoomWaitOutput(serializers.Serializer[Any]):
    """The warming IPs of which none has room."""

    addresses = serializers.ListField(child=serializers.CharField())
    until = serializers.DateTimeField(
        allow_null=True, help_text="null is until somebody resumes a warm-up."
    )


class CapWaitOutput(RoomWaitOutput):
    """The providers that have got what warming IPs may send them today, and those IPs."""

    providers = serializers.ListField(child=serializers.CharField())


class ProgressOutput(serializers.Serializer[Any]):
    """How far a campaign is. Counts are recipients, each in one state."""

    state = serializers.CharField()
    state_reason = serializers.CharField()
    total = serializers.IntegerField()
    waiting = serializers.IntegerField()
    claimed = serializers.IntegerField()
    sent = serializers.IntegerField()
    delivered = serializers.IntegerField()
    bounced = serializers.IntegerField()
    failed = serializers.IntegerField()
    skipped = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    in_doubt = serializers.IntegerField()
    share_done = serializers.FloatField(help_text="From 0 to 1.")
    rate_per_second = serializers.FloatField(allow_null=True)
    seconds_left = serializers.IntegerField(allow_null=True)
    next_due_at = serializers.DateTimeField(allow_null=True)
    problem = serializers.CharField(help_text="What holds it up; empty when nothing does.")
    waits_for_room = RoomWaitOutput(
        allow_null=True, help_text="What those who wait wait for, if it is room on warming IPs."
    )
    waits_for_providers = CapWaitOutput(
        allow_null=True,
        help_text="What some wait for, while others go on: more room for their provider.",
    )
    capped = serializers.IntegerField(help_text="How many wait for more room for their provider.")
    days_left = serializers.IntegerField(
        source="forecast.days",
        default=None,
        allow_null=True,
        help_text="While all sending IPs are warming up: on how many days it still goes out.",
    )


class RecipientOutput(serializers.ModelSerializer[Recipient]):
    """One contact of a campaign, with the exact answer of the mail server."""

    class Meta:
        model = Recipient
        fields = (
            "id", "contact", "email", "list", "provider", "variant", "state", "reason", "attempts",
            "not_before", "ip", "smtp_code", "enhanced_code", "smtp_response", "bounce_class",
            "message_id", "queue_id", "sent_at", "delivered_at", "opened_at", "clicked_at",
            "unsubscribed_at",
        )  # fmt: skip
        read_only_fields = fields


class RecipientFilter(django_filters.FilterSet):
    """Finds recipients by where they are."""

    state = django_filters.MultipleChoiceFilter(
        choices=[(state.value, state.value) for state in RecipientState],
        help_text="May be given more than once.",
    )

    class Meta:
        model = Recipient
        fields = ("state", "provider", "smtp_code")


class CampaignFollowing(ApiViewSet):
    """Reads of one campaign before, during and after it goes out."""

    queryset = Campaign.objects.select_related("organization", "identity__domain", "template")
    serializer_class = PreflightOutput

    @extend_schema(responses=PreflightOutput)
    @action(detail=True)
    def preflight(self, request: Request, pk: str) -> Response:
        """Who would get it, who would not and why, how long it would take, what is wrong."""
        found = sending.queries.preflight.preflight(self.get_object(), now=timezone.now())
        return Response(PreflightOutput(found).data)

    @extend_schema(
        parameters=[OpenApiParameter("contact", int, description="Empty: a made-up contact.")],
        responses=PreviewOutput,
    )
    @action(detail=True)
    def preview(self, request: Request, pk: str) -> Response:
        """The message as a contact would get it. Its tracking links lead nowhere."""
        campaign = self.get_object()
        seen = sending.queries.preview.preview(campaign, self.asked(Contact, "contact"))
        headers = [{"name": name, "value": value} for name, value in seen.headers]
        parts = {"subject": seen.subject, "html": seen.html, "text": seen.text}
        return Response(PreviewOutput({**parts, "headers": headers}).data)

    @extend_schema(responses=ProgressOutput)
    @action(detail=True)
    def progress(self, request: Request, pk: str) -> Response:
        """How far it is."""
        campaign = self.get_object()
        counts = sending.queries.progress.progress(campaign, now=timezone.now())
        shown = {name: getattr(counts, name) for name in counts.__dataclass_fields__}
        where = {"state": campaign.state, "state_reason": campaign.state_reason}
        return Response(ProgressOutput({**shown, **where}).data)


class CampaignRecipients(ApiViewSet):
    """The send ledger of one campaign."""

    queryset = Recipient.objects.all()
    serializer_class = RecipientOutput
    pagination_class = OldestFirst
    filterset_class = RecipientFilter

    def list(self, request: Request, campaign_id: str) -> Response:
        """Everybody the campaign goes to, with where they are and the mail server's answer."""
        asked = get_object_or_404(Campaign, pk=campaign_id, organization=self.organization)
        page = self.paginate_queryset(
            self.filter_queryset(self.get_queryset().filter(campaign=asked))
        )
        return self.get_paginated_response(self.get_serializer(page, many=True).data)
