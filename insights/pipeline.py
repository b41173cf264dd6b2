"""Telling webhooks what happened: many requests side by side, one at a time to each webhook."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.db import connection

import insights.operations.turns
import insights.queries.webhooks
from common.errors import DomainError
from common.outgoing import Limits, OutgoingClient, OutgoingError
from insights.deliveries import body_of, headers_of, trial_body
from insights.models import DeliveryKind, WebhookDelivery
from insights.operations.turns import Outcome

logger = logging.getLogger(__name__)

AT_ONCE: Final = 20  # requests of one runner
RUNNER_LOCK: Final = 0x7765_6268  # "webh": number of the advisory locks, with that of the runner
LOOK_AGAIN_SECONDS: Final = 0.5
LIMITS: Final = Limits(seconds=15, answer_bytes=16 * 1024)
OUR_MISTAKE: Final = "We made a mistake; the log of the worker has it. It is tried again."
NOTHING_LEFT: Final = "The events were deleted before they could be told."


@dataclass(frozen=True, slots=True)
class Prepared:
    """One request, ready to go."""

    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Runner:
    """One process's share of the work: what it has under way."""

    client: OutgoingClient
    clock: Callable[[], datetime]
    pool: ThreadPoolExecutor
    under_way: dict[Future[Outcome], WebhookDelivery] = field(default_factory=dict)
    settled: int = 0

    def take(self) -> None:
        """Start the requests that are due, as many as there is room for."""
        room = AT_ONCE - len(self.under_way)
        if not room:
            return
        for delivery in insights.operations.turns.claim(limit=room, now=self.clock()):
            self.start(delivery)

    def start(self, delivery: WebhookDelivery) -> None:
        """Start the request of one delivery, unless it cannot even be made."""
        try:
            prepared = prepare(delivery, now=self.clock())
        except DomainError as error:
            self.settle(delivery, Outcome(None, problem=error.message))
            return
        if prepared is None:
            self.settle(delivery, Outcome(None, problem=NOTHING_LEFT))
            return
        self.under_way[self.pool.submit(attempt, self.client, prepared)] = delivery

    def finish(self, *, seconds: float | None) -> None:
        """Write down what is done, waiting so long for something to be."""
        done, _ = wait(self.under_way, timeout=seconds, return_when=FIRST_COMPLETED)
        for future in done:
            self.settle(self.under_way.pop(future), _outcome(future))

    def settle(self, delivery: WebhookDelivery, outcome: Outcome) -> None:
        """Write down how one attempt went."""
        insights.operations.turns.settle(delivery, outcome, now=self.clock())
        self.settled += 1


def _outcome(future: Future[Outcome]) -> Outcome:
    """Return what an attempt led to; one that breaks our own code must not stop the others."""
    error = future.exception()
    if error is None:
        return future.result()
    logger.error("an attempt at a webhook broke off", exc_info=error)
    return Outcome(None, problem=OUR_MISTAKE)


def deliver_due(
    *,
    client: OutgoingClient,
    clock: Callable[[], datetime],
    lasting: timedelta,
    runners: int,
) -> int:
    """Tell webhooks what is due until nothing is, or for so long; return how many attempts.

    Does nothing while `runners` others are at it, in the whole installation: those who wait for
    slow servers must not take every worker there is.
    """
    with place(runners) as free:
        if not free:
            return 0
        end = clock() + lasting
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook") as pool:
            runner = Runner(client, clock, pool)
            runner.take()
            while runner.under_way:
                runner.finish(seconds=LOOK_AGAIN_SECONDS)
                if clock() < end:
                    runner.take()
        return runner.settled


@contextmanager
def place(runners: int) -> Iterator[bool]:
    """Hold one of the places of runners; yields whether there was one."""
    with connection.cursor() as cursor:
        for number in range(runners):
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [RUNNER_LOCK, number])
            if cursor.fetchone()[0]:
                break
        else:
            yield False
            return
    try:
        yield True
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [RUNNER_LOCK, number])


def prepare(delivery: WebhookDelivery, *, now: datetime) -> Prepared | None:
    """Return the request of a delivery, None when there is nothing left to tell.

    Raises DomainError when its secret cannot be read.
    """
    webhook = delivery.webhook
    if delivery.kind == DeliveryKind.TEST:
        body = trial_body(webhook_id=webhook.pk, created_at=delivery.created_at)
    else:
        events = insights.queries.webhooks.told_by(delivery)
        if not events:
            return None
        single = webhook.batch_size == 1
        body = body_of(events, single=single, created_at=delivery.created_at)
    secrets = [webhook.secret]
    if webhook.old_secret_until and webhook.old_secret_until > now:
        secrets.append(webhook.old_secret)
    return Prepared(
        webhook.url, headers_of(body, number=delivery.number, secrets=secrets, now=now), body
    )


def attempt(client: OutgoingClient, prepared: Prepared) -> Outcome:
    """Return what one request led to. Runs in a thread of its own and needs no database."""
    begun = time.monotonic()
    try:
        answer = client.request(
            "POST", prepared.url, headers=prepared.headers, body=prepared.body, limits=LIMITS
        )
    except OutgoingError as error:
        return Outcome(None, problem=str(error), duration_ms=_milliseconds_since(begun))
    return Outcome(
        answer.status,
        excerpt=answer.body.decode("utf-8", "replace"),
        retry_after=answer.headers.get("retry-after", ""),
        duration_ms=_milliseconds_since(begun),
    )


def _milliseconds_since(begun: float) -> int:
    return int((time.monotonic() - begun) * 1000)
