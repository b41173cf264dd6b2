"""Keys for the API: made here, shown once."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

import campaigns.operations.organizations
from campaigns.models import ApiKey
from campaigns.roles import Role
from common.admin import OrganizationScopedAdmin, moment


@admin.register(ApiKey)
class ApiKeyAdmin(OrganizationScopedAdmin):
    """API keys. Only the digest is kept, so the key itself is on screen once, when it is made."""

    write_role = Role.ADMIN
    empty_icon = "key"
    empty_title = "No API keys yet"
    empty_text = "A key lets your website or shop add contacts and send messages."
    add_words = "Make an API key"
    list_display = ("name", "role", "begins_with", "made")
    search_fields = ("name",)
    search_help_text = "Search by name"
    ordering = ("name",)
    fields = ("name", "role")

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Say whether keys may be looked at: by those who may make them."""
        return self.may(request, Role.ADMIN)

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Refuse: what a key may do is fixed; revoke it and make another."""
        return False

    def save_form(self, request: HttpRequest, form: ModelForm[Any], change: Any) -> ApiKey:
        """Return the new key; what it reads is kept for the answer to this request only."""
        asked: ApiKey = form.save(commit=False)
        key, secret = campaigns.operations.organizations.create_api_key(
            asked.organization, role=Role(asked.role), name=asked.name
        )
        request.made_key = secret  # type: ignore[attr-defined]
        return key

    def save_model(
        self, request: HttpRequest, obj: ApiKey, form: ModelForm[Any], change: Any
    ) -> None:
        """Leave the key as it was made."""

    def response_add(
        self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the key, this once."""
        context = {
            **self.admin_site.each_context(request),
            "title": f"The key for {obj.name}",
            "opts": self.opts,
            "key": request.made_key,  # type: ignore[attr-defined]
            "object": obj,
        }
        response = TemplateResponse(request, "admin/campaigns/apikey/made.html", context)
        response["Cache-Control"] = "no-store"
        return response

    @admin.display(description="Begins with")
    def begins_with(self, key: ApiKey) -> str:
        """Return the part by which a key is told from others."""
        return f"{key.token_key}…"

    @admin.display(description="Made", ordering="created")
    def made(self, key: ApiKey) -> str:
        """Return how long ago it was made."""
        return moment(key.created)
