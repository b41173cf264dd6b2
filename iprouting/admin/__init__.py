"""Pools and transports. The page of a sending IP is in `sending.admin`: it can send a message."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextareaWidget

import iprouting.operations.streams
from campaigns.models import Stream
from campaigns.roles import Role
from common.admin import (
    OrganizationScopedAdmin,
    ReadOnlyAdmin,
    ScopedForm,
    count,
    exact_time,
    moment,
    pill,
    provider_name,
    unknown,
)
from iprouting.admin.breaker_rules import BreakerRuleAdmin, ProviderLimitAdmin
from iprouting.admin.breakers import BreakerAdmin
from iprouting.models import IPReputation, Pool, Transport, TransportKind
from iprouting.reputation import Counts, score

__all__ = [
    "BreakerAdmin",
    "BreakerRuleAdmin",
    "IPReputationAdmin",
    "PoolAdmin",
    "ProviderLimitAdmin",
    "TransportAdmin",
]

SECRETS = ("password", "backend_settings")
UNCHANGED = "Unchanged: type to replace it"


class TransportForm(ScopedForm):
    """How to reach an MTA or a provider. Stored secrets are never shown, only replaced."""

    new_password = forms.CharField(
        label="Password",
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
    )
    new_backend_settings = forms.CharField(
        label="Settings of the provider",
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"class": "mw-code", "rows": 4}),
        help_text='As JSON: {"api_key": "..."}.',
    )

    class Meta:
        model = Transport
        fields = (
            "name", "kind", "host", "port", "security", "verify_certificate", "username",
            "backend", "final_hop", "connections", "messages_per_connection", "rate_per_second",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            for name in SECRETS:
                self.fields[f"new_{name}"].widget.attrs["placeholder"] = UNCHANGED

    def clean(self) -> dict[str, Any] | None:
        """Return the input; each kind of transport needs its own way to be reached."""
        cleaned = super().clean() or {}
        if cleaned.get("kind") == TransportKind.SMTP and not cleaned.get("host"):
            self.add_error("host", "Say where the server is, such as mta.example.com.")
        if cleaned.get("kind") == TransportKind.ANYMAIL and not cleaned.get("backend"):
            self.add_error("backend", "Say which backend to use.")
        return cleaned


@admin.register(Transport)
class TransportAdmin(OrganizationScopedAdmin):
    """Ways to hand mail over."""

    form = TransportForm
    write_role = Role.OPERATOR
    empty_icon = "swap_horiz"
    empty_title = "No transport yet"
    empty_text = "A transport is the server that mail is handed to: your own MTA, or a provider."
    list_display = ("name", "kind", "reached_at", "security_shown", "final_hop_shown", "changed")
    list_filter = ("kind",)
    search_fields = ("name", "host")
    search_help_text = "Search by name or host"
    ordering = ("name",)
    conditional_fields = {
        "host": "kind == 'smtp'",
        "port": "kind == 'smtp'",
        "security": "kind == 'smtp'",
        "verify_certificate": "kind == 'smtp'",
        "username": "kind == 'smtp'",
        "new_password": "kind == 'smtp'",
        "backend": "kind == 'anymail'",
        "new_backend_settings": "kind == 'anymail'",
    }
    fieldsets = (
        (None, {"fields": ("name", "kind", "final_hop")}),
        (
            "How to reach it",
            {
                "fields": (
                    "host", "port", "security", "verify_certificate", "username", "new_password",
                    "backend", "new_backend_settings",
                )
            },
        ),
        ("How fast", {"fields": ("connections", "messages_per_connection", "rate_per_second")}),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Transport, Transport]:
        """Return the transports without their secrets: no page reads them."""
        return super().get_queryset(request).defer(*SECRETS)

    def save_model(
        self, request: HttpRequest, obj: Transport, form: ModelForm[Any], change: Any
    ) -> None:
        """Save the transport; a secret that was left empty stays as it is."""
        for name in SECRETS:
            if form.cleaned_data[f"new_{name}"]:
                setattr(obj, name, form.cleaned_data[f"new_{name}"])
        super().save_model(request, obj, form, change)

    @admin.display(description="Reached at")
    def reached_at(self, transport: Transport) -> str:
        """Return host and port, or the provider's backend."""
        if transport.kind == TransportKind.SMTP:
            return f"{transport.host}:{transport.port}"
        return transport.backend

    @admin.display(description="Connection", ordering="security")
    def security_shown(self, transport: Transport) -> str:
        """Return how the connection is encrypted."""
        if transport.kind != TransportKind.SMTP:
            return "HTTPS"
        return transport.get_security_display()

    @admin.display(description="Its yes means", ordering="final_hop")
    def final_hop_shown(self, transport: Transport) -> SafeString:
        """Return what an accepted message counts as."""
        return pill("Delivered", "good") if transport.final_hop else pill("Sent on", "info")

    @admin.display(description="Changed", ordering="updated_at")
    def changed(self, transport: Transport) -> SafeString:
        """Return when it was last changed."""
        return moment(transport.updated_at)


@admin.register(Pool)
class PoolAdmin(OrganizationScopedAdmin):
    """Groups of sending IPs that stand in for each other."""

    write_role = Role.OPERATOR
    empty_icon = "hub"
    empty_title = "No pools yet"
    empty_text = "A pool holds the sending IPs for one kind of mail."
    list_display = ("name", "stream_shown", "ip_count", "changed")
    list_filter = ("stream",)
    search_fields = ("name",)
    search_help_text = "Search by name"
    ordering = ("name",)
    fieldsets = (
        (
            None,
            {
                "fields": ("name", "stream", "fallback"),
                "description": "Mail of one kind leaves through any active IP of its pools. "
                "Marketing and transactional mail never share one.",
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Pool, Pool]:
        """Return the pools with how many of their IPs are in use."""
        active = Count("ips", filter=Q(ips__active=True))
        rows: QuerySet[Pool, Pool] = super().get_queryset(request)
        return rows.annotate(active_count=active, all_count=Count("ips"))

    def save_model(
        self, request: HttpRequest, obj: Pool, form: ModelForm[Any], change: Any
    ) -> None:
        """Save the pool; its fallback has to be of its own stream."""
        iprouting.operations.streams.save_pool(obj)

    @admin.display(description="Kind of mail", ordering="stream")
    def stream_shown(self, pool: Pool) -> SafeString:
        """Return the stream as a coloured word."""
        kind = "info" if pool.stream == Stream.MARKETING else "active"
        return pill(pool.get_stream_display(), kind)

    @admin.display(description="Active IPs", ordering="active_count")
    def ip_count(self, pool: Any) -> str:
        """Return how many of its IPs are in use."""
        return f"{pool.active_count} of {pool.all_count}"

    @admin.display(description="Changed", ordering="updated_at")
    def changed(self, pool: Pool) -> SafeString:
        """Return when it was last changed."""
        return moment(pool.updated_at)


@admin.register(IPReputation)
class IPReputationAdmin(ReadOnlyAdmin):
    """How well providers took the mail of each IP, hour by hour, newest first."""

    empty_icon = "query_stats"
    empty_title = "No mail has left yet"
    empty_text = "For every hour in which an IP sends, each mailbox provider gets a line here."
    list_display = (
        "hour", "ip", "provider_shown", "sent_shown", "delivered_shown", "bounced_shown",
        "complained_shown", "score_shown",
    )  # fmt: skip
    list_filter = ("provider",)
    search_fields = ("ip",)
    search_help_text = "Search by IP"
    ordering = ("-window_start", "ip", "provider")
    sortable_by = ()
    list_display_links = None
    fields = (
        "hour", "ip", "provider_shown", "sent_shown", "delivered_shown", "bounced_shown",
        "complained_shown", "score_shown",
    )  # fmt: skip
    readonly_fields = tuple(name for name in fields if name != "ip")

    @admin.display(description="Hour")
    def hour(self, row: IPReputation) -> str:
        """Return when the hour began."""
        return exact_time(row.window_start)

    @admin.display(description="Mailbox provider")
    def provider_shown(self, row: IPReputation) -> str:
        """Return who filters the mail."""
        return provider_name(row.provider)

    @admin.display(description="Sent")
    def sent_shown(self, row: IPReputation) -> SafeString:
        """Return how many messages the server took."""
        return count(row.sent)

    @admin.display(description="Delivered")
    def delivered_shown(self, row: IPReputation) -> SafeString:
        """Return how many messages the provider took."""
        return count(row.delivered)

    @admin.display(description="Bounced")
    def bounced_shown(self, row: IPReputation) -> SafeString:
        """Return how many messages were refused."""
        return count(row.bounced)

    @admin.display(description="Complaints")
    def complained_shown(self, row: IPReputation) -> SafeString:
        """Return how many messages were marked as spam."""
        return count(row.complained)

    @admin.display(description="Score of this hour")
    def score_shown(self, row: IPReputation) -> str:
        """Return the score as routing forms it, of this hour alone."""
        value = score(Counts(row.sent, row.delivered, row.bounced, row.complained))
        return unknown("Nothing was handed over in this hour") if value is None else f"{value:.2f}"
