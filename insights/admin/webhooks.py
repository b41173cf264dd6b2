"""Outgoing webhooks: who is told what happens, whether it works, and a request to try it out."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

import insights.operations.webhooks
import insights.queries.webhooks
from campaigns.roles import Role
from common.admin import OrganizationScopedAdmin, ScopedForm, moment, pill, require_role, unknown
from insights.admin.events import EVENT_WORDS
from insights.admin.webhook_deliveries import STATUS_WORDS
from insights.deliveries import EVENT_NAMES, MAIL_EVENT_NAMES
from insights.events import EventType
from insights.models import DeliveryStatus, Webhook

LATEST_SHOWN: Final = 10  # deliveries, on the page of a webhook's health
POLL_SECONDS: Final = 2
SECRETS: Final = ("secret", "old_secret")
NAMED_EVENTS: Final = 4  # in the list of webhooks; of more only the number is said
# Of the events beside those of messages, by what they are about.
GROUPS: Final[dict[str, dict[str, str]]] = {
    "Campaigns": {
        "campaign.started": "Started",
        "campaign.paused": "Paused",
        "campaign.resumed": "Resumed",
        "campaign.completed": "All out",
        "campaign.cancelled": "Cancelled",
        "campaign.failed": "Could not go on",
    },
    "Sending IPs": {
        "ip.breaker_opened": "Stops or slows down",
        "ip.breaker_closed": "Sends as usual again",
        "warmup.started": "Warm-up begins",
        "warmup.advanced": "New day of a warm-up",
        "warmup.paused": "Warm-up paused",
        "warmup.resumed": "Warm-up goes on",
        "warmup.completed": "An IP is warm",
        "warmup.aborted": "Warm-up ended early",
    },
    "People": {
        "suppression.created": "Suppressed",
        "suppression.deleted": "Lifted",
        "contact.created": "New contact",
        "contact.updated": "Contact changed",
        "contact.deleted": "Contact deleted",
        "list.subscribed": "Joined a list",
        "list.confirmed": "Confirmed it",
        "list.unsubscribed": "Left a list",
    },
}
_WORDS: Final = {
    **{
        name: EVENT_WORDS[event_type][0]
        for name, event_type in zip(MAIL_EVENT_NAMES, EventType, strict=True)
    },
    **{name: word for words in GROUPS.values() for name, word in words.items()},
}


def event_word(name: str) -> str:
    """Return the name of an event as people say it."""
    return _WORDS[name]


def _choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the events to choose from, by what they are about."""
    groups = {"Messages": MAIL_EVENT_NAMES, **GROUPS}
    return [
        (group, [(name, f"{event_word(name)} ({name})") for name in names])
        for group, names in groups.items()
    ]


class WebhookForm(ScopedForm):
    """Where to post to, and what."""

    event_types = forms.MultipleChoiceField(
        label="Events",
        choices=_choices,
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        help_text="Opens and clicks come with who caused them: a person or a machine.",
    )

    class Meta:
        model = Webhook
        fields = ("description", "url", "event_types", "batch_size", "active")


@admin.register(Webhook)
class WebhookAdmin(OrganizationScopedAdmin):
    """Webhooks. Their secrets are on screen once, when they are made."""

    form = WebhookForm
    write_role = Role.ADMIN
    empty_icon = "webhook"
    empty_title = "No webhook yet"
    empty_text = (
        "A webhook tells another system of yours at once what happens to your mail: "
        "bounces, complaints, opens, clicks; and of campaigns, IPs and people."
    )
    add_words = "Make a webhook"
    list_display = ("name", "state", "address", "events_shown", "last_delivered")
    list_filter = ("active",)
    search_fields = ("description", "url")
    search_help_text = "Search by what it is for, or by address"
    ordering = ("description", "url")
    actions_detail = ("show_health",)
    readonly_fields = ("state", "trouble")
    fieldsets = (
        (None, {"fields": ("description", "url", "active", "state", "trouble")}),
        ("What it is told", {"fields": ("event_types", "batch_size")}),
    )
    add_fieldsets = (
        (None, {"fields": ("description", "url")}),
        ("What it is told", {"fields": ("event_types", "batch_size")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Webhook, Webhook]:
        """Return the webhooks without their secrets: no page reads them."""
        rows: QuerySet[Webhook, Webhook] = super().get_queryset(request)
        return rows.defer(*SECRETS)

    def get_fieldsets(self, request: HttpRequest, obj: Webhook | None = None) -> tuple[Any, ...]:
        """Return the sections; a new webhook has no state yet."""
        return self.fieldsets if obj else self.add_fieldsets

    def get_urls(self) -> list[URLPattern]:
        """Return the routes, with the page of its health."""
        view = self.admin_site.admin_view(self.health)
        route = path("<path:object_id>/health/", view, name="insights_webhook_health")
        return [route, *super().get_urls()]

    def save_model(
        self, request: HttpRequest, obj: Webhook, form: ModelForm[Any], change: Any
    ) -> None:
        """Store the webhook. Raises DomainError for an address that nothing may be sent to."""
        insights.operations.webhooks.keep(obj)

    def response_add(
        self, request: HttpRequest, obj: Webhook, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the secret, this once."""
        return self._secret_page(request, obj, secret=obj.secret)

    @action(  # type: ignore[untyped-decorator]  # the library is untyped
        description="Deliveries and test", icon="monitor_heart", permissions=["view"]
    )
    def show_health(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Go to the page of its health."""
        return self.health(request, object_id)  # type: ignore[no-any-return]

    @require_role(Role.VIEWER)
    def health(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show how telling it goes (GET); send a test or make a new secret (POST)."""
        webhook = self.scoped_object(request, object_id)
        if request.method == "POST":
            return self._act(request, webhook)  # type: ignore[no-any-return]
        latest = insights.queries.webhooks.deliveries_of(webhook).order_by("-pk")[:LATEST_SHOWN]
        shown = [(one, pill(*STATUS_WORDS[DeliveryStatus(one.status)])) for one in latest]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": webhook,
            "title": "Deliveries and test",
            "subtitle": str(webhook),
            "webhook": webhook,
            "state": self.state(webhook),
            "trouble": self.trouble(webhook),
            "waiting": insights.queries.webhooks.waiting_count(webhook.pk),
            "deliveries": shown,
            "polling": any(one.status == DeliveryStatus.WAITING for one, _ in shown),
            "poll_seconds": POLL_SECONDS,
            "may_write": self.may(request, Role.ADMIN),
        }
        return TemplateResponse(request, "insights/webhook/health.html", context)

    @require_role(Role.ADMIN)
    def _act(self, request: HttpRequest, webhook: Webhook) -> HttpResponse:
        now = timezone.now()
        if request.POST.get("what") == "secret":
            secret = insights.operations.webhooks.rotate_secret(webhook, now=now)
            return self._secret_page(request, webhook, secret=secret, rotated=True)
        insights.operations.webhooks.send_test(webhook, now=now)
        return HttpResponseRedirect(reverse("admin:insights_webhook_health", args=[webhook.pk]))

    def _secret_page(
        self, request: HttpRequest, webhook: Webhook, *, secret: str, rotated: bool = False
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": f"The secret of {webhook}",
            "opts": self.opts,
            "object": webhook,
            "secret": secret,
            "rotated": rotated,
        }
        response = TemplateResponse(request, "insights/webhook/secret.html", context)
        response["Cache-Control"] = "no-store"
        return response

    @admin.display(description="Webhook", ordering="description")
    def name(self, webhook: Webhook) -> str:
        """Return what it is for."""
        return webhook.description or f"Webhook {webhook.pk}"

    @admin.display(description="Posts to", ordering="url")
    def address(self, webhook: Webhook) -> SafeString:
        """Return the address, cut where it gets long."""
        return format_html('<span class="mw-clamp">{}</span>', webhook.url)

    @admin.display(description="State")
    def state(self, webhook: Webhook) -> SafeString:
        """Return whether it works, as a coloured word."""
        if not webhook.active:
            return pill("Switched off", "bad") if webhook.switched_off_reason else pill("Off")
        if webhook.failing_since:
            return pill("Failing", "warning")
        return pill("Working", "good") if webhook.last_delivered_at else pill("New", "info")

    @admin.display(description="Trouble")
    def trouble(self, webhook: Webhook) -> str:
        """Return why it does not work, and when it is tried again."""
        if webhook.switched_off_reason:
            return f"{webhook.switched_off_reason} Switch it on again once that is mended."
        if not webhook.failing_since:
            return unknown("Nothing is wrong")
        return format_html(
            "{} Failing since {}; tried again {}.",
            webhook.last_problem,
            moment(webhook.failing_since),
            moment(webhook.resting_until, reason="at once"),
        )

    @admin.display(description="Events")
    def events_shown(self, webhook: Webhook) -> str:
        """Return what it hears of."""
        if len(webhook.event_types) == len(EVENT_NAMES):
            return "All"
        named = ", ".join(event_word(name) for name in webhook.event_types[:NAMED_EVENTS])
        more = len(webhook.event_types) - NAMED_EVENTS
        return f"{named} and {more} more" if more > 0 else named

    @admin.display(description="Last told", ordering="last_delivered_at")
    def last_delivered(self, webhook: Webhook) -> SafeString:
        """Return when a request last succeeded."""
        return moment(webhook.last_delivered_at, reason="Never yet")
