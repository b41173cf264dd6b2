"""Whom a campaign reaches, before anything is written."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from campaigns.models import Campaign, Contact, Subscription, SubscriptionStatus
from campaigns.queries.segments import segment_filter


def subscribed(campaign: Campaign, *, now: datetime) -> QuerySet[Contact]:
    """Return the contacts subscribed to the campaign's lists and in its segments, each once.

    Without lists, every list of the organization counts. Suppression is not looked at here.
    """
    contacts = Contact.objects.filter(
        Exists(_subscriptions(campaign)), organization=campaign.organization_id
    )
    segments = list(campaign.segments.all())
    if segments:
        matches = Q()
        for segment in segments:
            matches |= segment_filter(segment.rules, now=now)
        contacts = contacts.filter(matches)
    return contacts


def ledger_values(
    contacts: QuerySet[Contact], campaign: Campaign
) -> QuerySet[Contact, dict[str, Any]]:
    """Return what the ledger keeps of each contact.

    `first_list` is the list that a contact counts for when it is on several.
    """
    first = _subscriptions(campaign).order_by("list").values("list")[:1]
    values = contacts.annotate(first_list=Subquery(first)).values(
        "id", "first_list", "email", "provider", "last_human_at"
    )
    return cast("QuerySet[Contact, dict[str, Any]]", values)


def _subscriptions(campaign: Campaign) -> QuerySet[Subscription]:
    """Return the subscriptions that bring the contact of an outer query into a campaign."""
    subscriptions = Subscription.objects.filter(
        contact=OuterRef("pk"), status=SubscriptionStatus.SUBSCRIBED
    )
    lists = list(campaign.lists.values_list("pk", flat=True))
    return subscriptions.filter(list__in=lists) if lists else subscriptions


def not_subscribed_counts(campaign: Campaign) -> dict[str, int]:
    """Return how many contacts of the campaign's lists do not get it, by subscription status.

    Somebody who left one of the lists but is subscribed to another is not counted.
    """
    lists = list(campaign.lists.values_list("pk", flat=True))
    rows = Subscription.objects.filter(list__organization=campaign.organization_id)
    if lists:
        rows = rows.filter(list__in=lists)
    still_subscribed = rows.filter(
        status=SubscriptionStatus.SUBSCRIBED, contact=OuterRef("contact")
    )
    left = rows.exclude(status=SubscriptionStatus.SUBSCRIBED).filter(~Exists(still_subscribed))
    counted = left.values_list("status").annotate(Count("contact", distinct=True)).order_by()
    return dict(counted)
