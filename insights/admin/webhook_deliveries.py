"""Requests to webhooks: what was told, what the other side answered; to be made again."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action

import insights.operations.webhooks
import insights.queries.webhooks
from campaigns.roles import Role
from common.admin import ReadOnlyAdmin, moment, pill, unknown
from common.admin.display import DASH
from insights.models import DeliveryKind, DeliveryStatus, WebhookDelivery

SHOWN_EVENTS = 5  # on the page of one delivery

STATUS_WORDS = {
    DeliveryStatus.WAITING: ("Waiting", "info"),
    DeliveryStatus.DELIVERED: ("Delivered", "good"),
    DeliveryStatus.FAILED: ("Given up", "bad"),
}


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    """Deliveries, newest first."""

    organization_path = "webhook__organization"
    empty_icon = "outbox"
    empty_title = "Nothing has been told yet"
    empty_text = (
        "Every request to a webhook is listed here with the answer, for thirty days. "
        "Make a webhook first."
    )
    list_display = ("made", "webhook", "told", "status_shown", "answer", "attempts", "next_try")
    list_filter = ("status", "kind")
    list_select_related = ("webhook",)
    search_fields = ("webhook__description", "webhook__url")
    search_help_text = "Search by webhook"
    ordering = ("-id",)
    sortable_by = ()
    actions = ("replay",)
    fieldsets = (
        (None, {"fields": ("message", "webhook", "told", "made", "status_shown")}),
        ("The last attempt", {"fields": ("answer", "excerpt", "attempts", "tried", "next_try")}),
        ("What is told", {"fields": ("events",)}),
    )
    readonly_fields = (
        "message", "told", "made", "status_shown", "answer", "excerpt", "tried", "next_try",
        "events",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookDelivery, WebhookDelivery]:
        """Return the deliveries without the secrets of their webhooks."""
        rows: QuerySet[WebhookDelivery, WebhookDelivery] = super().get_queryset(request)
        return rows.select_related("webhook").defer("webhook__secret", "webhook__old_secret")

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Say whether deliveries may be made again."""
        return self.may(request, Role.ADMIN)

    @action(  # type: ignore[untyped-decorator]  # the library is untyped
        description="Deliver again", permissions=["replay"]
    )
    def replay(self, request: HttpRequest, chosen: QuerySet[WebhookDelivery, Any]) -> None:
        """Have the chosen deliveries made again, under the same ids."""
        count = insights.operations.webhooks.replay(chosen, now=timezone.now())
        self.message_user(request, f"{count} will be delivered in a moment.", messages.SUCCESS)

    @admin.display(description="Made")
    def made(self, delivery: WebhookDelivery) -> SafeString:
        """Return when it was made."""
        return moment(delivery.created_at)

    @admin.display(description="Message id")
    def message(self, delivery: WebhookDelivery) -> SafeString:
        """Return what the other side knows it by."""
        return format_html('<code class="mw-answer">{}</code>', delivery.message_id)

    @admin.display(description="Tells of")
    def told(self, delivery: WebhookDelivery) -> str:
        """Return how many events it tells of."""
        if delivery.kind == DeliveryKind.TEST:
            return "A test"
        number = delivery.event_count
        return f"{number_format(number)} event{'' if number == 1 else 's'}"

    @admin.display(description="State")
    def status_shown(self, delivery: WebhookDelivery) -> SafeString:
        """Return what became of it, as a coloured word."""
        return pill(*STATUS_WORDS[DeliveryStatus(delivery.status)])

    @admin.display(description="Answer")
    def answer(self, delivery: WebhookDelivery) -> str:
        """Return the status of the last answer, and what is wrong with it."""
        if not delivery.response_status and not delivery.problem:
            return unknown("Not tried yet")
        return format_html(
            '<span class="mw-answer"><code>{}</code> {}</span>',
            delivery.response_status or DASH,
            delivery.problem,
        )

    @admin.display(description="What it said")
    def excerpt(self, delivery: WebhookDelivery) -> SafeString:
        """Return the beginning of the last answer."""
        if not delivery.response_excerpt:
            return unknown("The answer was empty")
        return _verbatim(delivery.response_excerpt)

    @admin.display(description="Last tried")
    def tried(self, delivery: WebhookDelivery) -> str:
        """Return when it was last tried, and how long that took."""
        if delivery.attempted_at is None or delivery.duration_ms is None:
            return moment(delivery.attempted_at, reason="Not yet")
        took = number_format(delivery.duration_ms)
        return format_html("{}, in {} ms", moment(delivery.attempted_at), took)

    @admin.display(description="Next try")
    def next_try(self, delivery: WebhookDelivery) -> SafeString:
        """Return when it is tried next."""
        if delivery.status != DeliveryStatus.WAITING:
            return unknown("None is needed")
        return moment(delivery.due_at)

    @admin.display(description="Events")
    def events(self, delivery: WebhookDelivery) -> SafeString:
        """Return the events as the other side gets them."""
        told = insights.queries.webhooks.told_by(delivery)
        if not told:
            return unknown("There is nothing to tell")
        shown = json.dumps(
            [one.body() for one in told[:SHOWN_EVENTS]], indent=2, ensure_ascii=False
        )
        more = len(told) - SHOWN_EVENTS
        rest = f"… and {number_format(more)} more" if more > 0 else ""
        return format_html("{}<p>{}</p>", _verbatim(shown), rest)


def _verbatim(text: str) -> SafeString:
    """Return a text as it is, broken where it would leave the page."""
    return format_html(
        '<pre class="mw-code" style="white-space:pre-wrap;overflow-wrap:anywhere">{}</pre>', text
    )
