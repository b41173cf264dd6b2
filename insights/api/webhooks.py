"""Outgoing webhooks over HTTP: who is told what happens, and how telling it went."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import django_filters
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

import insights.operations.webhooks
import insights.queries.webhooks
from campaigns.api.idempotency import idempotent
from campaigns.roles import Role
from common.api.fields import LineField
from common.api.views import NounViewSet, changed
from common.outgoing.web_addresses import LONGEST_CHARS
from insights.deliveries import EVENT_NAMES, LARGEST_BATCH
from insights.models import DeliveryStatus, Webhook, WebhookDelivery

_HEALTH = ("switched_off_reason", "last_delivered_at", "failures", "failing_since", "last_problem")


class WebhookOutput(serializers.ModelSerializer[Webhook]):
    """A webhook as it is shown: without its secret."""

    class Meta:
        model = Webhook
        fields: tuple[str, ...] = (
            "id", "url", "description", "event_types", "batch_size", "active", *_HEALTH,
            "resting_until", "old_secret_until", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = fields


class NewWebhookOutput(WebhookOutput):
    """A webhook with its secret, which is shown this once."""

    secret = serializers.CharField()

    class Meta(WebhookOutput.Meta):
        fields = (*WebhookOutput.Meta.fields, "secret")
        read_only_fields = fields


class WebhookInput(serializers.ModelSerializer[Webhook]):
    """A webhook as it is given."""

    url = LineField(max_length=LONGEST_CHARS)
    description = LineField(max_length=200, required=False, allow_blank=True)
    event_types = serializers.ListField(
        child=serializers.ChoiceField(choices=EVENT_NAMES),
        allow_empty=False,
        max_length=len(EVENT_NAMES),
    )
    batch_size = serializers.IntegerField(min_value=1, max_value=LARGEST_BATCH, required=False)

    class Meta:
        model = Webhook
        fields = ("url", "description", "event_types", "batch_size", "active")


class SecretOutput(serializers.Serializer[Any]):
    """A new secret, shown this once."""

    secret = serializers.CharField()


class DeliveryOutput(serializers.ModelSerializer[WebhookDelivery]):
    """One request to a webhook, and the last answer to it."""

    message_id = serializers.CharField(help_text="The webhook-id header, the same every time.")
    event_count = serializers.IntegerField()

    class Meta:
        model = WebhookDelivery
        fields = (
            "id", "message_id", "kind", "event_count", "event_ids", "status", "attempts",
            "created_at", "attempted_at", "due_at", "duration_ms", "response_status",
            "response_excerpt", "problem",
        )  # fmt: skip
        read_only_fields = fields


class WebhookFilter(django_filters.FilterSet):
    """Finds webhooks by whether they are on."""

    class Meta:
        model = Webhook
        fields = ("active",)


class WebhookViewSet(NounViewSet):
    """Addresses of yours that are told what happens to your mail."""

    queryset = Webhook.objects.defer("secret", "old_secret")
    serializer_class = WebhookOutput
    input_class = WebhookInput
    write_role = Role.ADMIN
    filterset_class = WebhookFilter

    @extend_schema(responses={201: NewWebhookOutput})
    def create(self, request: Request) -> Response:
        """Make one. Its secret is in the answer to this request only."""
        given = self.given(self.input_class)
        kept = self.keep(Webhook(organization=self.organization), given)
        return Response(
            NewWebhookOutput(kept).data,
            status=HTTPStatus.CREATED,
            headers={"Cache-Control": "no-store"},
        )

    def keep(self, instance: Webhook, given: dict[str, Any]) -> Webhook:
        """Return the stored webhook."""
        return insights.operations.webhooks.keep(changed(instance, given))

    @extend_schema(request=None, responses=SecretOutput, filters=False)
    @action(detail=True, methods=["post"], url_path="rotate-secret")
    def rotate_secret(self, request: Request, pk: str) -> Response:
        """Make a new secret. For a day requests are signed with the old one too."""
        secret = insights.operations.webhooks.rotate_secret(self.get_object(), now=timezone.now())
        return Response({"secret": secret}, headers={"Cache-Control": "no-store"})

    @extend_schema(request=None, responses={202: DeliveryOutput}, filters=False)
    @action(detail=True, methods=["post"])
    @idempotent
    def test(self, request: Request, pk: str) -> Response:
        """Send a request of type `webhook.test` in a moment; its delivery shows the answer."""
        delivery = insights.operations.webhooks.send_test(self.get_object(), now=timezone.now())
        return Response(DeliveryOutput(delivery).data, status=HTTPStatus.ACCEPTED)

    @extend_schema(
        operation_id="webhooks_deliveries_list",
        responses=DeliveryOutput(many=True),
        parameters=[],
        filters=False,
    )
    @action(detail=True)
    def deliveries(self, request: Request, pk: str) -> Response:
        """What it was told and how that went, newest first; `?status=` narrows."""
        rows = insights.queries.webhooks.deliveries_of(self.get_object())
        status = request.query_params.get("status", "")
        if status:
            rows = rows.filter(status=_known_status(status))
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(DeliveryOutput(page, many=True).data)

    @extend_schema(request=None, responses={202: DeliveryOutput}, filters=False)
    @action(
        detail=True,
        methods=["post"],
        url_path="deliveries/(?P<delivery_id>[0-9]{1,18})/replay",
        url_name="replay",
    )
    @idempotent
    def replay(self, request: Request, pk: str, delivery_id: str) -> Response:
        """Make a delivery once more, with the same message id."""
        rows = insights.queries.webhooks.deliveries_of(self.get_object())
        chosen = rows.filter(pk=delivery_id)
        get_object_or_404(chosen)
        insights.operations.webhooks.replay(chosen, now=timezone.now())
        return Response(DeliveryOutput(chosen.get()).data, status=HTTPStatus.ACCEPTED)


def _known_status(text: str) -> DeliveryStatus:
    try:
        return DeliveryStatus(text)
    except ValueError as error:
        raise serializers.ValidationError(
            {"status": f"This is one of {', '.join(DeliveryStatus.values)}."}
        ) from error
