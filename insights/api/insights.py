"""How much happened, to one campaign and to all of them."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

import insights.queries.counts
from campaigns.models import Campaign
from campaigns.models.content import Stream
from common.api.fields import TimeZoneNameField
from common.api.filters import LARGEST_ID
from common.api.views import ApiViewSet
from insights.figures import COUNTS, Group, GroupBy, Report
from insights.periods import HOUR, Bucket, Period, next_hour
from insights.queries.counts import FILTERS
from insights.rates import RATES

LOOKS_BACK: Final = timedelta(days=30)
SHOWN_BY_HOUR: Final = timedelta(days=3)  # longer periods are shown by day unless told otherwise
FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 2999
_BY_TIME: Final = {GroupBy.DAY: Bucket.DAY, GroupBy.HOUR: Bucket.HOUR}


class MomentQuery(serializers.DateTimeField):
    """A moment of a query, near enough that every time zone knows it."""

    def to_internal_value(self, value: Any) -> datetime:
        """Return the moment in UTC. Raises ValidationError."""
        moment: datetime = super().to_internal_value(value)
        if not FIRST_YEAR < moment.year < LAST_YEAR:
            raise serializers.ValidationError("This is too far away in time.")
        return moment


def _id(help_text: str) -> serializers.IntegerField:
    return serializers.IntegerField(
        min_value=0, max_value=LARGEST_ID, required=False, help_text=help_text
    )


class InsightsQuery(serializers.Serializer[Any]):
    """What may be asked about one campaign."""

    group_by = serializers.ChoiceField(
        choices=[kind.value for kind in GroupBy if kind is not GroupBy.CAMPAIGN],
        default=GroupBy.DAY.value,
        help_text="Grouped by `day` or `hour` there is one group, `all`.",
    )
    bucket = serializers.ChoiceField(
        choices=[bucket.value for bucket in Bucket],
        required=False,
        help_text="Left out, it follows from `group_by`, else from the length of the period.",
    )
    tz = TimeZoneNameField(required=False, help_text="Left out, the organization's.")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Return the fields, with one whose name is a word of Python."""
        begin = "Inclusive. Left out, when the campaign began; 30 days ago over all campaigns."
        end = "Exclusive. Left out, the next full hour."
        return {
            "from": MomentQuery(default_timezone=UTC, required=False, help_text=begin),
            "to": MomentQuery(default_timezone=UTC, required=False, help_text=end),
            **super().get_fields(),
        }


class OrganizationInsightsQuery(InsightsQuery):
    """What may be asked about all campaigns."""

    group_by = serializers.ChoiceField(
        choices=[kind.value for kind in GroupBy],
        default=GroupBy.DAY.value,
        help_text="Grouped by `day` or `hour` there is one group, `all`.",
    )
    campaign = _id("Only this campaign.")
    list = _id("Only what went to this list; 0 for what went to none.")
    provider = serializers.CharField(required=False, max_length=40)
    identity = _id("Only what this identity sent.")
    ip = serializers.CharField(required=False, max_length=45)
    stream = serializers.ChoiceField(choices=Stream.values, required=False)
    variant = serializers.CharField(required=False, max_length=8)


class MetricsOutput(serializers.Serializer[Any]):
    """Counts, and rates from 0 to 1; a rate is null where there is nothing to divide by."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Return one field for each metric."""
        counts = {name: serializers.IntegerField() for name in COUNTS}
        shares = {name: serializers.FloatField(allow_null=True) for name in RATES}
        return {**super().get_fields(), **counts, **shares}


class PointOutput(MetricsOutput):
    """What happened in one bucket."""

    ts = serializers.DateTimeField(help_text="When the bucket begins.")


class GroupOutput(serializers.Serializer[Any]):
    """What happened to the mail that has one thing in common."""

    key = serializers.CharField(help_text="The value it has in common; an id as text.")
    label = serializers.CharField()  # type: ignore[assignment]  # a field, not the property
    totals = MetricsOutput()
    series = PointOutput(many=True, help_text="One for each bucket, empty ones too.")


@extend_schema_serializer(many=False)
class InsightsOutput(serializers.Serializer[Any]):
    """The figures of a period."""

    bucket = serializers.CharField()
    group_by = serializers.CharField()
    totals = MetricsOutput()
    groups = GroupOutput(many=True, help_text="The one with the most sent first.")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Return the fields, with one whose name is a word of Python."""
        moments = {"from": serializers.DateTimeField(), "to": serializers.DateTimeField()}
        return {**moments, **super().get_fields()}


class InsightsViewSet(ApiViewSet):
    """Counts and rates over time."""

    queryset = Campaign.objects.defer("html", "text")
    serializer_class = InsightsOutput

    def answer(self, asked: dict[str, Any], *, begin: datetime, campaign: int | None) -> Response:
        """Return the figures of what was asked. Raises ValidationError or DomainError."""
        group_by = GroupBy(asked["group_by"])
        filters: dict[str, int | str] = {n: asked[n] for n in FILTERS if n in asked}
        if campaign is not None:
            filters["campaign"] = campaign
        report = insights.queries.counts.insights(
            self.organization.pk,
            period=self._period(asked, begin=begin, group_by=group_by),
            group_by=group_by,
            filters=filters,
        )
        return Response(_shown(report))

    def asked_with(self, form: type[InsightsQuery]) -> dict[str, Any]:
        """Return the checked parameters, without the empty ones. Raises ValidationError."""
        given = {name: value for name, value in self.request.query_params.items() if value}
        shape = form(data=given)
        shape.is_valid(raise_exception=True)
        return dict(shape.validated_data)

    def _period(self, asked: dict[str, Any], *, begin: datetime, group_by: GroupBy) -> Period:
        start = asked.get("from", begin)
        end = asked.get("to") or max(next_hour(timezone.now()), start + HOUR)
        if start >= end:
            raise serializers.ValidationError({"to": "This must be later than `from`."})
        length = Bucket.HOUR if end - start <= SHOWN_BY_HOUR else Bucket.DAY
        bucket = Bucket(asked.get("bucket") or _BY_TIME.get(group_by, length))
        zone = zoneinfo.ZoneInfo(asked.get("tz") or str(self.organization.timezone))
        return Period(start, end, bucket, zone)


class OrganizationInsights(InsightsViewSet):
    """Figures over all campaigns."""

    @extend_schema(
        operation_id="insights_retrieve",
        parameters=[OrganizationInsightsQuery],
        responses=InsightsOutput,
        filters=False,
    )
    def list(self, request: Request) -> Response:
        """What happened to the mail of all campaigns, or of those that are asked for."""
        begin = next_hour(timezone.now()) - LOOKS_BACK
        return self.answer(self.asked_with(OrganizationInsightsQuery), begin=begin, campaign=None)


class CampaignInsights(InsightsViewSet):
    """Figures of one campaign."""

    @extend_schema(parameters=[InsightsQuery], responses=InsightsOutput)
    @action(detail=True, url_path="insights", url_name="insights")
    def figures(self, request: Request, pk: str) -> Response:
        """What happened to the mail of a campaign."""
        campaign = self.get_object()
        begin = campaign.started_at or next_hour(timezone.now()) - LOOKS_BACK
        return self.answer(self.asked_with(InsightsQuery), begin=begin, campaign=campaign.pk)


def _shown(report: Report) -> dict[str, Any]:
    period = report.period
    return {
        "from": period.first_hour.astimezone(period.zone).isoformat(),
        "to": period.end_hour.astimezone(period.zone).isoformat(),
        "bucket": period.bucket.value,
        "group_by": report.group_by.value,
        "totals": report.totals,
        "groups": [_shown_group(group) for group in report.groups],
    }


def _shown_group(group: Group) -> dict[str, Any]:
    series = [{"ts": point.ts.isoformat(), **point.metrics} for point in group.series]
    return {"key": group.key, "label": group.label, "totals": group.totals, "series": series}
