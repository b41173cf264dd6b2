"""Contacts."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from rest_framework import serializers

import campaigns.operations.contacts
from campaigns.models import Contact, Subscription, SubscriptionStatus
from common.addresses import AddressError, normalize_address
from common.api.fields import AddressField, JsonObjectField, LineField, TimeZoneNameField
from common.api.filters import IdFilter
from common.api.views import NounViewSet, changed


class ContactSubscriptionOutput(serializers.ModelSerializer[Subscription]):
    """A list that a contact is or was on."""

    class Meta:
        model = Subscription
        fields = ("list", "status", "source", "subscribed_at", "unsubscribed_at")
        read_only_fields = fields


class ContactOutput(serializers.ModelSerializer[Contact]):
    """A contact as it is shown."""

    attributes = serializers.DictField()
    subscriptions = ContactSubscriptionOutput(many=True)

    class Meta:
        model = Contact
        fields = (
            "id", "email", "first_name", "last_name", "language", "timezone", "attributes",
            "provider", "gateway", "subscriptions", "last_human_at", "last_mailed_at", "created_at",
            "updated_at",
        )  # fmt: skip
        read_only_fields = fields


class ContactInput(serializers.ModelSerializer[Contact]):
    """A contact as it is given."""

    email = AddressField(max_length=1000, help_text="Matched without regard to case.")
    first_name = LineField(max_length=200, required=False, allow_blank=True)
    last_name = LineField(max_length=200, required=False, allow_blank=True)
    language = LineField(max_length=35, required=False, allow_blank=True)
    timezone = TimeZoneNameField(max_length=64, required=False, allow_blank=True)
    attributes = JsonObjectField(required=False)

    class Meta:
        model = Contact
        fields = ("email", "first_name", "last_name", "language", "timezone", "attributes")


class ContactFilter(django_filters.FilterSet):
    """Finds contacts by address, list, or the beginning of an address or a name."""

    email = django_filters.CharFilter(method="by_address", help_text="The whole address.")
    list = IdFilter(method="by_list", help_text="Subscribed to this list.")
    q = django_filters.CharFilter(
        method="by_beginning", help_text="The beginning of the address, first or last name."
    )

    provider = django_filters.CharFilter(help_text="The mailbox provider, such as gmail.")
    gateway = django_filters.CharFilter(help_text="The security gateway, such as proofpoint.")

    class Meta:
        model = Contact
        fields = ("email", "list", "q", "provider", "gateway")

    def by_address(self, contacts: QuerySet[Contact], _: str, value: str) -> QuerySet[Contact]:
        """Return the contact with this address, in whatever spelling."""
        try:
            return contacts.filter(email_key=normalize_address(value).key)
        except AddressError:
            return contacts.none()

    def by_list(self, contacts: QuerySet[Contact], _: str, value: int) -> QuerySet[Contact]:
        """Return the contacts subscribed to a list."""
        return contacts.filter(
            subscriptions__list=value, subscriptions__status=SubscriptionStatus.SUBSCRIBED
        )

    def by_beginning(self, contacts: QuerySet[Contact], _: str, value: str) -> QuerySet[Contact]:
        """Return the contacts whose address or name begins like this."""
        return contacts.filter(
            Q(email_key__istartswith=value)
            | Q(first_name__istartswith=value)
            | Q(last_name__istartswith=value)
        )


class ContactViewSet(NounViewSet):
    """People's addresses, each once."""

    queryset = Contact.objects.prefetch_related("subscriptions")
    serializer_class = ContactOutput
    input_class = ContactInput
    filterset_class = ContactFilter

    def keep(self, instance: Contact, given: dict[str, Any]) -> Contact:
        """Return the stored contact, its address normalized."""
        address = given.pop("email", instance.email)
        return campaigns.operations.contacts.save_contact(changed(instance, given), address=address)

    def remove(self, instance: Contact) -> None:
        """Delete the contact."""
        campaigns.operations.contacts.delete_contact(instance)
