"""Sending IPs, and a test message that shows the whole dialogue with the server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action
from unfold.widgets import UnfoldAdminEmailInputWidget

import warmup.queries
from campaigns.models import Identity
from campaigns.roles import Role
from common.admin import (
    OrganizationScopedAdmin,
    PlainChangeList,
    moment,
    organization_of,
    pill,
    require_role,
    unknown,
)
from common.errors import DomainError
from iprouting.models import SendingIP
from sending.admin.warming import warmth
from sending.admin.words import answer_pill
from sending.operations.testing import probe
from sending.transports.base import Answer

VERDICTS = {
    Answer.ACCEPTED: "The server took the message.",
    Answer.REFUSED: "The server refused the message for good.",
    Answer.DEFERRED: "The server asks to try again later.",
    Answer.UNREACHED: "The message could not be handed over.",
    Answer.IN_DOUBT: "The message was handed over, but no answer came.",
}


class ProbeForm(forms.Form):
    """From whom and to whom a test message goes."""

    to_address = forms.CharField(
        label="To", widget=UnfoldAdminEmailInputWidget(), help_text="A mailbox you can look into."
    )
    from_address = forms.CharField(
        label="From",
        widget=UnfoldAdminEmailInputWidget(),
        help_text="Use an address that this server lets you send from.",
    )


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
    actions_detail = ("send_test_message",)
    readonly_fields = ("status", "trouble", "warm_up")
    fieldsets = (
        (None, {"fields": ("address", "hostname", "active", "status", "warm_up", "trouble")}),
        (
            "How mail leaves from it",
            {
                "fields": ("transport", "pool"),
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
                ),
                "description": "A server with one IP needs none of these. One with several picks "
                "the IP by where the connection comes from, by the return path, or by a header.",
                "classes": ("collapse",),
            },
        ),
    )

    def get_fieldsets(self, request: HttpRequest, obj: SendingIP | None = None) -> tuple[Any, ...]:
        """Return the sections; a new IP has no status yet."""
        if obj:
            return super().get_fieldsets(request, obj)  # type: ignore[no-any-return]
        first = (None, {"fields": ("address", "hostname", "active")})
        return (first, *self.fieldsets[1:])

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
        """Return the routes, with the test message."""
        view = self.admin_site.admin_view(self.probe)
        route = path("<path:object_id>/probe/", view, name="iprouting_sendingip_probe")
        return [route, *super().get_urls()]

    def has_operate_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        """Say whether something may be sent through an IP."""
        return self.may(request, Role.OPERATOR)

    @action(  # type: ignore[untyped-decorator]  # the library is untyped
        description="Send a test message", icon="outgoing_mail", permissions=["operate"]
    )
    def send_test_message(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Go to the page of the test message."""
        return self.probe(request, object_id)  # type: ignore[no-any-return]

    @require_role(Role.OPERATOR)
    def probe(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for addresses (GET); send and show the dialogue (POST)."""
        ip = self.scoped_object(request, object_id)
        form = ProbeForm(request.POST or None, initial=_addresses(request, ip))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": ip,
            "title": "Send a test message",
            "subtitle": ip.address,
            "ip": ip,
            "form": form,
            "back_url": reverse("admin:iprouting_sendingip_change", args=[ip.pk]),
        }
        if request.method == "POST" and form.is_valid():
            context |= _probed(ip, form)
        return render(request, "sending/ip/probe.html", context)

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


def _addresses(request: HttpRequest, ip: SendingIP) -> dict[str, str]:
    """Return what the form begins with: the person's own address, an identity of that stream."""
    identity = Identity.objects.filter(
        organization=organization_of(request), stream=ip.pool.stream
    ).first()
    own = request.user.email if request.user.is_authenticated else ""
    return {"to_address": own, "from_address": identity.from_address if identity else ""}


def _probed(ip: SendingIP, form: ProbeForm) -> dict[str, object]:
    try:
        dialogue = probe(ip, **form.cleaned_data, clock=timezone.now)
    except DomainError as refused:
        return {"mistake": refused.message}
    answer = dialogue.receipt.answer
    return {"dialogue": dialogue, "answer": answer_pill(answer), "verdict": VERDICTS[answer]}
