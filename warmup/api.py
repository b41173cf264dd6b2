"""Warm-ups over HTTP: where they stand, and what staff do to them."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

import warmup.operations.schedules
import warmup.queries
from campaigns.api.actor import actor_of
from campaigns.api.idempotency import idempotent
from campaigns.roles import Role
from common.api.fields import LineField
from common.api.scoping import OrganizationRelated
from common.api.views import ApiViewSet
from iprouting.models import SendingIP
from warmup import caps
from warmup.caps import LONGEST_PROVIDER
from warmup.models import WarmupSchedule
from warmup.schedule import PRESETS, STANDARD

MAXIMUM_REASON_CHARACTERS = 500
MOST_MESSAGES = 100_000_000  # of a cap; no schedule goes so far


class DayOutput(serializers.Serializer[Any]):
    """One date of a warm-up."""

    date = serializers.DateField()
    day = serializers.IntegerField()
    daily_limit = serializers.IntegerField()
    used = serializers.IntegerField(help_text="Messages sent or about to be.")


class ProviderCap(serializers.Serializer[Any]):
    """How much of a day may go to one provider: give either a share or a number of messages."""

    provider = serializers.RegexField(
        r"^[a-z0-9_]+$", max_length=LONGEST_PROVIDER, help_text="Its key, such as gmail."
    )
    share = serializers.FloatField(
        required=False, min_value=0, max_value=1, help_text="Of the day's limit, above 0 up to 1."
    )
    messages = serializers.IntegerField(
        required=False, min_value=1, max_value=MOST_MESSAGES, help_text="A day."
    )


class ProviderOutput(serializers.Serializer[Any]):
    """What went to one provider today."""

    provider = serializers.CharField()
    used = serializers.IntegerField(help_text="Messages sent or about to be.")
    daily_limit = serializers.IntegerField(
        allow_null=True, help_text="null is as much as the limit of the day leaves."
    )


class StandingOutput(serializers.Serializer[Any]):
    """Where the warm-up of one IP stands."""

    id = serializers.IntegerField(source="schedule.pk")
    ip = serializers.IntegerField(source="schedule.ip_id")
    address = serializers.CharField(source="schedule.ip.address")
    preset = serializers.CharField(source="schedule.preset")
    status = serializers.CharField(
        source="schedule.status", help_text="scheduled, active, paused, completed or aborted"
    )
    paused_reason = serializers.CharField(source="schedule.paused_reason")
    resumes_on = serializers.DateField(source="schedule.resumes_on", allow_null=True)
    started_at = serializers.DateTimeField(source="schedule.started_at")
    ended_at = serializers.DateTimeField(source="schedule.ended_at", allow_null=True)
    current_day = serializers.IntegerField(source="schedule.current_day")
    daily_limit = serializers.IntegerField(
        source="schedule.daily_limit", allow_null=True, help_text="null is any number"
    )
    used_today = serializers.IntegerField(source="used")
    room_today = serializers.IntegerField(source="left")
    room_returns_at = serializers.DateTimeField(
        allow_null=True, help_text="null is when somebody resumes it, or that it has ended."
    )
    provider_caps = ProviderCap(source="schedule.provider_caps", many=True)
    providers_today = ProviderOutput(
        source="providers", many=True, help_text="Those with a cap, and those that got anything."
    )
    days = DayOutput(many=True)
    upcoming_limits = serializers.ListField(
        source="upcoming",
        child=serializers.IntegerField(),
        help_text="Of the sending days after today; behind the last there is no limit.",
    )
    next_date = serializers.DateField(
        allow_null=True, help_text="Of the first of the upcoming limits."
    )
    warm_on = serializers.DateField(
        allow_null=True, help_text="The first date without a limit, if every day is used."
    )


class StatusOutput(serializers.Serializer[Any]):
    """All warm-ups, newest first."""

    results = StandingOutput(many=True)


class IpInput(serializers.Serializer[Any]):
    """Which IP."""

    ip = OrganizationRelated(queryset=SendingIP.objects.all())


class StartInput(IpInput):
    """Which IP, by which schedule, from when on."""

    preset = serializers.ChoiceField(choices=sorted(PRESETS), default=STANDARD)
    starts_at = serializers.DateTimeField(
        default=None, allow_null=True, help_text="Now, if it is left out."
    )
    provider_caps = ProviderCap(
        many=True, default=list, help_text="What of each day's limit single providers may get."
    )


class CapsInput(IpInput):
    """Which IP, and all caps that it has from now on."""

    provider_caps = ProviderCap(many=True)


class PauseInput(IpInput):
    """Which IP, and why, for the record."""

    reason = LineField(max_length=MAXIMUM_REASON_CHARACTERS, default="", allow_blank=True)


class WarmupViewSet(ApiViewSet):
    """How new IPs come by their reputation."""

    queryset = WarmupSchedule.objects.select_related("ip", "organization").order_by("-pk")
    serializer_class = StandingOutput
    pagination_class = None
    action_roles: ClassVar = dict.fromkeys(
        ("start", "caps", "pause", "resume", "abort"), Role.OPERATOR
    )

    @extend_schema(responses=StatusOutput, filters=False)
    @action(detail=False)
    def status(self, request: Request) -> Response:
        """Where every warm-up stands, newest first."""
        standings = warmup.queries.standings(self.get_queryset(), now=timezone.now())
        return Response(StatusOutput({"results": standings}).data)

    @extend_schema(request=StartInput, responses={HTTPStatus.CREATED: StandingOutput})
    @action(detail=False, methods=["post"])
    @idempotent
    def start(self, request: Request) -> Response:
        """Begin to warm an IP up."""
        given = self.given(StartInput)
        schedule = warmup.operations.schedules.start_warmup(
            given["ip"],
            preset=given["preset"],
            starts_at=given["starts_at"],
            provider_caps=caps.read(given["provider_caps"]),
            actor=actor_of(request),
            now=timezone.now(),
        )
        return self._standing(schedule, status=HTTPStatus.CREATED)

    @extend_schema(request=CapsInput)
    @action(detail=False, methods=["post"])
    @idempotent
    def caps(self, request: Request) -> Response:
        """Give single providers other caps within each day's limit, from now on."""
        given = self.given(CapsInput)
        return self._changed(
            given["ip"],
            warmup.operations.schedules.change_caps,
            provider_caps=caps.read(given["provider_caps"]),
        )

    @extend_schema(request=PauseInput)
    @action(detail=False, methods=["post"])
    @idempotent
    def pause(self, request: Request) -> Response:
        """Let nothing leave through an IP until it is resumed."""
        given = self.given(PauseInput)
        return self._changed(
            given["ip"],
            warmup.operations.schedules.pause_warmup,
            reason=given["reason"],
        )

    @extend_schema(request=IpInput)
    @action(detail=False, methods=["post"])
    @idempotent
    def resume(self, request: Request) -> Response:
        """Go on with the volume of the day on which it was paused."""
        ip = self.given(IpInput)["ip"]
        return self._changed(ip, warmup.operations.schedules.resume_warmup)

    @extend_schema(request=IpInput)
    @action(detail=False, methods=["post"])
    @idempotent
    def abort(self, request: Request) -> Response:
        """End a warm-up before its time; the IP has no limit any more."""
        ip = self.given(IpInput)["ip"]
        return self._changed(ip, warmup.operations.schedules.abort_warmup)

    def _changed(
        self, ip: SendingIP, change: Callable[..., WarmupSchedule], **given: Any
    ) -> Response:
        schedule = warmup.queries.open_schedules().filter(ip=ip).first()
        if schedule is None:
            raise NotFound(f"{ip.address} has no warm-up that goes on.")
        actor = actor_of(self.request)
        return self._standing(change(schedule.pk, actor=actor, now=timezone.now(), **given))

    def _standing(self, schedule: WarmupSchedule, *, status: int = HTTPStatus.OK) -> Response:
        found = self.get_queryset().filter(pk=schedule.pk)
        [standing] = warmup.queries.standings(found, now=timezone.now())
        return Response(self.shown(standing), status=status)
