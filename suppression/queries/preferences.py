"""What somebody whom a message went to gets from an organization, and what they may choose."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from campaigns.models import (
    Contact,
    ContactList,
    Organization,
    Stream,
    Subscription,
    SubscriptionStatus,
)
from common.addresses import normalize_address
from insights.messages import Message
from suppression.models import Suppression
from suppression.queries.entries import in_force
from suppression.reasons import Reason, Scope


@dataclass(frozen=True, slots=True)
class Choice:
    """A list as somebody sees it. `joined` says that its mail reaches them."""

    list: ContactList
    subscribed: bool
    joined: bool


@dataclass(frozen=True, slots=True)
class Preferences:
    """What somebody gets and may choose.

    `unsubscribed` says that they want no marketing mail at all, `blocked` that something else,
    such as a complaint, keeps mail from them.
    """

    organization: Organization
    email: str
    choices: tuple[Choice, ...]
    message_list: ContactList | None
    unsubscribed: bool
    blocked: bool


def email_keys(message: Message) -> set[str]:
    """Return the key of the address a message went to, and of its contact's if that has changed."""
    keys = {normalize_address(message.email).key}
    contact = Contact.objects.filter(recipients=message.recipient_id)
    keys.update(contact.values_list("email_key", flat=True))
    return keys


def contact_of(message: Message) -> Contact | None:
    """Return the contact a message went to, else the one who has its address now."""
    contact = Contact.objects.filter(recipients=message.recipient_id).first()
    return (
        contact
        or Contact.objects.filter(
            organization=message.organization_id, email_key=normalize_address(message.email).key
        ).first()
    )


def list_of(message: Message) -> ContactList | None:
    """Return the list a message went to, if it went to one that is still there."""
    if message.list_id is None:
        return None
    return ContactList.objects.filter(pk=message.list_id).first()


def preferences(message: Message, *, now: datetime) -> Preferences:
    """Return what somebody may choose: the public lists, and others that they are on."""
    reasons = _reasons(message, now=now)
    unsubscribed = Reason.UNSUBSCRIBE in reasons
    subscribed, left = _subscribed(message), _left(message, now=now)
    lists = ContactList.objects.filter(
        Q(public=True) | Q(pk__in=subscribed), organization=message.organization_id
    ).order_by("name")
    return Preferences(
        organization=Organization.objects.get(pk=message.organization_id),
        email=message.email,
        choices=tuple(
            Choice(
                list_,
                subscribed=list_.pk in subscribed,
                joined=not unsubscribed and list_.pk in subscribed - left,
            )
            for list_ in lists
        ),
        message_list=list_of(message),
        unsubscribed=unsubscribed,
        blocked=bool(reasons - {Reason.UNSUBSCRIBE}),
    )


def _left(message: Message, *, now: datetime) -> set[int]:
    """Return the lists whose mail is kept from somebody."""
    entries = Suppression.objects.filter(
        Q(expires_at__isnull=True) | Q(expires_at__gt=now),
        organization=message.organization_id,
        email__in=email_keys(message),
        scope=Scope.LIST,
        list__isnull=False,
    )
    return {entry.list_id for entry in entries if entry.list_id is not None}


def _reasons(message: Message, *, now: datetime) -> set[Reason]:
    """Return why no marketing mail may go out to somebody."""
    entries = in_force(message.organization_id, stream=Stream.MARKETING, now=now)
    found = entries.filter(email__in=email_keys(message)).values_list("reason", flat=True)
    return {Reason(reason) for reason in found}


def _subscribed(message: Message) -> set[int]:
    contact = contact_of(message)
    if contact is None:
        return set()
    standing = Subscription.objects.filter(contact=contact, status=SubscriptionStatus.SUBSCRIBED)
    return set(standing.values_list("list_id", flat=True))
