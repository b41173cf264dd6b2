"""Events as they come in while campaigns go out, and what is recorded of them. Needs Django.

Every message is sent; what else happens to it is drawn with a fixed seed, in the shares of an
ordinary campaign. Some reports come twice, as webhooks do.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import connection

import bench.row_by_row
import insights.operations.partitions
import insights.operations.recording
import insights.queries.recount
from bench.hits import campaign_with_messages
from campaigns.models import Recipient
from insights.events import Actor, BounceClass, DeliveryEvent, EventType, Source
from insights.models import HourlyCount

PROVIDERS: Final = (
    "gmail", "outlook", "microsoft365", "yahoo", "apple", "gmx", "webde", "other",
)  # fmt: skip
SENT_A_SECOND: Final = 100
TWICE_SHARE: Final = 0.05
EVENTS_EACH: Final = 2.9  # of a message, about
_ANSWER: Final = "2.0.0 OK 1795235000 4a7f3b21d5ce-20020a17090a.1234 - gsmtp"
_REFUSAL: Final = "5.1.1 The email account that you tried to reach does not exist."


@dataclass(slots=True)
class Stream:
    """About so many events of a new campaign, to be recorded in one of two ways."""

    way: str
    batch: int
    events: list[DeliveryEvent]
    new: int = 0

    def record(self) -> int:
        """Record all of them and return how many there were."""
        record = _batches(self.batch) if self.way == "batches" else bench.row_by_row.record
        self.new = record(self.events)
        return len(self.events)

    def check(self) -> None:
        """Raise WrongCountsError unless everything was recorded and counted once."""
        campaign_id = self.events[0].campaign_id
        if self.new != len({event.natural_key for event in self.events}):
            raise WrongCountsError(f"{self.new} events were new.")
        if insights.queries.recount.compare([campaign_id]):
            raise WrongCountsError("The counts differ from the events.")
        if not HourlyCount.objects.filter(campaign_id=campaign_id).exists():
            raise WrongCountsError("Nothing was counted.")


def stream(way: str, *, events: int, batch: int) -> Stream:
    """Make a campaign and what comes in about it."""
    return Stream(way, batch, _arriving(max(1, round(events / EVENTS_EACH))))


class WrongCountsError(Exception):
    """What was recorded is not what came in."""


def _batches(size: int) -> Callable[[Sequence[DeliveryEvent]], int]:
    def record(events: Sequence[DeliveryEvent]) -> int:
        parts = (events[first : first + size] for first in range(0, len(events), size))
        return sum(len(insights.operations.recording.record_events(part)) for part in parts)

    return record


def _arriving(messages: int) -> list[DeliveryEvent]:
    """Return the events of a new campaign in the order in which they come in."""
    now = datetime.now(UTC)
    insights.operations.partitions.make_partitions(now=now)
    insights.operations.partitions.make_partitions(now=now - timedelta(days=2))
    rows = campaign_with_messages(messages, providers=PROVIDERS, sent_at=now - timedelta(days=1))
    _forget_what_follows(rows)
    draw = random.Random(1)
    for number, row in enumerate(rows):
        row.sent_at = now - timedelta(days=1) + timedelta(seconds=number / SENT_A_SECOND)
    events = [event for row in rows for event in _of_message(row, draw)]
    events += draw.sample(events, round(len(events) * TWICE_SHARE))
    return sorted(events, key=lambda event: event.ts)


def _forget_what_follows(rows: Sequence[Recipient]) -> None:
    Recipient.objects.filter(campaign=rows[0].campaign_id).update(delivered_at=None, state="sent")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) campaigns_recipient")


def _of_message(row: Recipient, draw: random.Random) -> Iterator[DeliveryEvent]:
    def event(event_type: EventType, later: timedelta, source: Source) -> DeliveryEvent:
        return DeliveryEvent(
            event_type=event_type,
            organization_id=row.organization_id,
            campaign_id=row.campaign_id,
            recipient_id=row.pk,
            ts=sent_at + later,
            natural_key=uuid.UUID(int=draw.getrandbits(128)),
            source=source,
            provider=row.provider,
            identity_id=row.campaign.identity_id,
            ip=row.ip,
        )

    sent_at = row.sent_at or datetime.now(UTC)
    soon, hours = timedelta(seconds=30 * draw.random()), draw.expovariate(1 / 6)
    taken = event(EventType.SENT, timedelta(0), Source.SMTP)
    yield taken._replace(smtp_code=250, smtp_response=_ANSWER)
    if draw.random() < 0.05:
        put_off = event(EventType.DEFERRED, soon / 2, Source.STALWART)
        yield put_off._replace(smtp_code=451, smtp_response="4.7.1 Try again later")
    if draw.random() < 0.02:
        refused = event(EventType.BOUNCED, soon, Source.STALWART)
        yield refused._replace(
            smtp_code=550, smtp_response=_REFUSAL, bounce_class=BounceClass.HARD.value
        )
        return
    delivered = event(EventType.DELIVERED, soon, Source.STALWART)
    yield delivered._replace(smtp_code=250, smtp_response=_ANSWER)
    if draw.random() < 0.5:
        prefetched = event(EventType.OPENED, soon * 2, Source.TRACKING)
        yield prefetched._replace(actor=Actor.MACHINE.value, actor_reasons=("prefetch",))
    if draw.random() < 0.25:
        for again in range(draw.choice((1, 1, 2))):
            opened = event(EventType.OPENED, timedelta(hours=hours + again / 7), Source.TRACKING)
            yield opened._replace(actor=Actor.HUMAN.value, actor_reasons=("browser",))
        if draw.random() < 0.15:
            clicked = event(EventType.CLICKED, timedelta(hours=hours + 0.01), Source.TRACKING)
            yield clicked._replace(
                actor=Actor.HUMAN.value, url="https://shop.bench.example/", link_number=1
            )
