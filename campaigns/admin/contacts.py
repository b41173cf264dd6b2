"""Contacts, and the lists they are on."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextareaWidget

import campaigns.operations.contacts
import campaigns.queries.providers
from campaigns.models import Contact, ContactList, Subscription, SubscriptionStatus
from common.admin import (
    OrganizationScopedAdmin,
    ScopedForm,
    ScopedInline,
    gateway_name,
    moment,
    provider_name,
    unknown,
)
from common.providers import UNKNOWN

SOURCE = "admin"


class ListFilter(admin.SimpleListFilter):
    """On which list."""

    title = "list"
    parameter_name = "list"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> Iterable[tuple[str, str]]:
        """Return the lists of the organization."""
        access: Any = getattr(request, "access", None)
        if not access:
            return []
        rows = ContactList.objects.filter(organization=access.organization).order_by("name")
        return [(str(pk), name) for pk, name in rows.values_list("pk", "name")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Contact, Contact]
    ) -> QuerySet[Contact, Contact] | None:
        """Return the contacts on the list with the status that is asked for beside it."""
        if not (self.value() or "").isdigit():
            return None
        status = request.GET.get("status", SubscriptionStatus.SUBSCRIBED.value)
        on_list = Subscription.objects.filter(
            contact=OuterRef("pk"), list=int(self.value() or 0), status=status
        )
        return queryset.filter(Exists(on_list))


class StatusFilter(admin.SimpleListFilter):
    """With which status on that list."""

    title = "status on that list"
    parameter_name = "status"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> Iterable[tuple[str, str]]:
        """Return the statuses, once a list is chosen."""
        return SubscriptionStatus.choices if request.GET.get("list") else []

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Contact, Contact]
    ) -> QuerySet[Contact, Contact] | None:
        """Leave the narrowing to the list's filter, which reads both."""
        return None


class ProviderFilter(admin.SimpleListFilter):
    """Who filters their mail."""

    title = "mailbox provider"
    parameter_name = "provider"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> Iterable[tuple[str, str]]:
        """Return the providers that contacts of the organization have, by name."""
        access: Any = getattr(request, "access", None)
        found = campaigns.queries.providers.providers_of(access.organization.pk) if access else []
        return sorted(((key, provider_name(key)) for key in found), key=itemgetter(1))

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Contact, Contact]
    ) -> QuerySet[Contact, Contact] | None:
        """Return the contacts with this provider."""
        return queryset.filter(provider=self.value()) if self.value() else None


class GatewayFilter(admin.SimpleListFilter):
    """What stands in front of their mailbox."""

    title = "security gateway"
    parameter_name = "gateway"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> Iterable[tuple[str, str]]:
        """Return the gateways before contacts of the organization, by name."""
        access: Any = getattr(request, "access", None)
        found = campaigns.queries.providers.gateways_of(access.organization.pk) if access else []
        return sorted(((key, gateway_name(key)) for key in found), key=itemgetter(1))

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Contact, Contact]
    ) -> QuerySet[Contact, Contact] | None:
        """Return the contacts behind this gateway."""
        if not self.value():
            return None
        return queryset.exclude(gateway="").filter(gateway=self.value())


class SubscriptionInline(ScopedInline):
    """The lists a contact is on."""

    model = Subscription
    hide_title = True
    fields = ("list", "status", "source", "subscribed", "unsubscribed")
    readonly_fields = ("source", "subscribed", "unsubscribed")
    verbose_name = "list"
    verbose_name_plural = "lists"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Subscription, Subscription]:
        """Return the subscriptions with their lists."""
        rows: QuerySet[Subscription, Subscription] = super().get_queryset(request)
        return rows.select_related("list").order_by("list__name")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Return the field of a form, a relation without buttons around it."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "list":
            field.widget = field.widget.widget
        field.widget.attrs["aria-label"] = field.label
        return field

    @admin.display(description="Subscribed")
    def subscribed(self, subscription: Subscription) -> SafeString:
        """Return when the contact joined."""
        return moment(subscription.subscribed_at)

    @admin.display(description="Unsubscribed")
    def unsubscribed(self, subscription: Subscription) -> SafeString:
        """Return when the contact left."""
        return moment(subscription.unsubscribed_at)


class ContactForm(ScopedForm):
    """A person and what is known of them."""

    class Meta:
        model = Contact
        fields = ("email", "first_name", "last_name", "attributes", "language", "timezone")
        labels = {"timezone": "Time zone"}
        widgets = {
            "attributes": UnfoldAdminTextareaWidget(
                attrs={"class": "mw-code", "rows": 4, "spellcheck": "false"}
            )
        }


@admin.register(Contact)
class ContactAdmin(OrganizationScopedAdmin):
    """People's addresses; searched by their beginning, which stays fast with millions of them."""

    empty_icon = "person"
    empty_title = "No contacts yet"
    empty_text = "Bring in a CSV or Excel file under Imports, or add people one by one."
    add_words = "Add contact"
    form = ContactForm
    list_display = ("address", "name_shown", "provider_shown", "engaged", "mailed", "created")
    list_filter = (ListFilter, StatusFilter, ProviderFilter, GatewayFilter)
    search_fields = ("^email_key",)
    search_help_text = "Search by the beginning of an address"
    ordering = ("-id",)
    sortable_by = ("address", "created")  # what an index sorts, with a million rows, too
    inlines = (SubscriptionInline,)
    readonly_fields = ("provider_shown", "gateway_shown", "engaged", "mailed", "created")
    fieldsets = (
        (None, {"fields": ("email", ("first_name", "last_name"))}),
        ("For the content of mails", {"fields": ("attributes", "language", "timezone")}),
        (
            "What is known",
            {"fields": (("engaged", "mailed"), ("provider_shown", "gateway_shown"), "created")},
        ),
    )
    add_fieldsets = fieldsets[:2]

    def save_model(
        self, request: HttpRequest, obj: Contact, form: ModelForm[Any], change: Any
    ) -> None:
        """Save the contact under its normalized address."""
        campaigns.operations.contacts.save_contact(obj, address=form.cleaned_data["email"])

    def save_formset(
        self,
        request: HttpRequest,
        form: ModelForm[Any],
        formset: BaseInlineFormSet[Any, Any, Any],
        change: Any,
    ) -> None:
        """Subscribe and unsubscribe as the rows say."""
        now = timezone.now()
        for subscription in formset.save(commit=False):
            subscribing = subscription.status != SubscriptionStatus.UNSUBSCRIBED
            _apply(subscription, subscribing=subscribing, now=now)
        for subscription in formset.deleted_objects:
            subscription.delete()

    def delete_model(self, request: HttpRequest, obj: Contact) -> None:
        """Delete the contact."""
        campaigns.operations.contacts.delete_contact(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Contact, Contact]) -> None:
        """Delete the chosen contacts."""
        for contact in queryset.iterator():
            campaigns.operations.contacts.delete_contact(contact)

    @admin.display(description="E-mail", ordering="email_key")
    def address(self, contact: Contact) -> str:
        """Return the address."""
        return contact.email

    @admin.display(description="Name")
    def name_shown(self, contact: Contact) -> str:
        """Return first and last name."""
        return contact.name or unknown("No name is known")

    @admin.display(description="Mailbox provider")
    def provider_shown(self, contact: Contact) -> str:
        """Return who filters the mail of this address, in words."""
        if contact.provider == UNKNOWN:
            return unknown("Not looked up yet")
        return provider_name(contact.provider)

    @admin.display(description="Security gateway")
    def gateway_shown(self, contact: Contact) -> str:
        """Return what stands in front of the mailbox, in words."""
        return gateway_name(contact.gateway) or unknown("None that is known")

    @admin.display(description="Last opened or clicked")
    def engaged(self, contact: Contact) -> SafeString:
        """Return when the contact last opened or clicked by hand."""
        return moment(contact.last_human_at, reason="Has not opened or clicked anything yet")

    @admin.display(description="Last mailed")
    def mailed(self, contact: Contact) -> SafeString:
        """Return when the contact was last sent anything."""
        return moment(contact.last_mailed_at, reason="Has not been mailed yet")

    @admin.display(description="Added", ordering="id")
    def created(self, contact: Contact) -> SafeString:
        """Return when the contact was added."""
        return moment(contact.created_at)


def _apply(subscription: Subscription, *, subscribing: bool, now: Any) -> None:
    contact, list_ = subscription.contact, subscription.list
    if subscribing:
        campaigns.operations.contacts.subscribe(contact, list_, source=SOURCE, now=now)
    else:
        campaigns.operations.contacts.unsubscribe(contact, list_, now=now)
