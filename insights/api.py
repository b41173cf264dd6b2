"""Every message and what happened to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import django_filters
from django.db.models import Exists, OuterRef, Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.models import Contact, Recipient
from common.addresses import AddressError, normalize_address
from common.api.filters import IdFilter
from common.api.views import ReadViewSet
from insights.events import EventType
from insights.models import DeliveryEvent


class EventOutput(serializers.ModelSerializer[DeliveryEvent]):
    """One thing that happened to a message."""

    class Meta:
        model = DeliveryEvent
        fields = (
            "id", "event_type", "ts", "source", "provider", "ip", "smtp_code", "enhanced_code",
            "smtp_response", "bounce_class", "actor", "actor_reasons", "url",
        )  # fmt: skip
        read_only_fields = fields


class MessageOutput(serializers.ModelSerializer[Recipient]):
    """A message as it stands now, with the exact answer of the mail server."""

    recipient_id = serializers.IntegerField(source="pk")
    campaign_name = serializers.CharField(source="campaign.name")
    stream = serializers.CharField(source="campaign.stream")

    class Meta:
        model = Recipient
        fields = (
            "recipient_id", "campaign", "campaign_name", "stream", "contact", "email", "provider",
            "state", "reason", "attempts", "ip", "smtp_code", "enhanced_code", "smtp_response",
            "bounce_class", "message_id", "queue_id", "sent_at", "delivered_at", "opened_at",
            "clicked_at", "unsubscribed_at",
        )  # fmt: skip
        read_only_fields = fields


class MessageDetailOutput(MessageOutput):
    """A message with its whole story."""

    events = EventOutput(many=True)

    class Meta(MessageOutput.Meta):
        fields = (*MessageOutput.Meta.fields, "events")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


class MessageFilter(django_filters.FilterSet):
    """Finds messages. What is said of events holds of one and the same event."""

    email = django_filters.CharFilter(method="by_address", help_text="The whole address.")
    q = django_filters.CharFilter(
        method="by_words",
        help_text="The beginning of the address, or words of the mail server's answer.",
    )
    provider = django_filters.CharFilter()
    campaign = IdFilter()
    event = django_filters.ChoiceFilter(
        method="noted", choices=[(kind.value, kind.value) for kind in EventType]
    )
    smtp_code = django_filters.NumberFilter(method="noted", min_value=0, max_value=999)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

    class Meta:
        model = Recipient
        fields = ("email", "q", "provider", "campaign", "event", "smtp_code")
