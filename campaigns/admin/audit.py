"""Who did what, and when."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RangeDateFilter

from campaigns.models import AuditEntry
from common.admin import ReadOnlyAdmin, exact_time, moment, unknown

ACTION_WORDS = {
    "campaign.draft": "Made a draft",
    "campaign.scheduled": "Scheduled",
    "campaign.preparing": "Started",
    "campaign.testing": "Began the test",
    "campaign.sending": "Began to send, or resumed",
    "campaign.paused": "Paused",
    "campaign.sent": "Finished",
    "campaign.cancelled": "Cancelled",
    "campaign.failed": "Failed",
    "breaker.closed": "Let mail flow again",
    "breaker.opened": "Stopped an IP at a provider",
    "suppression.released": "Released an address",
}


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """The audit log; nobody can change it."""

    empty_icon = "history"
    empty_title = "Nothing has happened yet"
    empty_text = "Starts, stops and releases are written down here, with who did them."
    list_display = ("when", "actor", "action_shown", "subject")
    list_filter = (("at", RangeDateFilter),)
    list_filter_submit = True
    search_fields = ("actor", "subject", "action")
    search_help_text = "Search by person, action or object"
    ordering = ("-at",)
    fields = ("exactly", "actor", "action_shown", "subject", "details_shown")
    readonly_fields = ("exactly", "action_shown", "details_shown")

    @admin.display(description="When", ordering="at")
    def when(self, entry: AuditEntry) -> SafeString:
        """Return how long ago it was done."""
        return moment(entry.at)

    @admin.display(description="When")
    def exactly(self, entry: AuditEntry) -> str:
        """Return the exact time at which it was done."""
        return exact_time(entry.at)

    @admin.display(description="What", ordering="action")
    def action_shown(self, entry: AuditEntry) -> str:
        """Return what was done, in words."""
        return ACTION_WORDS.get(entry.action, entry.action.replace(".", ": ").replace("_", " "))

    @admin.display(description="Details")
    def details_shown(self, entry: AuditEntry) -> SafeString:
        """Return what was noted beside it, one line each."""
        noted: dict[str, Any] = {key: value for key, value in entry.details.items() if value}
        if not noted:
            return unknown("Nothing was noted beside it")
        lines = format_html_join("", "<dt>{}</dt><dd>{}</dd>", noted.items())
        return format_html('<dl class="mw-facts">{}</dl>', lines)
