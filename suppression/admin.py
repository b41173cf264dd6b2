"""Who must not be mailed: looked up, added, released."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

import suppression.operations
from campaigns.roles import Role
from common.addresses import normalize_address
from common.admin import OrganizationScopedAdmin, ScopedForm, moment, pill
from common.errors import DomainError
from suppression.models import Suppression
from suppression.reasons import Origin, Reason, Scope

# What somebody reads instead of the stored word, and its colour.
REASON_WORDS = {
    Reason.HARD_BOUNCE: ("Address does not exist", "bad"),
    Reason.COMPLAINT: ("Marked as spam", "bad"),
    Reason.UNSUBSCRIBE: ("Unsubscribed", "neutral"),
    Reason.MANUAL: ("Entered by staff", "info"),
    Reason.SOFT_BOUNCE_LIMIT: ("Refused too often", "warning"),
    Reason.IMPORT: ("Imported", "info"),
    Reason.ERASED: ("Data erased", "neutral"),
}
SCOPE_WORDS = {Scope.ALL: "Every mail", Scope.MARKETING: "Marketing mail", Scope.LIST: "One list"}
ORIGIN_WORDS = {
    Origin.RECIPIENT: "The person",
    Origin.PROVIDER: "Their mailbox provider",
    Origin.STAFF: "Staff",
    Origin.SYSTEM: "This system",
}


class SuppressionForm(ScopedForm):
    """An address that is not to be mailed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scope = self.fields.get("scope")
        if isinstance(scope, forms.ChoiceField):
            scope.choices = [(each.value, words) for each, words in SCOPE_WORDS.items()]

    def clean(self) -> dict[str, Any] | None:
        """Return the input; a list belongs to the one reach that needs it."""
        cleaned = super().clean() or {}
        if cleaned.get("scope") != Scope.LIST:
            cleaned["list"] = None
        elif not cleaned.get("list"):
            self.add_error("list", "Choose the list.")
        return cleaned

    class Meta:
        model = Suppression
        fields = ("email", "scope", "list", "expires_at", "note")
        labels = {"scope": "Applies to", "expires_at": "Until"}
        help_texts = {
            "email": "Mail already on its way still arrives; nothing is sent after this.",
            "note": "For your team: why, or where the wish came from.",
        }


@admin.register(Suppression)
class SuppressionAdmin(OrganizationScopedAdmin):
    """The suppression list. An entry is never changed: it is released, and the log says by whom."""

    form = SuppressionForm
    write_role = Role.OPERATOR
    empty_icon = "block"
    empty_title = "Nobody is suppressed"
    empty_text = (
        "Addresses that bounce, complain or unsubscribe come here by themselves and are not mailed."
    )
    add_words = "Suppress an address"
    list_display = ("email", "reason_shown", "scope_shown", "origin_shown", "added", "until")
    list_filter = ("reason", "scope", "origin")
    list_select_related = ("list",)
    search_fields = ("^email",)
    search_help_text = "Search by the beginning of an address"
    ordering = ("-added_at",)
    autocomplete_fields = ("list",)
    conditional_fields = {"list": "scope == 'list'"}
    fieldsets = (
        (
            None,
            {
                "fields": ("email", "reason_shown", "scope_shown", "note"),
                "description": "To mail this address again, delete the entry. The audit log keeps "
                "who did that.",
            },
        ),
        ("Where it comes from", {"fields": ("origin_shown", "added", "until")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "scope", "list", "expires_at", "note")}),)
    readonly_fields = ("reason_shown", "scope_shown", "origin_shown", "added", "until")

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Refuse: the record stays as it was made."""
        return False

    def save_form(self, request: HttpRequest, form: ModelForm[Any], change: Any) -> Suppression:
        """Return the entry, made here. Raises DomainError when the address is on the list."""
        asked: Suppression = form.save(commit=False)
        new = suppression.operations.suppress(
            asked.organization_id,
            email_key=asked.email,
            reason=Reason.MANUAL,
            scope=Scope(asked.scope),
            list_id=asked.list_id,
            origin=Origin.STAFF,
            note=asked.note,
            now=timezone.now(),
            expires_at=asked.expires_at,
        )
        if not new:
            raise DomainError(
                "already_suppressed", "This address is on the list already.", {"field": "email"}
            )
        return Suppression.objects.get(
            organization=asked.organization_id,
            email=normalize_address(asked.email).key,
            reason=Reason.MANUAL,
            scope=asked.scope,
            list=asked.list_id,
        )

    def save_model(
        self, request: HttpRequest, obj: Suppression, form: ModelForm[Any], change: Any
    ) -> None:
        """Leave the entry as it was made."""

    def delete_model(self, request: HttpRequest, obj: Suppression) -> None:
        """Release the address."""
        actor = request.user.get_username()
        suppression.operations.release(obj, actor=actor, now=timezone.now())

    def delete_queryset(
        self, request: HttpRequest, queryset: QuerySet[Suppression, Suppression]
    ) -> None:
        """Release the chosen addresses."""
        for entry in queryset.iterator():
            self.delete_model(request, entry)

    @admin.display(description="Reason", ordering="reason")
    def reason_shown(self, entry: Suppression) -> SafeString:
        """Return the reason in words."""
        return pill(*REASON_WORDS[Reason(entry.reason)])

    @admin.display(description="Applies to", ordering="scope")
    def scope_shown(self, entry: Suppression) -> str:
        """Return how far it reaches."""
        if entry.list is not None:
            return f"The list {entry.list.name}"
        return SCOPE_WORDS[Scope(entry.scope)]

    @admin.display(description="Asked for by", ordering="origin")
    def origin_shown(self, entry: Suppression) -> str:
        """Return who put it there."""
        return ORIGIN_WORDS[Origin(entry.origin)]

    @admin.display(description="Added", ordering="added_at")
    def added(self, entry: Suppression) -> SafeString:
        """Return when it was added."""
        return moment(entry.added_at)

    @admin.display(description="Until", ordering="expires_at")
    def until(self, entry: Suppression) -> str:
        """Return when it ends."""
        return moment(entry.expires_at) if entry.expires_at else "For good"
