"""What people ask for about themselves, by the links in a message that they got.

The message says who asks. Its address counts, and that of the contact if it has changed since.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Q

import campaigns.operations.contacts
import insights.operations.recording
import suppression.queries
from campaigns.models import Contact, ContactList, Organization, Recipient
from insights.events import EventType, Source, attempt_key
from insights.messages import Message
from suppression.models import Suppression
from suppression.operations.entries import release, suppress
from suppression.reasons import Origin, Reason, Scope

ACTOR = "the person"
SOURCE = "preferences page"


def unsubscribe(message: Message, *, now: datetime) -> None:
    """Stop all marketing mail to whom a message went. Done again it changes nothing."""
    with transaction.atomic():
        _suppress(message, scope=Scope.MARKETING, list_id=None, now=now)
        _note_unsubscribed(message, now=now)


def leave_list(message: Message, *, list_id: int, now: datetime) -> None:
    """Stop the mail of one list to whom a message went, and end the subscription to it."""
    with transaction.atomic():
        _suppress(message, scope=Scope.LIST, list_id=list_id, now=now)
        _note_unsubscribed(message, now=now)


def rejoin(message: Message, *, now: datetime) -> None:
    """Take back that somebody unsubscribed: from marketing mail and from the message's list.

    Other reasons not to mail them stay.
    """
    with transaction.atomic():
        list_ = suppression.queries.list_of(message)
        _join(message, [list_] if list_ else [], now=now)


def save_preferences(message: Message, *, list_ids: Collection[int], now: datetime) -> None:
    """Bring somebody onto the lists they chose and off the others that they were shown.

    Choosing a list is an explicit wish for mail: it lifts an earlier unsubscribing from all.
    """
    with transaction.atomic():
        shown = suppression.queries.preferences(message, now=now).choices
        chosen = [choice.list for choice in shown if choice.list.pk in list_ids]
        if chosen:
            _join(message, chosen, now=now)
        for choice in shown:
            # Once mail is wanted again, a subscription under "no mail at all" would come back.
            standing = choice.joined or (choice.subscribed and chosen)
            if standing and choice.list not in chosen:
                leave_list(message, list_id=choice.list.pk, now=now)


def _suppress(message: Message, *, scope: Scope, list_id: int | None, now: datetime) -> None:
    for email_key in suppression.queries.email_keys(message):
        suppress(
            message.organization_id,
            email_key=email_key,
            reason=Reason.UNSUBSCRIBE,
            scope=scope,
            list_id=list_id,
            origin=Origin.RECIPIENT,
            source_recipient_id=message.recipient_id,
            now=now,
        )


def _note_unsubscribed(message: Message, *, now: datetime) -> None:
    """Put it into the ledger and among the events: once a message, at its first time."""
    row = Recipient.objects.select_for_update().only("unsubscribed_at").get(pk=message.recipient_id)
    key = attempt_key(message.recipient_id, 0, EventType.UNSUBSCRIBED)
    event = message.event(
        EventType.UNSUBSCRIBED,
        source=Source.TRACKING,
        ts=row.unsubscribed_at or now,
        natural_key=key,
    )
    insights.operations.recording.record_events([event])


def _join(message: Message, lists: Collection[ContactList], *, now: datetime) -> None:
    """Lift what somebody's own unsubscribing stops, and bring them onto the lists."""
    entries = Suppression.objects.filter(
        Q(scope=Scope.MARKETING) | Q(scope=Scope.LIST, list__in=lists),
        organization=message.organization_id,
        email__in=suppression.queries.email_keys(message),
        reason=Reason.UNSUBSCRIBE,
    )
    for entry in entries:
        release(entry, actor=ACTOR, now=now)
    if not lists:
        return
    contact = suppression.queries.contact_of(message) or _new_contact(message)
    evidence = {"recipient": message.recipient_id, "at": now.isoformat()}
    for list_ in lists:
        campaigns.operations.contacts.subscribe(
            contact, list_, source=SOURCE, evidence=evidence, now=now
        )


def _new_contact(message: Message) -> Contact:
    organization = Organization.objects.get(pk=message.organization_id)
    return campaigns.operations.contacts.find_or_create_contact(organization, address=message.email)
