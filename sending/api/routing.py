"""Why a message left through its IP, over HTTP."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.models import Recipient
from common.api.views import ApiViewSet
from iprouting.decisions import Considered
from iprouting.reputation import score
from sending.queries.routing import explain_routing


class ExplainQuery(serializers.Serializer[Any]):
    """Which message is asked about."""

    recipient = serializers.IntegerField(min_value=1)


class CandidateOutput(serializers.Serializer[Any]):
    """An IP as it stood when the message's turn came."""

    ip = serializers.CharField(source="address")
    sent = serializers.IntegerField(source="counts.sent")
    delivered = serializers.IntegerField(source="counts.delivered")
    bounced = serializers.IntegerField(source="counts.bounced")
    complained = serializers.IntegerField(source="counts.complained")
    raw_score = serializers.SerializerMethodField(
        help_text="Of the counts alone; null where nothing was handed over."
    )
    score = serializers.FloatField(help_text="What decided: few counts are drawn to the pool's.")
    room = serializers.IntegerField(allow_null=True, help_text="Null is any number.")
    warming = serializers.BooleanField()
    obstacle = serializers.CharField(allow_null=True, help_text="What kept it from the message.")
    rule = serializers.CharField(allow_null=True, help_text="Why it had its share.")
    share = serializers.FloatField(
        source="fraction", help_text="Of the mail for this provider in that batch."
    )
    words = serializers.CharField()

    def get_raw_score(self, candidate: Considered) -> float | None:
        """Return the plain score."""
        return score(candidate.counts)


class RoutingExplanationOutput(serializers.Serializer[Any]):
    """Which IP a message was given to, why, and what was weighed."""

    recipient_id = serializers.IntegerField()
    provider = serializers.CharField()
    ip = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField(allow_null=True)
    explanation = serializers.CharField()
    candidates = CandidateOutput(many=True)


class RoutingViewSet(ApiViewSet):
    """Which sending IP carries a message."""

    queryset = Recipient.objects.all()
    serializer_class = RoutingExplanationOutput

    @extend_schema(
        parameters=[OpenApiParameter("recipient", int, required=True)],
        responses=RoutingExplanationOutput,
        filters=False,
    )
    @action(detail=False, pagination_class=None)
    def explain(self, request: Request) -> Response:
        """Why a message left through its IP: the candidates with scores, room and shares."""
        query = ExplainQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        message = self.asked(Recipient, "recipient")
        return Response(self.shown(explain_routing(message)) if message else None)
