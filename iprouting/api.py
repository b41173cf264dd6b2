"""Pools, transports and sending IPs over HTTP."""

from __future__ import annotations

import json
from typing import Any

import django_filters
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

import iprouting.operations.streams
import iprouting.queries
from campaigns.roles import Role
from common.api.fields import JsonObjectField, LineField
from common.api.filters import IdFilter
from common.api.scoping import OrganizationRelated
from common.api.views import NounViewSet, ReadViewSet, changed, store
from insights.periods import next_hour
from iprouting.breakers import BreakerState
from iprouting.models import Breaker, Pool, SendingIP, Transport
from iprouting.queries.breakers import standing_of
from iprouting.reputation import WINDOW, Counts, score

HEADER_NAME = r"^[!-9;-~]+\Z"  # RFC 5322 3.6.8: printable ASCII without the colon
HEADER_VALUE = r"^[ -~]*\Z"
ANYMAIL_BACKEND = r"^anymail\.backends\.[a-z0-9_]+\.EmailBackend\Z"
HIGHEST_PORT = 65_535


class PoolOutput(serializers.ModelSerializer[Pool]):
    """A pool as it is shown."""

    class Meta:
        model = Pool
        fields = ("id", "name", "stream", "fallback", "created_at", "updated_at")
        read_only_fields = fields


class PoolInput(serializers.ModelSerializer[Pool]):
    """A pool as it is given."""

    name = LineField(max_length=100)
    fallback = OrganizationRelated(
        queryset=Pool.objects.all(),
        required=False,
        allow_null=True,
        help_text="Of transactional pools: takes what no IP of this pool can.",
    )

    class Meta:
        model = Pool
        fields = ("name", "stream", "fallback")


class PoolViewSet(NounViewSet):
    """Sending IPs of one stream that stand in for each other."""

    queryset = Pool.objects.all()
    serializer_class = PoolOutput
    input_class = PoolInput
    write_role = Role.OPERATOR
    filterset_fields = ("stream",)

    def keep(self, instance: Pool, given: dict[str, Any]) -> Pool:
        """Return the stored pool, whose fallback is of its own stream."""
        return iprouting.operations.streams.save_pool(changed(instance, given))


class TransportOutput(serializers.ModelSerializer[Transport]):
    """A transport as it is shown: without its secrets, only whether they are set."""

    has_password = serializers.SerializerMethodField()
    has_backend_settings = serializers.SerializerMethodField()

    class Meta:
        model = Transport
        fields = (
            "id", "name", "kind", "host", "port", "security", "verify_certificate", "username",
            "has_password", "backend", "has_backend_settings", "final_hop", "connections",
            "messages_per_connection", "rate_per_second", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_has_password(self, transport: Transport) -> bool:
        """Say whether there is a password."""
        return bool(transport.password)

    def get_has_backend_settings(self, transport: Transport) -> bool:
        """Say whether there are settings for a commercial provider."""
        return bool(transport.backend_settings)


class TransportInput(serializers.ModelSerializer[Transport]):
    """A transport as it is given. Secrets go in and never come out again."""

    name = LineField(max_length=100)
    host = LineField(max_length=253, required=False, allow_blank=True)
    port = serializers.IntegerField(min_value=1, max_value=HIGHEST_PORT, required=False)
    username = LineField(max_length=200, required=False, allow_blank=True)
    password = LineField(
        max_length=1000, trim_whitespace=False, write_only=True, required=False, allow_blank=True
    )
    backend = serializers.RegexField(
        ANYMAIL_BACKEND, max_length=200, required=False, allow_blank=True
    )
    backend_settings = JsonObjectField(
        write_only=True, required=False, help_text='Such as {"api_key": "..."}.'
    )
    connections = serializers.IntegerField(min_value=1, max_value=1000, required=False)
    messages_per_connection = serializers.IntegerField(
        min_value=1, max_value=1_000_000, required=False
    )
    rate_per_second = serializers.IntegerField(min_value=0, max_value=1_000_000, required=False)

    class Meta:
        model = Transport
        fields = (
            "name", "kind", "host", "port", "security", "verify_certificate", "username",
            "password", "backend", "backend_settings", "final_hop", "connections",
            "messages_per_connection", "rate_per_second",
        )  # fmt: skip


class TransportViewSet(NounViewSet):
    """How mail is handed to an MTA or to a commercial provider."""

    queryset = Transport.objects.all()
    serializer_class = TransportOutput
    input_class = TransportInput
    write_role = Role.OPERATOR
    filterset_fields = ("kind",)

    def keep(self, instance: Transport, given: dict[str, Any]) -> Transport:
        """Return the stored transport."""
        if "backend_settings" in given:
            given["backend_settings"] = json.dumps(given["backend_settings"])
        return store(changed(instance, given))


class SendingIPOutput(serializers.ModelSerializer[SendingIP]):
    """A sending IP as it is shown."""

    class Meta:
        model = SendingIP
        fields = (
            "id", "address", "hostname", "pool", "transport", "bind_address", "return_path_domain",
            "header_name", "header_value", "provider_options", "active", "unreachable_until",
            "unreachable_reason", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = fields


class SendingIPInput(serializers.ModelSerializer[SendingIP]):
    """A sending IP as it is given."""

    hostname = LineField(max_length=253, required=False, allow_blank=True)
    pool = OrganizationRelated(queryset=Pool.objects.all())
    transport = OrganizationRelated(queryset=Transport.objects.all())
    return_path_domain = LineField(max_length=253, required=False, allow_blank=True)
    header_name = serializers.RegexField(
        HEADER_NAME, max_length=76, required=False, allow_blank=True
    )
    header_value = serializers.RegexField(
        HEADER_VALUE, max_length=200, required=False, allow_blank=True
    )
    provider_options = JsonObjectField(
        required=False,
        help_text="What a commercial provider is told with each message, by which it picks the IP "
        'or pool, such as {"ip_pool_name": "marketing"}.',
    )

    class Meta:
        model = SendingIP
        fields = (
            "address", "hostname", "pool", "transport", "bind_address", "return_path_domain",
            "header_name", "header_value", "provider_options", "active",
        )  # fmt: skip


class SendingIPFilter(django_filters.FilterSet):
    """Finds sending IPs by pool and transport."""

    pool = IdFilter()
    transport = IdFilter()

    class Meta:
        model = SendingIP
        fields = ("active", "pool", "transport")


class ReputationOutput(serializers.Serializer[Any]):
    """What became of the mail of an IP in the last 24 hours; rates are null without data."""

    sent = serializers.IntegerField()
    delivered = serializers.IntegerField()
    bounced = serializers.IntegerField()
    complained = serializers.IntegerField()
    delivery_rate = serializers.FloatField(allow_null=True)
    bounce_rate = serializers.FloatField(allow_null=True)
    complaint_rate = serializers.FloatField(allow_null=True)
    score = serializers.FloatField(
        allow_null=True, help_text="delivery_rate - bounce_rate * 10 - complaint_rate * 100"
    )


class ProviderReputationOutput(ReputationOutput):
    """The same for one mailbox provider."""

    provider = serializers.CharField()


class IPReputationOutput(serializers.Serializer[Any]):
    """The reputation of an IP with all mailbox providers together, and with each."""

    ip = serializers.CharField()
    window_start = serializers.DateTimeField()
    window_end = serializers.DateTimeField()
    totals = ReputationOutput()
    providers = ProviderReputationOutput(many=True)


class SendingIPViewSet(NounViewSet):
    """IPs that mail leaves from."""

    queryset = SendingIP.objects.all()
    serializer_class = SendingIPOutput
    input_class = SendingIPInput
    write_role = Role.OPERATOR
    filterset_class = SendingIPFilter

    def keep(self, instance: SendingIP, given: dict[str, Any]) -> SendingIP:
        """Return the stored IP, which sends one kind of mail alone."""
        return iprouting.operations.streams.save_ip(changed(instance, given))

    @extend_schema(responses=IPReputationOutput, filters=False)
    @action(detail=True)
    def reputation(self, request: Request, pk: str) -> Response:
        """How well each mailbox provider took the mail of this IP in the last 24 hours."""
        ip, now = self.get_object(), timezone.now()
        found = iprouting.queries.reputation(self.organization.pk, now=now, addresses=[ip.address])
        window_end = next_hour(now)
        shown = {
            "ip": ip.address,
            "window_start": window_end - WINDOW,
            "window_end": window_end,
            "totals": _shown(sum(found.values(), Counts())),
            "providers": [
                {"provider": provider, **_shown(counts)}
                for (_, provider), counts in sorted(found.items())
            ],
        }
        return Response(IPReputationOutput(shown).data)


class BreakerOutput(serializers.ModelSerializer[Breaker]):
    """How an IP treats a provider, and why."""

    state = serializers.SerializerMethodField()
    rule = serializers.CharField(source="rule_name", help_text="Empty: by hand, or never opened.")
    evidence = serializers.SerializerMethodField()

    class Meta:
        model = Breaker
        fields = (
            "id", "ip", "provider", "state", "until", "rate_per_minute", "connections", "reason",
            "rule", "by_report", "evidence", "times_opened", "opened_at", "changed_at",
            "changed_by",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=[state.value for state in BreakerState]))
    def get_state(self, breaker: Breaker) -> str:
        """Return what time has made of the state."""
        return standing_of(breaker).at(timezone.now()).value

    def get_evidence(self, breaker: Breaker) -> list[str]:
        """Return the answers that counted last."""
        return [one["text"] for one in breaker.evidence]


class BreakerViewSet(ReadViewSet):
    """Which IPs leave which providers alone."""

    queryset = Breaker.objects.all()
    serializer_class = BreakerOutput
    filterset_fields = ("ip", "provider")


def _shown(counts: Counts) -> dict[str, int | float | None]:
    return {
        "sent": counts.sent,
        "delivered": counts.delivered,
        "bounced": counts.bounced,
        "complained": counts.complained,
        "delivery_rate": counts.delivery_rate,
        "bounce_rate": counts.bounce_rate,
        "complaint_rate": counts.complaint_rate,
        "score": score(counts),
    }
