"""Lists: what people join."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Func, IntegerField, OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from campaigns.models import ContactList, ImportJob, Subscription, SubscriptionStatus
from common.admin import OrganizationScopedAdmin, moment, pill

COUNTED_AT_MOST = 20_000  # subscribers of each list on a page of many lists; the rest is "+"
STATUS_KINDS = {
    SubscriptionStatus.SUBSCRIBED: "good",
    SubscriptionStatus.PENDING: "warning",
    SubscriptionStatus.UNSUBSCRIBED: "neutral",
}


@admin.register(ContactList)
class ContactListAdmin(OrganizationScopedAdmin):
    """Lists and how many are on them."""

    empty_icon = "list_alt"
    empty_title = "No lists yet"
    empty_text = "People join lists, and campaigns go to them. An import can make one, too."
    list_display = ("name", "subscribers", "public_shown", "slug", "created")
    search_fields = ("name", "slug")
    search_help_text = "Search by name"
    ordering = ("name",)
    readonly_fields = ("members",)
    fieldsets = (
        (None, {"fields": ("name", "slug")}),
        (
            "On the preferences page",
            {
                "fields": ("public", "description"),
                "description": "What people see who follow the link under a mail to choose what "
                "they want to get.",
            },
        ),
        ("People", {"fields": ("members",)}),
    )
    add_fieldsets = fieldsets[:2]

    def get_prepopulated_fields(
        self, request: HttpRequest, obj: ContactList | None = None
    ) -> dict[str, tuple[str, ...]]:
        """Return what is filled in while typing: the slug of a new list only."""
        return {} if obj else {"slug": ("name",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[ContactList, ContactList]:
        """Return the lists with how many are subscribed, counted up to a limit."""
        subscribed = Subscription.objects.filter(
            list=OuterRef("pk"), status=SubscriptionStatus.SUBSCRIBED
        ).values("pk")[: COUNTED_AT_MOST + 1]
        counted = Func(
            ArraySubquery(subscribed), function="CARDINALITY", output_field=IntegerField()
        )
        rows: QuerySet[ContactList, ContactList] = super().get_queryset(request)
        return rows.annotate(subscribed_count=counted)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> ContactList | None:
        """Return one list with how many are on it, by status; counted once for the page."""
        found: Any = super().get_object(request, object_id, from_field)
        if found is not None:
            # Count("*") reads the index alone; a count of the rows' ids would read every row.
            rows = found.subscriptions.values_list("status").annotate(number=Count("*"))
            found.status_counts = dict(rows.order_by())
        return found  # type: ignore[no-any-return]

    def get_deleted_objects(
        self, objs: Iterable[ContactList], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Return what goes with these lists, as numbers: a list of a million names helps nobody."""
        lists = list(objs)
        ids = [each.pk for each in lists]
        counts = {
            "lists": len(lists),
            "subscriptions": Subscription.objects.filter(list__in=ids).count(),
            "imports": ImportJob.objects.filter(list__in=ids).count(),
        }
        return [f"List: {each}" for each in lists], counts, set(), []

    @admin.display(description="Subscribed", ordering="subscribed_count")
    def subscribers(self, list_: Any) -> str:
        """Return how many are subscribed."""
        if list_.subscribed_count > COUNTED_AT_MOST:
            return f"{number_format(COUNTED_AT_MOST)}+"
        return number_format(list_.subscribed_count)

    @admin.display(description="Preferences page", ordering="public")
    def public_shown(self, list_: ContactList) -> SafeString:
        """Return whether people may join and leave it themselves."""
        return pill("Listed", "good") if list_.public else pill("Not listed")

    @admin.display(description="Made", ordering="created_at")
    def created(self, list_: ContactList) -> str:
        """Return how long ago it was made."""
        return moment(list_.created_at)

    @admin.display(description="On this list")
    def members(self, list_: Any) -> SafeString:
        """Return the exact numbers by status, each leading to the contacts."""
        counts: dict[str, int] = list_.status_counts
        contacts = reverse("admin:campaigns_contact_changelist")
        lines = format_html_join(
            "",
            '<li><a href="{}?list={}&amp;status={}">{} <span class="mw-number">{}</span></a></li>',
            (
                (
                    contacts,
                    str(list_.pk),
                    status.value,
                    pill(status.label, STATUS_KINDS[status]),
                    number_format(counts.get(status.value, 0)),
                )
                for status in SubscriptionStatus
            ),
        )
        return format_html('<ul class="mw-counts">{}</ul>', lines)
