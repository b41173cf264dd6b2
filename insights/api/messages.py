"""Every message and what happened to it."""

from __future__ import annotations

from typing import Any, Final, cast

import django_filters
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

import insights.queries.messages
from campaigns.access import access_for
from campaigns.models import Contact, Recipient
from common.addresses import AddressError, normalize_address
from common.api.filters import IdFilter, MomentFilter
from common.api.views import ReadViewSet
from insights.events import EventType
from insights.models import DeliveryEvent

_Messages = QuerySet[Recipient]
_OF_EVENT: Final = {
    "event": "event_type",
    "smtp_code": "smtp_code",
    "from": "ts__gte",
    "to": "ts__lt",
}


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
        fields: tuple[str, ...] = (
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
        fields = (*MessageOutput.Meta.fields, "events")
        read_only_fields = fields


class MessageFilter(django_filters.FilterSet):
    """Finds messages. What is asked about events must hold of one and the same event."""

    email = django_filters.CharFilter(method="by_address", help_text="The whole address.")
    q = django_filters.CharFilter(
        method="by_words",
        help_text="The beginning of the address, or words of the mail server's answer.",
    )
    provider = django_filters.CharFilter()
    campaign = IdFilter()
    event = django_filters.ChoiceFilter(
        method="of_event", choices=[(kind.value, kind.value) for kind in EventType]
    )
    smtp_code = django_filters.NumberFilter(method="of_event", min_value=0, max_value=999)
    to = MomentFilter(method="of_event", help_text="Events before this.")

    class Meta:
        model = Recipient
        fields = ("email", "q", "provider", "campaign", "event", "smtp_code", "to")

    def by_address(self, messages: _Messages, _: str, value: str) -> _Messages:
        """Return the messages to an address; through its contact, which has an index."""
        try:
            address = normalize_address(value)
        except AddressError:
            return messages.none()
        organization = access_for(cast("HttpRequest", self.request)).organization
        contact = Contact.objects.filter(organization=organization, email_key=address.key).first()
        if contact is not None:
            return messages.filter(contact=contact)
        return messages.filter(email__iexact=address.email)

    def by_words(self, messages: _Messages, _: str, value: str) -> _Messages:
        """Return the messages whose address begins like this, or whose answer says it."""
        return messages.filter(Q(email__istartswith=value) | Q(smtp_response__icontains=value))

    def of_event(self, messages: _Messages, _: str, __: object) -> _Messages:
        """Return all: `filter_queryset` looks at everything that is asked of one event at once."""
        return messages

    def filter_queryset(self, queryset: _Messages) -> _Messages:
        """Return the messages that match, events included."""
        found: _Messages = super().filter_queryset(queryset)
        asked = {
            lookup: self.form.cleaned_data[name]
            for name, lookup in _OF_EVENT.items()
            if self.form.cleaned_data[name] not in (None, "")
        }
        if not asked:
            return found
        events = DeliveryEvent.objects.filter(recipient_id=OuterRef("pk"), **asked)
        return found.filter(Exists(events))


# `from` is a word of Python and so cannot be written as an attribute.
MessageFilter.base_filters["from"] = MomentFilter(
    method="of_event", help_text="Events at or after this."
)


class MessageViewSet(ReadViewSet):
    """Messages of all campaigns, and what happened to each."""

    queryset = Recipient.objects.select_related("campaign").defer(
        "campaign__html", "campaign__text"
    )
    serializer_class = MessageOutput
    filterset_class = MessageFilter
    lookup_url_kwarg = "recipient_id"

    @extend_schema(responses=MessageDetailOutput)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One message with its events, oldest first."""
        message = self.get_object()
        events = insights.queries.messages.events_of(message.pk)
        return Response({**self.shown(message), "events": EventOutput(events, many=True).data})
