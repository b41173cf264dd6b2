"""The demo's contacts, lists and segments, with a past: some left, some must not be mailed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import suppression.operations
from campaigns.models import (
    Contact,
    ContactList,
    Organization,
    Segment,
    Subscription,
    SubscriptionStatus,
)
from common.addresses import normalize_address
from sandbox.demo.people import Person, Standing, make_people
from sandbox.providers import provider_of
from suppression.reasons import Origin, Reason

PEOPLE = 2000
SEED = 7
SINCE_LAST_LETTER = timedelta(days=28)
SINCE_TROUBLE = timedelta(days=63)

SEGMENTS: dict[str, object] = {
    "Plus and Pro members": {"all": [{"field": "attributes.plan", "in": ["plus", "pro"]}]},
    "Active in the last 90 days": {"all": [{"engaged": {"within_days": 90}}]},
    "Tea drinkers": {"all": [{"field": "attributes.drink", "is": "tea"}]},
}
_STATUS = {
    Standing.SUBSCRIBED: SubscriptionStatus.SUBSCRIBED,
    Standing.PENDING: SubscriptionStatus.PENDING,
    Standing.UNSUBSCRIBED: SubscriptionStatus.UNSUBSCRIBED,
    # The provider said no, not the person: the suppression alone keeps them from being mailed.
    Standing.BOUNCED: SubscriptionStatus.SUBSCRIBED,
    Standing.COMPLAINED: SubscriptionStatus.SUBSCRIBED,
}


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom the demo's campaigns go to."""

    newsletter: ContactList
    product_news: ContactList
    segments: Mapping[str, Segment]


def make_audience(organization: Organization, *, now: datetime) -> Audience:
    """Return the lists and segments, filled with the demo's people."""
    audience = Audience(
        newsletter=_list(organization, "Newsletter", "newsletter", "A letter once a month."),
        product_news=_list(
            organization, "Product news", "product-news", "When something is new in the shop."
        ),
        segments={
            name: Segment.objects.create(organization=organization, name=name, rules=rules)
            for name, rules in SEGMENTS.items()
        },
    )
    people = make_people(PEOPLE, seed=SEED, now=now)
    contacts = Contact.objects.bulk_create(
        [_contact(person, organization, now=now) for person in people]
    )
    pairs = list(zip(people, contacts, strict=True))
    Subscription.objects.bulk_create(_subscriptions(pairs, audience, now=now))
    _suppress(pairs, now=now)
    return audience


def _list(organization: Organization, name: str, slug: str, description: str) -> ContactList:
    return ContactList.objects.create(
        organization=organization, name=name, slug=slug, description=description
    )


def _contact(person: Person, organization: Organization, *, now: datetime) -> Contact:
    address = normalize_address(person.address)
    return Contact(
        organization=organization,
        email=address.email,
        email_key=address.key,
        domain=address.domain,
        first_name=person.first_name,
        last_name=person.last_name,
        language=person.language,
        timezone=person.timezone,
        attributes={
            "city": person.city,
            "plan": person.plan,
            "drink": person.drink,
            "points": person.points,
            "joined": person.joined_at.date().isoformat(),
        },
        provider=provider_of(address.email).name,
        last_human_at=person.last_human_at,
        last_mailed_at=max(person.joined_at, now - SINCE_LAST_LETTER),
    )


def _subscriptions(
    pairs: list[tuple[Person, Contact]], audience: Audience, *, now: datetime
) -> Iterator[Subscription]:
    for person, contact in pairs:
        yield _subscription(person, contact, audience.newsletter, now=now)
        if person.wants_product_news:
            yield _subscription(person, contact, audience.product_news, now=now)


def _subscription(
    person: Person, contact: Contact, list_: ContactList, *, now: datetime
) -> Subscription:
    status = _STATUS[person.standing]
    left = status == SubscriptionStatus.UNSUBSCRIBED
    return Subscription(
        contact=contact,
        list=list_,
        status=status,
        source="demo",
        subscribed_at=None if status == SubscriptionStatus.PENDING else person.joined_at,
        unsubscribed_at=max(person.joined_at, now - SINCE_LAST_LETTER) if left else None,
    )


def _suppress(pairs: list[tuple[Person, Contact]], *, now: datetime) -> None:
    reasons = {
        Standing.BOUNCED: (Reason.HARD_BOUNCE, Origin.PROVIDER, "The mailbox does not exist."),
        Standing.COMPLAINED: (Reason.COMPLAINT, Origin.RECIPIENT, "Marked a letter as spam."),
        Standing.UNSUBSCRIBED: (Reason.UNSUBSCRIBE, Origin.RECIPIENT, "Left by the link."),
    }
    for person, contact in pairs:
        if person.standing in reasons:
            reason, origin, note = reasons[person.standing]
            suppression.operations.suppress(
                contact.organization_id,
                email_key=contact.email_key,
                reason=reason,
                origin=origin,
                note=note,
                now=max(person.joined_at, now - SINCE_TROUBLE),
            )
