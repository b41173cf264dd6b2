"""Who mail is from: sending domains and identities."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest

import campaigns.operations.identities
from campaigns.models import Identity, SendingDomain
from common.admin import OrganizationScopedAdmin, ScopedForm, ScopedInline, moment, pill


class IdentityInline(ScopedInline):
    """The names under which a domain sends."""

    model = Identity
    hide_title = True
    fields = ("from_name", "from_address", "stream")
    readonly_fields = fields
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Refuse: an identity has a page of its own."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Refuse, likewise."""
        return False


class DomainForm(ScopedForm):
    """A domain, and where bounces and links of its mail go."""

    class Meta:
        model = SendingDomain
        fields = ("name", "return_path_domain", "tracking_url")
        labels = {"return_path_domain": "Bounces go to", "tracking_url": "Links lead through"}


@admin.register(SendingDomain)
class SendingDomainAdmin(OrganizationScopedAdmin):
    """Domains that mail is sent from."""

    empty_icon = "language"
    empty_title = "No sending domain yet"
    empty_text = "Mail is sent from a domain of yours, such as news.example.com."
    form = DomainForm
    list_display = ("name", "return_path", "tracking", "created")
    search_fields = ("name",)
    search_help_text = "Search by name"
    ordering = ("name",)
    fieldsets = (
        (None, {"fields": ("name",)}),
        (
            "Where things come back to",
            {
                "fields": ("return_path_domain", "tracking_url"),
                "description": "Both may stay empty to begin with. Point their DNS records here "
                "before you fill them in: links and bounces of mail that has gone out stay with "
                "the address they were sent with.",
            },
        ),
    )
    inlines = (IdentityInline,)

    def save_model(
        self, request: HttpRequest, obj: SendingDomain, form: ModelForm[Any], change: Any
    ) -> None:
        """Save the domain in its normal form."""
        campaigns.operations.identities.save_domain(obj)

    @admin.display(description="Bounces go to")
    def return_path(self, domain: SendingDomain) -> str:
        """Return the bounce domain in effect."""
        return domain.return_path_domain or domain.name

    @admin.display(description="Links in mails", empty_value="This installation")
    def tracking(self, domain: SendingDomain) -> str | None:
        """Return the address that tracked links have."""
        return domain.tracking_url or None

    @admin.display(description="Added", ordering="created_at")
    def created(self, domain: SendingDomain) -> str:
        """Return how long ago it was added."""
        return moment(domain.created_at)


@admin.register(Identity)
class IdentityAdmin(OrganizationScopedAdmin):
    """From names and addresses."""

    empty_icon = "badge"
    empty_title = "No identity yet"
    empty_text = "The name and address that people see as the sender."
    list_display = ("from_name", "from_address", "stream_shown", "reply_to", "domain")
    list_filter = ("stream",)
    list_select_related = ("domain",)
    search_fields = ("from_name", "from_address")
    search_help_text = "Search by name or address"
    autocomplete_fields = ("domain",)
    ordering = ("from_name", "from_address")
    fieldsets = (
        (None, {"fields": ("from_name", "from_address", "domain", "reply_to")}),
        (
            "Kind of mail",
            {
                "fields": ("stream",),
                "description": "Marketing and transactional mail never share a sending IP, "
                "so that trouble with one does not hold up the other.",
            },
        ),
    )

    def save_model(
        self, request: HttpRequest, obj: Identity, form: ModelForm[Any], change: Any
    ) -> None:
        """Save the identity; its address has to be on its domain."""
        campaigns.operations.identities.save_identity(obj)

    @admin.display(description="Kind of mail", ordering="stream")
    def stream_shown(self, identity: Identity) -> str:
        """Return the stream as a coloured word."""
        kind = "info" if identity.stream == "marketing" else "active"
        return pill(identity.get_stream_display(), kind)
