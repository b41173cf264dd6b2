"""Single messages: found, and sent one by one."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, ClassVar, Final

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

import insights.api.messages
import insights.queries.messages
from campaigns.api.idempotency import idempotent
from campaigns.models import Identity, Template
from campaigns.roles import Role
from common.api.fields import AddressField, JsonObjectField, LineField
from common.api.scoping import OrganizationRelated
from insights.api.messages import EventOutput, MessageDetailOutput, MessageOutput
from sending.api.soon import soon
from sending.operations.transactional import TransactionalContent, queue_message
from sending.queries.stories import route_of
from sending.tasks import send_transactional

_CONTENT: Final = ("template", "subject", "html", "text")


class MessageInput(serializers.Serializer[Any]):
    """A transactional message: from a template, or with its content."""

    to = AddressField(max_length=254)
    template = OrganizationRelated(
        queryset=Template.objects.all(), required=False, allow_null=True, default=None
    )
    identity = OrganizationRelated(
        queryset=Identity.objects.all(),
        required=False,
        allow_null=True,
        default=None,
        help_text="Empty: the first transactional identity.",
    )
    subject = LineField(max_length=500, default="", allow_blank=True)
    html = serializers.CharField(trim_whitespace=False, default="", allow_blank=True)
    text = serializers.CharField(trim_whitespace=False, default="", allow_blank=True)
    data = JsonObjectField(  # type: ignore[assignment]  # a field, not the property
        default=dict, help_text="Used in the message as {{ data.name }}."
    )


class QueuedOutput(serializers.Serializer[Any]):
    """The message that was queued."""

    recipient_id = serializers.IntegerField()


class RoutingOutput(serializers.Serializer[Any]):
    """How a message left, as far as it is known; names are those that the IP has today."""

    ip = serializers.CharField()
    hostname = serializers.CharField()
    pool = serializers.CharField()
    transport = serializers.CharField()


class MessageStoryOutput(MessageDetailOutput):
    """A message with its whole story and the way it left."""

    routing = RoutingOutput(allow_null=True, help_text="Null while it has not left.")

    class Meta(MessageDetailOutput.Meta):
        fields = (*MessageDetailOutput.Meta.fields, "routing")
        read_only_fields = fields


class MessageViewSet(insights.api.messages.MessageViewSet):
    """Single messages."""

    action_roles: ClassVar = {"create": Role.OPERATOR}
    input_class = MessageInput

    @extend_schema(responses=MessageStoryOutput)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One message with its events, oldest first, and how it left."""
        message = self.get_object()
        events = insights.queries.messages.events_of(message.pk)
        route = route_of(message)
        return Response(
            {
                **MessageOutput(message, context=self.get_serializer_context()).data,
                "events": EventOutput(events, many=True).data,
                "routing": RoutingOutput(route).data if route else None,
            }
        )

    @extend_schema(responses={HTTPStatus.ACCEPTED: QueuedOutput})
    @idempotent
    def create(self, request: Request) -> Response:
        """Send a transactional message. It is queued at once and goes out within a second or so."""
        given = self.given(MessageInput)
        content = TransactionalContent(**{name: given.pop(name) for name in _CONTENT})
        recipient = queue_message(self.organization, content=content, **given, now=timezone.now())
        soon(send_transactional, campaign_id=recipient.campaign_id)
        return Response({"recipient_id": recipient.pk}, status=HTTPStatus.ACCEPTED)
