"""Writes of contacts and of the lists they are on."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError, transaction

from campaigns.models import Contact, ContactList, Organization, Subscription, SubscriptionStatus
from common.addresses import Address, AddressError, normalize_address
from common.errors import DomainError
from common.providers import UNKNOWN

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def save_contact(contact: Contact, *, address: str) -> Contact:
    """Return the contact, stored under its normalized address.

    Raises AddressError, or DomainError when another contact has the address, the time zone does
    not exist or the attributes are not an object.
    """
    normalized = _normalized(address)
    _check_details(contact)
    if contact.domain != normalized.domain:
        contact.provider, contact.gateway = UNKNOWN, ""
    contact.email = normalized.email
    contact.email_key = normalized.key
    contact.domain = normalized.domain
    try:
        with transaction.atomic():
            contact.save()
    except IntegrityError as error:
        raise DomainError(
            "address_taken",
            f"There is a contact with the address {normalized.email} already.",
            {"field": "email"},
        ) from error
    return contact


def find_or_create_contact(organization: Organization, *, address: str) -> Contact:
    """Return the contact with this address; a new one is on no list. Raises AddressError."""
    normalized = _normalized(address)
    contact, _ = Contact.objects.get_or_create(
        organization=organization,
        email_key=normalized.key,
        defaults={"email": normalized.email, "domain": normalized.domain},
    )
    return contact


def _normalized(address: str) -> Address:
    try:
        return normalize_address(address)
    except AddressError as error:
        raise AddressError(error.code, error.message, {"field": "email"}) from error


def _check_details(contact: Contact) -> None:
    """Put names on one line, so that they fit a header; refuse what no message could use."""
    contact.first_name = _on_one_line(contact.first_name)
    contact.last_name = _on_one_line(contact.last_name)
    if contact.timezone and contact.timezone not in zoneinfo.available_timezones():
        raise DomainError(
            "timezone_unknown",
            f'There is no time zone called "{contact.timezone}". Use a name like Europe/Berlin.',
            {"field": "timezone"},
        )
    if not isinstance(contact.attributes, dict):
        raise DomainError(
            "attributes_not_an_object",
            'Attributes are names with values, such as {"city": "Berlin"}.',
            {"field": "attributes"},
        )


def _on_one_line(text: str) -> str:
    return " ".join(_CONTROL.sub(" ", text).split())


def delete_contact(contact: Contact) -> None:
    """Delete a contact. Its ledger rows, events and suppressions stay: they name the address."""
    contact.delete()


def subscribe(
    contact: Contact,
    list_: ContactList,
    *,
    source: str,
    now: datetime,
    evidence: Mapping[str, object] | None = None,
) -> Subscription:
    """Return the subscription, now standing. One that stood already keeps its date and source.

    This lifts no suppression: who unsubscribed stays unmailed until they, or staff, undo that.
    """
    with transaction.atomic():
        subscription = _locked(contact, list_)
        if subscription.status != SubscriptionStatus.SUBSCRIBED or subscription.pk is None:
            subscription.status = SubscriptionStatus.SUBSCRIBED
            subscription.subscribed_at = now
            subscription.unsubscribed_at = None
            subscription.source = source
            subscription.evidence = dict(evidence or {})
            subscription.save()
    return subscription


def unsubscribe(contact: Contact, list_: ContactList, *, now: datetime) -> Subscription:
    """Return the subscription, now ended; who never was on the list gets one that says so."""
    with transaction.atomic():
        subscription = _locked(contact, list_)
        if subscription.status != SubscriptionStatus.UNSUBSCRIBED:
            subscription.status = SubscriptionStatus.UNSUBSCRIBED
            subscription.unsubscribed_at = now
            subscription.save()
    return subscription


def _locked(contact: Contact, list_: ContactList) -> Subscription:
    """Return the locked subscription, or a new one that is not stored yet.

    The contact's row is locked first, so that two writers of a new subscription take turns.
    """
    if contact.organization_id != list_.organization_id:
        raise DomainError("foreign_list", "There is no such list.", {"field": "list"})
    Contact.objects.select_for_update(no_key=True).get(pk=contact.pk)
    found = Subscription.objects.select_for_update().filter(contact=contact, list=list_).first()
    return found or Subscription(contact=contact, list=list_)
