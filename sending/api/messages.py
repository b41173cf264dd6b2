"""Single messages: found, and sent one by one."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

import insights.api
import sending.operations.transactional
from campaigns.api.idempotency import idempotent
from campaigns.models import Identity, Template
from campaigns.roles import Role
from common.api.fields import AddressField, JsonObjectField, LineField
from common.api.scoping import OrganizationRelated
from sending.tasks import send_transactional


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
    data = JsonObjectField(default=dict, help_text="Used in the message as {{ data.name }}.")


class QueuedOutput(serializers.Serializer[Any]):
    """The message that was queued."""

    recipient_id = serializers.IntegerField()


class MessageViewSet(insights.api.MessageViewSet):
    """Single messages."""

    action_roles = {"create": Role.OPERATOR}  # noqa: RUF012  read only, as the base class has it
    input_class = MessageInput

    @extend_schema(responses={HTTPStatus.ACCEPTED: QueuedOutput})
    @idempotent
    def create(self, request: Request) -> Response:
        """Send a transactional message. It is queued at once and goes out within a second or so."""
        given = self.given(MessageInput)
        recipient = sending.operations.transactional.queue_message(
            self.organization, **given, now=timezone.now()
        )
        send_transactional.delay_on_commit(campaign_id=recipient.campaign_id)
        return Response({"recipient_id": recipient.pk}, status=HTTPStatus.ACCEPTED)
