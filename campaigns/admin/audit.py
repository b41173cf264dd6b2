"""Who did what, and when."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RangeDateFilter

from campaigns.models import AuditEntry
from common.admin import ReadOnlyAdmin, moment, unknown


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """The audit log; nobody can change it."""

    list_display = ("when", "actor", "action", "subject")
    list_filter = (("at", RangeDateFilter),)
    list_filter_submit = True
    search_fields = ("actor", "subject", "action")
    search_help_text = "Search by person, action or object"
    ordering = ("-at",)
    fields = ("at", "actor", "action", "subject", "details_shown")
    readonly_fields = ("details_shown",)

    @admin.display(description="When", ordering="at")
    def when(self, entry: AuditEntry) -> SafeString:
        """Return how long ago it was done."""
        return moment(entry.at)

    @admin.display(description="Details")
    def details_shown(self, entry: AuditEntry) -> SafeString:
        """Return what was noted beside it, one line each."""
        noted: dict[str, Any] = {key: value for key, value in entry.details.items() if value}
        if not noted:
            return unknown("Nothing was noted beside it")
        lines = format_html_join("", "<dt>{}</dt><dd>{}</dd>", noted.items())
        return format_html('<dl class="mw-facts">{}</dl>', lines)
