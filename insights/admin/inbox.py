"""The inbox: what others reported, what became of it, and the addresses they post to."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action
from unfold.widgets import UnfoldAdminPasswordWidget

import insights.operations.inbox
import insights.queries.inbox
from campaigns.roles import Role
from common.admin import (
    OrganizationScopedAdmin,
    ReadOnlyAdmin,
    ScopedForm,
    count,
    moment,
    pill,
    unknown,
)
from common.conf import public_url
from insights.events import Source
from insights.models import InboxKey, PayloadStatus, RawPayload
from insights.providers.anymail import posts

SHOWN_BYTES = 20_000  # of a payload, on its page

STATUS_WORDS = {
    PayloadStatus.WAITING: ("Waiting", "info"),
    PayloadStatus.READ: ("Recorded", "good"),
    PayloadStatus.UNREADABLE: ("Not understood", "bad"),
    PayloadStatus.UNATTRIBUTED: ("No such message", "warning"),
}
SIGNED_SOURCES = (Source.STALWART,)  # whose posts are refused without a secret


@admin.register(RawPayload)
class RawPayloadAdmin(ReadOnlyAdmin):
    """Reports as they came in, newest first."""

    empty_icon = "inbox"
    empty_title = "Nothing has been reported yet"
    empty_text = (
        "Bounces, complaints and webhooks arrive here before they are recorded. "
        "What could not be understood is kept for you to look at."
    )
    list_display = ("received", "reporter", "status_shown", "problem_shown", "read")
    list_filter = ("status", "source", "esp")
    search_fields = ("problem", "envelope_to")
    search_help_text = "Search by what went wrong, or by whom a mail came to"
    ordering = ("-id",)
    sortable_by = ()
    actions = ("replay",)
    list_before_template = "admin/insights/inbox_figures.html"
    fieldsets = (
        (None, {"fields": ("received", "reporter", "status_shown", "problem_shown", "read")}),
        ("What came in", {"fields": ("envelope_to", "headers", "body_shown")}),
    )
    readonly_fields = (
        "received",
        "reporter",
        "status_shown",
        "problem_shown",
        "read",
        "body_shown",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[RawPayload, RawPayload]:
        """Return the payloads; their bytes are read for the page of one only."""
        rows: QuerySet[RawPayload, RawPayload] = super().get_queryset(request)
        return rows.defer("body")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Show the list under how the inbox stands."""
        access = getattr(request, "access", None)
        shown = {"inbox_figures": _figures(access.organization.pk) if access else []}
        page: HttpResponseBase = super().changelist_view(request, (extra_context or {}) | shown)
        return page

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Say whether payloads may be read again."""
        return self.may(request, Role.OPERATOR)

    @action(  # type: ignore[untyped-decorator]  # the library is untyped
        description="Read again", permissions=["operate"]
    )
    def replay(self, request: HttpRequest, chosen: QuerySet[RawPayload, RawPayload]) -> None:
        """Have the chosen payloads read again; what is recorded already stays as it is."""
        number = insights.operations.inbox.replay(chosen, now=timezone.now())
        self.message_user(request, f"{number} will be read again in a moment.", messages.SUCCESS)

    @admin.display(description="Came in")
    def received(self, payload: RawPayload) -> SafeString:
        """Return when it came in."""
        return moment(payload.received_at)

    @admin.display(description="Source")
    def reporter(self, payload: RawPayload) -> str:
        """Return who reported it, or by which way it came."""
        return payload.get_esp_display() or payload.get_source_display()

    @admin.display(description="State")
    def status_shown(self, payload: RawPayload) -> SafeString:
        """Return what became of it, as a coloured word."""
        return pill(*STATUS_WORDS[PayloadStatus(payload.status)])

    @admin.display(description="What is wrong")
    def problem_shown(self, payload: RawPayload) -> str:
        """Return why it is not recorded."""
        return payload.problem or unknown("Nothing")

    @admin.display(description="Last read")
    def read(self, payload: RawPayload) -> SafeString:
        """Return when it was last read."""
        return moment(payload.read_at, reason="Not yet")

    @admin.display(description="Content")
    def body_shown(self, payload: RawPayload) -> SafeString:
        """Return the beginning of the bytes, as text."""
        text = bytes(payload.body[:SHOWN_BYTES]).decode("utf-8", "replace")
        return format_html('<pre class="mw-code">{}</pre>', text)


def _figures(organization_id: int) -> list[dict[str, object]]:
    """Return how the inbox stands, as cards, each with the list that it counts."""
    found = insights.queries.inbox.figures(organization_id=organization_id)
    oldest = format_html("the oldest came in {}", moment(found.oldest_at))
    cards = (
        ("Not read yet", found.unread, oldest if found.unread else "all is read", "waiting"),
        ("To be tried again", found.retried, "their message may become known", "waiting"),
        ("Not understood", found.unreadable, "kept for you to look at", "unreadable"),
        ("No such message", found.unattributed, "about no message of yours", "unattributed"),
    )
    page = reverse("admin:insights_rawpayload_changelist")
    return [
        {
            "word": word,
            "count": count(number),
            "note": note,
            "url": f"{page}?status__exact={status}",
        }
        for word, number, note, status in cards
    ]


class InboxKeyForm(ScopedForm):
    """Who may post to the inbox. A stored secret is never shown, only replaced."""

    new_secret = forms.CharField(
        label="Secret",
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=(
            "What the posts are signed with; mail needs none. For a provider that signs nothing "
            "(Amazon SES, Brevo, Mailjet, Postmark, SparkPost), make up a name and a password, "
            "write name:password here, and enter https://name:password@... at the provider. "
            "One that shows its key only once it knows the address: save first, add the key later."
        ),
    )

    class Meta:
        model = InboxKey
        fields = ("name", "source", "esp")

    def clean(self) -> dict[str, Any] | None:
        """Return the input; a commercial provider is named, and a secret fits what it is for."""
        cleaned = super().clean() or {}
        secret = cleaned.get("new_secret") or (self.instance.pk and self.instance.secret)
        if cleaned.get("source") in SIGNED_SOURCES and not secret:
            self.add_error("new_secret", "Enter the secret that the posts are signed with.")
        if cleaned.get("source") != Source.ANYMAIL:
            cleaned["esp"] = ""
        elif not cleaned.get("esp"):
            self.add_error("esp", "Choose which provider posts here.")
        elif cleaned.get("new_secret"):
            self._clean_secret(cleaned)
        return cleaned

    def _clean_secret(self, cleaned: dict[str, Any]) -> None:
        try:
            cleaned["new_secret"] = posts.clean_secret(cleaned["new_secret"], esp=cleaned["esp"])
        except ValueError as error:
            self.add_error("new_secret", f"This is no secret of this provider. {error}")


@admin.register(InboxKey)
class InboxKeyAdmin(OrganizationScopedAdmin):
    """Addresses of the inbox. Whoever knows one may post, so administrators alone see them."""

    form = InboxKeyForm
    write_role = Role.ADMIN
    empty_icon = "key"
    empty_title = "No inbox address yet"
    empty_text = "Your mail server posts bounces and complaints to an address that you make here."
    add_words = "Make an inbox address"
    list_display = ("name", "source", "esp", "made")
    list_filter = ("source",)
    search_fields = ("name",)
    search_help_text = "Search by name"
    ordering = ("name",)
    readonly_fields = ("address",)
    fieldsets = ((None, {"fields": ("name", "source", "esp", "new_secret", "address")}),)
    add_fieldsets = ((None, {"fields": ("name", "source", "esp", "new_secret")}),)

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Say whether addresses may be looked at: by those who may make them."""
        return self.may(request, Role.ADMIN)

    def save_model(
        self, request: HttpRequest, obj: InboxKey, form: ModelForm[Any], change: Any
    ) -> None:
        """Save the address; a secret that was left empty stays as it is."""
        if form.cleaned_data["new_secret"]:
            obj.secret = form.cleaned_data["new_secret"]
        super().save_model(request, obj, form, change)

    @admin.display(description="Post to")
    def address(self, key: InboxKey) -> str:
        """Return the whole address, to be copied into the other system."""
        parts = [key.key, key.esp] if key.esp else [key.key]
        path = reverse(f"hook_{key.source}", args=parts)
        return format_html('<code class="mw-answer">{}{}</code>', public_url(), path)

    @admin.display(description="Made", ordering="created_at")
    def made(self, key: InboxKey) -> SafeString:
        """Return how long ago it was made."""
        return moment(key.created_at)
