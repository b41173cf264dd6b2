"""Events that meet what is asked, in the order of time, a piece at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.contrib.postgres.search import SearchQuery, SearchVector, SearchVectorField
from django.db.models import Func, Q, QuerySet, Value

from insights.criteria import Criteria, Meaning, Place, meaning_of
from insights.events import Actor, EventType
from insights.models import DeliveryEvent, HourlyCount

WORDED: Final = (EventType.DEFERRED, EventType.BOUNCED, EventType.FAILED)  # indexed by their words
ANSWERS_READ: Final = 1_300  # of each type; 15 us each
# The first is what the index of words holds. The second says the same so that it is not used.
_INDEXED_VECTOR: Final = SearchVector("smtp_response", config="simple")
_PLAIN_VECTOR: Final = Func(
    Value("simple"),
    "smtp_response",
    function="to_tsvector",
    template="%(function)s(%(expressions)s)",
    output_field=SearchVectorField(),
)
_NOT_WORDS: Final = re.compile(r"[\s'\\:&|!()<>*\",;\0]+")
OF_EVENT: Final = {
    "campaign": "campaign_id",
    "provider": "provider",
    "identity": "identity_id",
    "ip": "ip",
    "list": "list_id",
    "stream": "stream",
    "variant": "variant",
    "event": "event_type",
    "actor": "actor__in",
    "smtp_code": "smtp_code",
    "begin": "ts__gte",
    "end": "ts__lt",
}
# As they are counted: a machine is whoever is not a person for certain.
_ACTORS: Final = {Actor.MACHINE.value: [Actor.MACHINE.value, Actor.UNKNOWN.value]}
_OF_ROLL_UP: Final = ("provider", "identity", "ip", "list", "stream", "variant")


def meaning_without_people(criteria: Criteria) -> Meaning | None:
    """Return what the search text means where it is about no person; None without one."""
    if not criteria.q:
        return None
    return Meaning.CODE if meaning_of(criteria.q) is Meaning.CODE else Meaning.WORDS


def asked_of_events(criteria: Criteria, names: Iterable[str]) -> dict[str, Any]:
    """Return some of what is asked, as a filter of events."""
    asked: dict[str, Any] = {}
    for name in names:
        value = getattr(criteria, name)
        if value in (None, ""):
            continue
        if name == "list" and value == 0:
            asked["list_id__isnull"] = True
        else:
            asked[OF_EVENT[name]] = _ACTORS.get(value, [value]) if name == "actor" else value
    return asked


class SearchedEvents:
    """The events that meet what is asked, and pieces of them in the order of time."""

    def __init__(self, organization_id: int, criteria: Criteria) -> None:
        self._organization_id = organization_id
        self._criteria = criteria
        conditions = asked_of_events(criteria, OF_EVENT)
        if meaning_without_people(criteria) is Meaning.CODE and criteria.smtp_code is None:
            conditions["smtp_code"] = int(criteria.q)
        self._of_one_type = "event_type" in conditions
        events = DeliveryEvent.objects.filter(organization_id=organization_id, **conditions)
        self._query = (
            _words_of(criteria.q) if meaning_without_people(criteria) is Meaning.WORDS else None
        )
        self.matching: QuerySet[DeliveryEvent] = events
        self._unindexed = events  # the same, but no index is asked for words
        if self._query is not None:
            self.matching = _saying(events, self._query, vector=_INDEXED_VECTOR)
            self._unindexed = _saying(events, self._query, vector=_PLAIN_VECTOR)

    @property
    def never_happened(self) -> bool:
        """Say whether nothing was ever counted for what is asked, which is quick to know."""
        asked = {name: getattr(self._criteria, name) for name in _OF_ROLL_UP}
        given = {OF_EVENT[name]: value for name, value in asked.items() if value not in (None, "")}
        counts = HourlyCount.objects.filter(organization_id=self._organization_id, **given)
        return bool(given) and not counts.exists()

    def piece(self, place: Place | None, size: int) -> list[DeliveryEvent]:
        """Return so many events from a place on, nearest first."""
        if self._query is not None:
            return self._worded_piece(place, size)
        if self._criteria.campaign is None or self._of_one_type:
            return list(_from(self.matching, place)[:size])
        # The index of a campaign's events has the types one after another: merge their heads.
        heads = [
            _from(self.matching.filter(event_type=kind.value), place)[:size] for kind in EventType
        ]
        return list(_in_order(heads[0].union(*heads[1:], all=True), place)[:size])

    def _worded_piece(self, place: Place | None, size: int) -> list[DeliveryEvent]:
        """Return a piece of those whose answer holds words.

        The index of words knows no order: of words that many answers hold it would bring all.
        Those are found soon by reading the nearest answers; what is not must be rare.
        """
        edge = self._edge_of_nearest(place)
        worded = _from(self._unindexed, place)
        if edge is None:
            return list(worded[:size])
        side = "ts__lte" if place and place.back else "ts__gte"
        nearest = list(worded.filter(**{side: edge})[:size])
        return nearest if len(nearest) == size else list(_from(self.matching, place)[:size])

    def _edge_of_nearest(self, place: Place | None) -> datetime | None:
        """Return how far the nearest answers reach; None when those are all there are."""
        edges: list[datetime] = []
        for kind in WORDED:
            events = DeliveryEvent.objects.filter(
                organization_id=self._organization_id, event_type=kind.value
            )
            times = _from(events, place).values_list("ts", flat=True)
            edges += times[ANSWERS_READ : ANSWERS_READ + 1]
        if not edges:
            return None
        return min(edges) if place and place.back else max(edges)

    def latest_of_messages(self, piece: list[DeliveryEvent]) -> list[DeliveryEvent]:
        """Return those of a piece that no later event of the same message is like."""
        if not piece:
            return []
        ids = {event.recipient_id for event in piece}
        since = min(piece[0].ts, piece[-1].ts)
        latest = latest_by_message(self._unindexed.filter(ts__gte=since), ids)
        return [event for event in piece if latest[event.recipient_id].pk == event.pk]


def _words_of(text: str) -> str:
    """Return a text as a query for all its words; the last may be the start of one."""
    words = [word for word in _NOT_WORDS.split(text) if word]
    return " & ".join(f"'{word}'" for word in words) + ":*" if words else ""


def _saying(
    events: QuerySet[DeliveryEvent], query: str, *, vector: SearchVector | Func[Any]
) -> QuerySet[DeliveryEvent]:
    if not query:
        return events.none()
    return events.alias(words=vector).filter(
        words=SearchQuery(query, config="simple", search_type="raw"), event_type__in=WORDED
    )


def _from(events: QuerySet[DeliveryEvent], place: Place | None) -> QuerySet[DeliveryEvent]:
    if place is None or place.at is None:
        return _in_order(events, place)
    side, way = ("gt", "gte") if place.back else ("lt", "lte")
    beyond = Q(**{f"ts__{side}": place.at}) | Q(**{f"pk__{side}": place.number})
    return _in_order(events.filter(beyond, **{f"ts__{way}": place.at}), place)


def _in_order(events: QuerySet[DeliveryEvent], place: Place | None) -> QuerySet[DeliveryEvent]:
    return events.order_by("ts", "id") if place and place.back else events.order_by("-ts", "-id")


def latest_by_message(
    events: QuerySet[DeliveryEvent], ids: Iterable[int]
) -> dict[int, DeliveryEvent]:
    """Return the latest of some events for each of some messages."""
    latest = events.filter(recipient_id__in=list(ids)).order_by("recipient_id", "-ts", "-id")
    return {event.recipient_id: event for event in latest.distinct("recipient_id")}
