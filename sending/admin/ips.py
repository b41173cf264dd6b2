"""Sending IPs, and a test message that shows the whole dialogue with the server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action

import iprouting.operations.streams
import warmup.queries
from campaigns.roles import Role
from common.admin import (
    OrganizationScopedAdmin,
    PlainChangeList,
    ScopedForm,
    moment,
    pill,
    require_role,
    unknown,
)
from iprouting.marks import alike, mark_of
from iprouting.models import SendingIP, TransportKind
from sending.admin.probing import ProbeForm, RouteForm, addresses, checked, probed
from sending.admin.warming import warmth


class SendingIPForm(ScopedForm):
    """A sending IP as it is given."""

    def clean_provider_options(self) -> dict[str, Any]:
        """Return what the provider is told. Raises ValidationError for JSON that is no object."""
        options = self.cleaned_data["provider_options"] or {}
        if not isinstance(options, dict):
            raise forms.ValidationError('This must be a JSON object, such as {"name": "value"}.')
        return options


class IPList(PlainChangeList):
    """A page of sending IPs, each with where its warm-up stands."""

    def get_results(self, request: HttpRequest) -> None:
        """Fetch the page, and the warm-ups of all of them at once."""
        super().get_results(request)
        self.result_list = list(self.result_list)
        _attach_standings(self.result_list)


@admin.register(SendingIP)
class SendingIPAdmin(OrganizationScopedAdmin):
    """IPs that mail leaves from."""

    form = SendingIPForm
    write_role = Role.OPERATOR
    empty_icon = "dns"
    empty_title = "No sending IP yet"
    empty_text = (
        "Mail leaves through a sending IP. Add a transport first, then an IP that goes through it."
    )
    list_display = ("address", "status", "warm_up", "hostname", "pool", "stream", "transport")
    list_filter = ("active", "pool")
    list_select_related = ("pool", "transport")
    search_fields = ("address", "hostname")
    search_help_text = "Search by address or name"
    ordering = ("address",)
    autocomplete_fields = ("pool", "transport")
    actions_detail = ("send_test_message", "check_the_route")
    readonly_fields = ("status", "trouble", "told_apart", "warm_up")
    fieldsets = (
        (None, {"fields": ("address", "hostname", "active", "status", "warm_up", "trouble")}),
        (
            "How mail leaves from it",
            {
                "fields": ("transport", "pool", "told_apart"),
                "description": "The transport is the server that mail is handed to; the pool says "
                "which kind of mail goes this way.",
            },
        ),
        (
            "How the server knows which IP to use",
            {
                "fields": (
                    "bind_address",
                    "return_path_domain",
                    ("header_name", "header_value"),
                    "provider_options",
                ),
                "description": "A server with one IP needs none of these. One with several picks "
                "the IP by where the connection comes from, by the return path, or by a header; a "
                "commercial provider by its own options.",
                "classes": ("collapse",),
            },
        ),
    )

    def get_fieldsets(self, request: HttpRequest, obj: SendingIP | None = None) -> tuple[Any, ...]:
        """Return the sections; a new IP has no status yet."""
        if obj:
            return super().get_fieldsets(request, obj)  # type: ignore[no-any-return]
        first = (None, {"fields": ("address", "hostname", "active")})
        second = (self.fieldsets[1][0], {**self.fieldsets[1][1], "fields": ("transport", "pool")})
        return (first, second, *self.fieldsets[2:])

    def get_queryset(self, request: HttpRequest) -> QuerySet[SendingIP, SendingIP]:
        """Return the IPs without the secrets of their transports."""
        rows: QuerySet[SendingIP, SendingIP] = super().get_queryset(request)
        hidden = ("transport__password", "transport__backend_settings")
        return rows.select_related("pool", "transport").defer(*hidden)

    def get_changelist(self, request: HttpRequest, **_: Any) -> type[IPList]:
        """Return the class behind the list."""
        return IPList

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> SendingIP | None:
        """Return an IP with where its warm-up stands."""
        ip: SendingIP | None = super().get_object(request, object_id, from_field)
        _attach_standings([ip] if ip else [])
        return ip

    def get_urls(self) -> list[URLPattern]:
        """Return the routes, with the test message and the check of the way it takes."""
        pages = {"probe": self.probe, "route": self.route}
        routes = [
            path(
                f"<path:object_id>/{name}/",
                self.admin_site.admin_view(view),
                name=f"iprouting_sendingip_{name}",
            )
            for name, view in pages.items()
        ]
        return [*routes, *super().get_urls()]

    def has_operate_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        """Say whether something may be sent through an IP."""
        return self.may(request, Role.OPERATOR)

    @action(  # type: ignore[untyped-decorator]  # the library is untyped
        description="Send a test message", icon="outgoing_mail", permissions=["operate"]
    )
    def send_test_message(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Go to the page of the test message."""
        return self.probe(request, object_id)  # type: ignore[no-any-return]

    @action(  # type: ignore[untyped-decorator]  # the library is untyped
        description="Check the route", icon="alt_route", permissions=["operate"]
    )
    def check_the_route(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Go to the page of the check."""
        return self.route(request, object_id)  # type: ignore[no-any-return]

    @require_role(Role.OPERATOR)
    def probe(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for addresses (GET); send and show the dialogue (POST)."""
        ip = self.scoped_object(request, object_id)
        form = ProbeForm(request.POST or None, initial=addresses(request, ip))
        context = self._page(request, ip, form=form, title="Send a test message")
        if request.method == "POST" and form.is_valid():
            context |= probed(ip, form)
        return render(request, "sending/ip/probe.html", context)

    @require_role(Role.OPERATOR)
    def route(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for addresses (GET); send, and show which address the receiver saw (POST)."""
        ip = self.scoped_object(request, object_id)
        initial = {"from_address": addresses(request, ip)["from_address"]}
        form = RouteForm(request.POST or None, initial=initial)
        context = self._page(request, ip, form=form, title="Check the route")
        if request.method == "POST" and form.is_valid():
            context |= checked(ip, form)
        return render(request, "sending/ip/probe.html", context)

    def _page(
        self, request: HttpRequest, ip: SendingIP, *, form: ProbeForm, title: str
    ) -> dict[str, object]:
        """Return what both pages show."""
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": ip,
            "title": title,
            "subtitle": ip.address,
            "ip": ip,
            "form": form,
            "back_url": reverse("admin:iprouting_sendingip_change", args=[ip.pk]),
        }

    @admin.display(description="Status", ordering="active")
    def status(self, ip: SendingIP) -> SafeString:
        """Return whether mail leaves through it right now."""
        if not ip.active:
            return pill("Switched off")
        if ip.unreachable_until and ip.unreachable_until > timezone.now():
            return format_html(
                '<span title="{}">{}</span>', ip.unreachable_reason, pill("Not reachable", "bad")
            )
        return pill("In use", "good")

    @admin.display(description="Warm-up")
    def warm_up(self, ip: Any) -> SafeString:
        """Return where its warm-up stands."""
        return warmth(ip, ip.standing)

    @admin.display(description="Trouble")
    def trouble(self, ip: SendingIP) -> str:
        """Return why mail does not leave through it, and when that is tried again."""
        if not ip.unreachable_until or ip.unreachable_until <= timezone.now():
            return unknown("Its server answers")
        return format_html(
            "{} Tried again {}.", ip.unreachable_reason, moment(ip.unreachable_until)
        )

    @admin.display(description="Chosen by the server")
    def told_apart(self, ip: SendingIP) -> str:
        """Return by what the server knows this IP, or which others it takes it for."""
        others = _taken_for(ip)
        if others:
            return format_html("{} {}", pill("Not told apart", "bad"), _confusion(ip, others))
        return mark_of(ip) or unknown("It is the only one of its server without a mark")

    def save_model(
        self, request: HttpRequest, obj: SendingIP, form: forms.ModelForm[Any], change: Any
    ) -> None:
        """Save the IP, which sends one kind of mail alone; warn if it is not told from others."""
        iprouting.operations.streams.save_ip(obj)
        others = _taken_for(obj)
        if others:
            self.message_user(request, _confusion(obj, others), messages.WARNING)

    @admin.display(description="Kind of mail", ordering="pool__stream")
    def stream(self, ip: SendingIP) -> SafeString:
        """Return the stream of its pool."""
        kind = "info" if ip.pool.stream == "marketing" else "active"
        return pill(ip.pool.get_stream_display(), kind)


def _attach_standings(ips: Sequence[Any]) -> None:
    """Give each IP where its warm-up stands; None to those that are warm."""
    standings = warmup.queries.standings_by_ip([ip.pk for ip in ips], now=timezone.now())
    for ip in ips:
        ip.standing = standings.get(ip.pk)


def _taken_for(ip: SendingIP) -> list[str]:
    """Return the other IPs that its server cannot tell from this one."""
    for group in alike(ip.organization_id):
        if ip.pk in {other.pk for other in group}:
            return [other.address for other in group if other.address != ip.address]
    return []


def _confusion(ip: SendingIP, others: Sequence[str]) -> str:
    either = f"whether a message is to leave from {ip.address} or from {', '.join(others)}"
    if ip.transport.kind == TransportKind.ANYMAIL:
        return f"Nothing tells the provider {either}. Give each its own provider options."
    return (
        f"Nothing tells the server {either}. Give each a bind address, a return path domain or a "
        "header, or a transport with a port of its own, and have the server choose by it."
    )
