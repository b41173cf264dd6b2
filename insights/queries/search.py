"""Messages that meet what is asked: a page of them, or all for a file.

A search about people goes through the ledger, newest message first. Any other goes through events
in the order of time and shows each message once, at the latest of its events that match. Either
way an index gives the order, so a page costs the same however deep it lies; what no index narrows
is gone through in pieces.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from campaigns.models import Recipient
from insights.criteria import Criteria, Meaning, Place
from insights.models import DeliveryEvent
from insights.queries.event_search import (
    OF_EVENT,
    SearchedEvents,
    asked_of_events,
    latest_by_message,
    meaning_without_people,
)
from insights.queries.people import found_by_person

PIECE_GROWTH: Final = 4  # times as many events as in the piece before
LARGEST_PIECE: Final = 2_000  # events
EVENTS_LOOKED_AT: Final = 5_000  # for one page; robots open one message thousands of times
_OF_BOTH: Final = ("campaign", "provider", "identity", "ip", "list", "stream", "variant")
_OF_LEDGER: Final = {"identity": "campaign__identity", "stream": "campaign__stream"}


@dataclass(frozen=True, slots=True)
class FoundMessage:
    """A message with the latest of its events that match."""

    message: Recipient
    event: DeliveryEvent | None


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the messages, and the places where the pages after and before it begin, if any."""

    messages: list[FoundMessage]
    after: Place | None = None
    before: Place | None = None
    meaning: Meaning | None = None  # what the search text was taken for; None without one


def page_of(
    organization_id: int, criteria: Criteria, *, limit: int, place: Place | None = None
) -> Page:
    """Return the messages that follow a place (or stand before it), `limit` at the most."""
    person = found_by_person(organization_id, criteria)
    if person is None:
        page = _page_of_events(SearchedEvents(organization_id, criteria), limit, place)
        return replace(page, meaning=meaning_without_people(criteria))
    meaning, whose = person
    page = _page_of_ledger(_in_ledger(organization_id, criteria, whose), criteria, limit, place)
    return replace(page, meaning=meaning)


def matching(organization_id: int, criteria: Criteria) -> QuerySet[Recipient]:
    """Return all messages that meet what is asked, in no order: for work in the background."""
    person = found_by_person(organization_id, criteria)
    if person is not None:
        return _in_ledger(organization_id, criteria, person[1])
    events = SearchedEvents(organization_id, criteria).matching
    return Recipient.objects.filter(
        organization=organization_id, pk__in=events.values("recipient_id")
    )


def _page_of_events(events: SearchedEvents, limit: int, place: Place | None) -> Page:
    if events.never_happened:
        return Page([])
    back = place is not None and place.back
    found: list[DeliveryEvent] = []
    looked_at, size, onward = 0, limit + 1, place
    while True:
        piece = events.piece(onward, size)
        found += events.latest_of_messages(piece)
        looked_at += len(piece)
        ended = len(piece) < size
        if ended or len(found) > limit or looked_at >= EVENTS_LOOKED_AT:
            break
        onward, size = _place_of(piece[-1], back=back), min(size * PIECE_GROWTH, LARGEST_PIECE)
    more = len(found) > limit
    shown = found[:limit]
    end = shown[-1] if more else piece[-1] if piece and not ended else None
    edge = None if end is None else _place_of(end, back=back)
    shown_in_order = shown[::-1] if back else shown
    return _with_places(_messages_of(shown_in_order), shown_in_order, edge=edge, place=place)


def _place_of(event: DeliveryEvent, *, back: bool) -> Place:
    return Place(event.pk, event.ts, back)


def _with_places(
    messages: list[FoundMessage],
    events: list[DeliveryEvent],
    *,
    edge: Place | None,
    place: Place | None,
) -> Page:
    """Return the page; on the side we came from there is always more."""
    if place is None or not events:
        return Page(messages, after=None if place and place.back else edge)
    if place.back:
        return Page(messages, after=_place_of(events[-1], back=False), before=edge)
    return Page(messages, after=edge, before=_place_of(events[0], back=True))


def _messages_of(events: list[DeliveryEvent]) -> list[FoundMessage]:
    rows = _shown_rows(Recipient.objects.all())
    messages = rows.in_bulk([event.recipient_id for event in events])
    return [
        FoundMessage(messages[event.recipient_id], event)
        for event in events
        if event.recipient_id in messages
    ]


def _shown_rows(rows: QuerySet[Recipient]) -> QuerySet[Recipient]:
    return rows.select_related("campaign").defer("campaign__html", "campaign__text")


def _in_ledger(organization_id: int, criteria: Criteria, whose: Q) -> QuerySet[Recipient]:
    asked = asked_of_events(criteria, _OF_BOTH)
    for name, lookup in _OF_LEDGER.items():
        if OF_EVENT[name] in asked:
            asked[lookup] = asked.pop(OF_EVENT[name])
    rows = Recipient.objects.filter(whose, organization=organization_id, **asked)
    of_events = _asked_of_one_event(criteria)
    if not of_events:
        return rows
    events = DeliveryEvent.objects.filter(recipient_id=OuterRef("pk"), **of_events)
    return rows.filter(Exists(events))


def _asked_of_one_event(criteria: Criteria) -> dict[str, Any]:
    return asked_of_events(criteria, [name for name in OF_EVENT if name not in _OF_BOTH])


def _page_of_ledger(
    rows: QuerySet[Recipient], criteria: Criteria, limit: int, place: Place | None
) -> Page:
    back = place is not None and place.back
    if place is not None:
        side = "pk__gt" if back else "pk__lt"
        rows = rows.filter(**{side: place.number})
    found = list(_shown_rows(rows).order_by("pk" if back else "-pk")[: limit + 1])
    more, shown = len(found) > limit, found[:limit]
    if back:
        shown.reverse()
    events = DeliveryEvent.objects.filter(**_asked_of_one_event(criteria))
    latest = latest_by_message(events, [row.pk for row in shown]) if shown else {}
    return Page(
        [FoundMessage(row, latest.get(row.pk)) for row in shown],
        after=Place(shown[-1].pk) if shown and (more or back) else None,
        before=Place(shown[0].pk, back=True) if shown and (more if back else place) else None,
    )
