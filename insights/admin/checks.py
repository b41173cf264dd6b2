"""The nightly checks of counts."""

from __future__ import annotations

from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from common.admin import ReadOnlyAdmin, moment, pill
from insights.models import CountCheck


@admin.register(CountCheck)
class CountCheckAdmin(ReadOnlyAdmin):
    """What each comparison of counts with events found, the latest first."""

    empty_icon = "balance"
    empty_title = "No counts were checked yet"
    empty_text = "Every night the counts of the last days are compared with the events."
    list_display = ("result", "compared", "from_when", "shown_examples")
    list_display_links = None
    ordering = ("-compared_at",)
    sortable_by = ()

    @admin.display(description="Result")
    def result(self, check: CountCheck) -> SafeString:
        """Show whether anything differs."""
        if check.differences:
            return pill(f"{check.differences:,} differ", "bad")
        return pill("Right", "good")

    @admin.display(description="Compared")
    def compared(self, check: CountCheck) -> SafeString | str:
        """Show when."""
        return moment(check.compared_at)

    @admin.display(description="Hours since")
    def from_when(self, check: CountCheck) -> SafeString | str:
        """Show from when on hours were compared."""
        return moment(check.since)

    @admin.display(description="For example")
    def shown_examples(self, check: CountCheck) -> SafeString | str:
        """Show some of what differs."""
        return format_html_join("", "<div>{}</div>", ((text,) for text in check.examples)) or "-"
