"""The inbox: what others reported, what became of it, and the addresses they post to."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action
from unfold.widgets import UnfoldAdminPasswordWidget

import insights.operations.inbox
from campaigns.roles import Role
from common.admin import (
    OrganizationScopedAdmin,
    ReadOnlyAdmin,
    ScopedForm,
    moment,
    pill,
    unknown,
)
from common.conf import public_url
from insights.events import Source
from insights.models import InboxKey, PayloadStatus, RawPayload

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
        "What could not be understood stays until you look at it."
    )
    list_display = ("received", "source", "status_shown", "problem_shown", "read")
    list_filter = ("status", "source")
    search_fields = ("problem", "envelope_to")
    search_help_text = "Search by what went wrong, or by whom a mail came to"
    ordering = ("-id",)
    sortable_by = ()
    actions = ("replay",)
    fieldsets = (
        (None, {"fields": ("received", "source", "status_shown", "problem_shown", "read")}),
        ("What came in", {"fields": ("envelope_to", "headers", "body_shown")}),
    )
    readonly_fields = ("received", "status_shown", "problem_shown", "read", "body_shown")

    def get_queryset(self, request: HttpRequest) -> QuerySet[RawPayload, RawPayload]:
        """Return the payloads; their bytes are read for the page of one only."""
        rows: QuerySet[RawPayload, RawPayload] = super().get_queryset(request)
        return rows.defer("body")

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Say whether payloads may be read again."""
        return self.may(request, Role.OPERATOR)

    @action(  # type: ignore[untyped-decorator]  # the library is untyped
        description="Read again", permissions=["operate"]
    )
    def replay(self, request: HttpRequest, chosen: QuerySet[RawPayload, RawPayload]) -> None:
        """Have the chosen payloads read again; what is recorded already stays as it is."""
        count = insights.operations.inbox.replay(chosen, now=timezone.now())
        self.message_user(request, f"{count} will be read again in a moment.", messages.SUCCESS)

    @admin.display(description="Came in")
    def received(self, payload: RawPayload) -> SafeString:
        """Return when it came in."""
        return moment(payload.received_at)

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


class InboxKeyForm(ScopedForm):
    """Who may post to the inbox. A stored secret is never shown, only replaced."""

    new_secret = forms.CharField(
        label="Secret",
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text="What the posts are signed with. Mail needs none.",
    )

    class Meta:
        model = InboxKey
        fields = ("name", "source")

    def clean(self) -> dict[str, Any] | None:
        """Return the input; posts that must be signed need a secret."""
        cleaned = super().clean() or {}
        secret = cleaned.get("new_secret") or (self.instance.pk and self.instance.secret)
        if cleaned.get("source") in SIGNED_SOURCES and not secret:
            self.add_error("new_secret", "Enter the secret that the posts are signed with.")
        return cleaned


@admin.register(InboxKey)
class InboxKeyAdmin(OrganizationScopedAdmin):
    """Addresses of the inbox. Whoever knows one may post, so administrators alone see them."""

    form = InboxKeyForm
    write_role = Role.ADMIN
    empty_icon = "key"
    empty_title = "No inbox address yet"
    empty_text = "Your mail server posts bounces and complaints to an address that you make here."
    add_words = "Make an inbox address"
    list_display = ("name", "source", "made")
    list_filter = ("source",)
    search_fields = ("name",)
    search_help_text = "Search by name"
    ordering = ("name",)
    readonly_fields = ("address",)
    fieldsets = ((None, {"fields": ("name", "source", "new_secret", "address")}),)
    add_fieldsets = ((None, {"fields": ("name", "source", "new_secret")}),)

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
        path = reverse(f"hook_{key.source}", args=[key.key])
        return format_html('<code class="mw-answer">{}{}</code>', public_url(), path)

    @admin.display(description="Made", ordering="created_at")
    def made(self, key: InboxKey) -> SafeString:
        """Return how long ago it was made."""
        return moment(key.created_at)
