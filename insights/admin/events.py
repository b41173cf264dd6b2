"""What happened to every message: found by person, campaign or answer; never changed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from campaigns.models import Campaign, Contact, Recipient
from common.addresses import AddressError, normalize_address
from common.admin import (
    PlainChangeList,
    ReadOnlyAdmin,
    moment,
    organization_of,
    pill,
    provider_name,
    unknown,
)
from common.admin.display import DASH
from insights.events import EventType
from insights.models import DeliveryEvent

PEOPLE_SEARCHED = 50  # contacts whose address begins as asked
MESSAGES_SEARCHED = 2_000  # of those people, the newest

EVENT_WORDS = {
    EventType.SENT: ("Sent", "info"),
    EventType.DELIVERED: ("Delivered", "good"),
    EventType.DEFERRED: ("Put off", "warning"),
    EventType.BOUNCED: ("Refused", "bad"),
    EventType.FAILED: ("Failed", "bad"),
    EventType.OPENED: ("Opened", "active"),
    EventType.CLICKED: ("Clicked", "active"),
    EventType.REPLIED: ("Replied", "active"),
    EventType.UNSUBSCRIBED: ("Unsubscribed", "neutral"),
    EventType.COMPLAINED: ("Marked as spam", "bad"),
}


class EventList(PlainChangeList):
    """A page of events, each with the message and the campaign it speaks of."""

    def get_results(self, request: HttpRequest) -> None:
        """Fetch the page, and in two queries what its rows point at."""
        super().get_results(request)
        self.result_list = list(self.result_list)
        recipients = Recipient.objects.in_bulk({event.recipient_id for event in self.result_list})
        campaigns = Campaign.objects.in_bulk({event.campaign_id for event in self.result_list})
        for event in self.result_list:
            event.recipient = recipients.get(event.recipient_id)
            event.campaign = campaigns.get(event.campaign_id)


@admin.register(DeliveryEvent)
class DeliveryEventAdmin(ReadOnlyAdmin):
    """Events, newest first."""

    organization_path = "organization_id"
    empty_icon = "mail"
    empty_title = "Nothing has been sent yet"
    empty_text = (
        "Every message leaves a trace here: handed over, put off, refused, opened, clicked."
    )
    list_display = ("happened", "address", "event_shown", "answer", "campaign_shown")
    list_filter = ("event_type", "provider", "bounce_class")
    search_fields = ("recipient_id",)
    search_help_text = "Search by the beginning of an address"
    ordering = ("-id",)  # as they were recorded, which the primary key sorts
    sortable_by = ()
    fieldsets = (
        (None, {"fields": ("happened", "event_shown", "address", "campaign_shown")}),
        ("What the server said", {"fields": ("answer", "bounce_class")}),
        (
            "How it went there",
            {"fields": ("sent_from", "provider_shown", "stream", "variant", "source")},
        ),
        (
            "Opens and clicks",
            {"fields": ("actor", "actor_reasons", "url"), "classes": ("collapse",)},
        ),
    )
    readonly_fields = (
        "happened", "event_shown", "address", "answer", "campaign_shown", "sent_from",
        "provider_shown",
    )  # fmt: skip

    def get_changelist(self, request: HttpRequest, **_: Any) -> type[EventList]:
        """Return the class behind the list."""
        return EventList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any, Any], search_term: str
    ) -> tuple[QuerySet[Any, Any], bool]:
        """Return the events of people whose address begins as asked, or of one campaign."""
        if search_term:
            recipients = _recipients(search_term, organization=organization_of(request))
            queryset = queryset.filter(recipient_id__in=recipients)
        return queryset, False

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> DeliveryEvent | None:
        """Return one event, with what it points at."""
        event: Any = super().get_object(request, object_id, from_field)
        if event is not None:
            event.recipient = Recipient.objects.filter(pk=event.recipient_id).first()
            event.campaign = Campaign.objects.filter(pk=event.campaign_id).first()
        return event  # type: ignore[no-any-return]

    @admin.display(description="When")
    def happened(self, event: DeliveryEvent) -> SafeString:
        """Return when it happened."""
        return moment(event.ts)

    @admin.display(description="Address")
    def address(self, event: Any) -> str:
        """Return whose message it was, leading to its page."""
        if event.recipient is None:
            return unknown("The record is gone")
        url = reverse("admin:insights_message", args=[event.recipient_id])
        return format_html('<a href="{}">{}</a>', url, event.recipient.email)

    @admin.display(description="What happened")
    def event_shown(self, event: DeliveryEvent) -> SafeString:
        """Return the event as a coloured word."""
        return pill(*EVENT_WORDS[EventType(event.event_type)])

    @admin.display(description="What the server said")
    def answer(self, event: DeliveryEvent) -> str:
        """Return the code and the beginning of the text."""
        if not event.smtp_code and not event.smtp_response:
            return unknown("No server answered here")
        return format_html(
            '<span class="mw-answer"><code>{}</code> {}</span>',
            event.smtp_code or DASH,
            event.smtp_response,
        )

    @admin.display(description="Sending IP")
    def sent_from(self, event: DeliveryEvent) -> str:
        """Return the IP the message left from."""
        return event.ip or unknown("Nothing was handed over here")

    @admin.display(description="Mailbox provider")
    def provider_shown(self, event: DeliveryEvent) -> str:
        """Return who filters the mail of the address."""
        return provider_name(event.provider)

    @admin.display(description="Campaign")
    def campaign_shown(self, event: Any) -> str:
        """Return the campaign, leading to its page."""
        if event.campaign is None:
            return unknown("The campaign is gone")
        url = reverse("admin:campaigns_campaign_overview", args=[event.campaign_id])
        return format_html('<a href="{}">{}</a>', url, event.campaign.name)


def _recipients(beginning: str, *, organization: Any) -> list[int]:
    """Return the newest messages to people whose address begins like this."""
    try:
        beginning = normalize_address(beginning).key
    except AddressError:
        beginning = beginning.strip()
    people = Contact.objects.filter(organization=organization, email_key__istartswith=beginning)
    contacts = list(people.values_list("pk", flat=True)[:PEOPLE_SEARCHED])
    messages = Recipient.objects.filter(contact__in=contacts).order_by("-id")
    return list(messages.values_list("pk", flat=True)[:MESSAGES_SEARCHED])
