"""Starting, stopping and trying campaigns."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, ClassVar, Final

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

import campaigns.operations.campaigns
import sending.operations.starting
import sending.operations.testing
from campaigns.api.actor import actor_of
from campaigns.api.idempotency import idempotent
from campaigns.models import Campaign, Contact
from campaigns.roles import Role
from common.api.fields import AddressField, LineField
from common.api.scoping import OrganizationRelated
from common.api.views import ApiViewSet
from sending.api.soon import soon
from sending.tasks import prepare_campaign
from sending.transports.base import Receipt

MAXIMUM_TEST_ADDRESSES: Final = 10
MAXIMUM_REASON_CHARACTERS: Final = 500


class MovedCampaignOutput(serializers.ModelSerializer[Campaign]):
    """Where a campaign is now."""

    class Meta:
        model = Campaign
        fields = (
            "id", "name", "state", "state_reason", "scheduled_at", "started_at", "finished_at",
            "audience_count", "version",
        )  # fmt: skip
        read_only_fields = fields


class ScheduleInput(serializers.Serializer[Any]):
    """When to start."""

    at = serializers.DateTimeField(help_text="With its offset, such as 2027-01-04T09:00:00+01:00.")


class ReasonInput(serializers.Serializer[Any]):
    """Why, for the record."""

    reason = LineField(max_length=MAXIMUM_REASON_CHARACTERS, default="", allow_blank=True)


class TestInput(serializers.Serializer[Any]):
    """Who gets the test, and whose values stand in it."""

    addresses = serializers.ListField(
        child=AddressField(max_length=254), min_length=1, max_length=MAXIMUM_TEST_ADDRESSES
    )
    contact = OrganizationRelated(
        queryset=Contact.objects.all(), required=False, allow_null=True, default=None
    )


class TestedOutput(serializers.Serializer[Any]):
    """What the mail server answered to one test message."""

    address = serializers.CharField()
    answer = serializers.CharField(help_text="accepted, refused, deferred, unreached or in_doubt")
    smtp_code = serializers.IntegerField(allow_null=True)
    enhanced_code = serializers.CharField()
    smtp_response = serializers.CharField()


class TestOutput(serializers.Serializer[Any]):
    """The answers to all test messages."""

    results = TestedOutput(many=True)


class CampaignMoves(ApiViewSet):
    """What starts, stops and tries a campaign."""

    queryset = Campaign.objects.select_related("organization", "identity__domain", "template")
    serializer_class = MovedCampaignOutput
    action_roles: ClassVar = dict.fromkeys(
        ("start", "schedule", "unschedule", "pause", "resume", "cancel"), Role.OPERATOR
    )

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    @idempotent
    def start(self, request: Request, pk: str) -> Response:
        """Start now. Refused, with the reasons, while preflight finds something to mend."""
        answer = self._moved(sending.operations.starting.start)
        soon(prepare_campaign, campaign_id=int(pk))
        return answer

    @extend_schema(request=ScheduleInput)
    @action(detail=True, methods=["post"])
    @idempotent
    def schedule(self, request: Request, pk: str) -> Response:
        """Let it start by itself, or change when it does."""
        return self._moved(sending.operations.starting.schedule_start, form=ScheduleInput)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    @idempotent
    def unschedule(self, request: Request, pk: str) -> Response:
        """Turn it back into a draft."""
        return self._moved(campaigns.operations.campaigns.unschedule)

    @extend_schema(request=ReasonInput)
    @action(detail=True, methods=["post"])
    @idempotent
    def pause(self, request: Request, pk: str) -> Response:
        """Stop for now; the batch that is being handed over still goes out."""
        return self._moved(campaigns.operations.campaigns.pause, form=ReasonInput)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    @idempotent
    def resume(self, request: Request, pk: str) -> Response:
        """Go on where it stopped."""
        return self._moved(campaigns.operations.campaigns.resume)

    @extend_schema(request=ReasonInput)
    @action(detail=True, methods=["post"])
    @idempotent
    def cancel(self, request: Request, pk: str) -> Response:
        """Stop for good."""
        return self._moved(campaigns.operations.campaigns.cancel, form=ReasonInput)

    @extend_schema(request=None, responses={HTTPStatus.CREATED: MovedCampaignOutput})
    @action(detail=True, methods=["post"])
    @idempotent
    def duplicate(self, request: Request, pk: str) -> Response:
        """Make a draft with the same content and audience."""
        draft = campaigns.operations.campaigns.duplicate(
            self.get_object(), actor=actor_of(request), now=timezone.now()
        )
        return Response(self.shown(draft), status=HTTPStatus.CREATED)

    @extend_schema(request=TestInput, responses=TestOutput)
    @action(detail=True, methods=["post"])
    @idempotent
    def test(self, request: Request, pk: str) -> Response:
        """Send it to a few addresses of yours; counted nowhere."""
        answers = sending.operations.testing.send_test(
            self.get_object(), **self.given(TestInput), clock=timezone.now
        )
        results = [_tested(address, receipt) for address, receipt in answers]
        return Response(TestOutput({"results": results}).data)

    def _moved(
        self, move: Callable[..., None], *, form: type[serializers.Serializer[Any]] | None = None
    ) -> Response:
        campaign = self.get_object()
        given = self.given(form) if form else {}
        move(campaign, **given, actor=actor_of(self.request), now=timezone.now())
        return Response(self.shown(campaign))


def _tested(address: str, receipt: Receipt) -> dict[str, object]:
    return {
        "address": address,
        "answer": receipt.answer.value,
        "smtp_code": receipt.code,
        "enhanced_code": receipt.enhanced_code,
        "smtp_response": receipt.response,
    }
