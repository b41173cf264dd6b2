"""Turns at webhooks: taking the next delivery of each, and writing down how it went.

One worker at a time has a turn at a webhook, by a lease on it; the delivery has a lease of its own.
A worker that dies leaves both behind, and the delivery is made again once they are over.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Q

from common.storable import storable
from insights.deliveries import (
    asked_delay,
    failed_too_long,
    is_success,
    problem_of,
    rest_after,
    retry_delay,
)
from insights.models import DeliveryKind, DeliveryStatus, Webhook, WebhookDelivery
from insights.operations.outbox import make_deliveries

LEASE: Final = timedelta(minutes=2)  # a request takes 15 seconds at the most
EXCERPT_CHARS: Final = 1_000
GONE: Final = "Its server answered 410: nobody wants these requests any more."
TOO_LONG: Final = "It took nothing for more than a day. The last answer: {problem}"

# Webhooks that have something to do, those whose last turn was longest ago first. A test is due
# whatever state the webhook is in.
_TAKE_TURNS: Final = """
WITH chosen AS MATERIALIZED (
    SELECT w.id FROM insights_webhook AS w
    WHERE (w.busy_until IS NULL OR w.busy_until <= %(now)s) AND (
        (w.active AND (w.resting_until IS NULL OR w.resting_until <= %(now)s) AND (
            EXISTS (SELECT FROM insights_webhookoutbox AS o WHERE o.webhook_id = w.id)
            OR EXISTS (SELECT FROM insights_webhookdelivery AS d WHERE d.webhook_id = w.id
                AND d.status = 'waiting' AND d.due_at <= %(now)s)))
        OR EXISTS (SELECT FROM insights_webhookdelivery AS d WHERE d.webhook_id = w.id
            AND d.status = 'waiting' AND d.due_at <= %(now)s AND d.kind = 'test'))
    ORDER BY w.busy_until NULLS FIRST, w.id LIMIT %(limit)s
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE insights_webhook AS w SET busy_until = %(until)s
FROM chosen WHERE w.id = chosen.id RETURNING w.id
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one attempt led to; `status` is None when no answer came, `problem` says why."""

    status: int | None
    excerpt: str = ""
    problem: str = ""
    retry_after: str = ""
    duration_ms: int = 0

    @property
    def succeeded(self) -> bool:
        """Whether the other side has it."""
        return self.status is not None and is_success(self.status)

    @property
    def explanation(self) -> str:
        """What went wrong, in words; empty after a success."""
        if self.succeeded:
            return ""
        return self.problem or problem_of(self.status or 0)


def claim(*, limit: int, now: datetime) -> list[WebhookDelivery]:
    """Return the next delivery of up to `limit` webhooks, each leased to the caller alone."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            asked: dict[str, Any] = {"now": now, "until": now + LEASE, "limit": limit}
            cursor.execute(_TAKE_TURNS, asked)
            ids = [row[0] for row in cursor.fetchall()]
        webhooks = Webhook.objects.filter(pk__in=ids).defer("secret", "old_secret").order_by("pk")
        claimed = [_next(webhook, now=now) for webhook in webhooks]
        return [delivery for delivery in claimed if delivery is not None]


def _next(webhook: Webhook, *, now: datetime) -> WebhookDelivery | None:
    """Return the delivery that is due first, leased; what was noted becomes one if none is."""
    resting = webhook.resting_until is not None and webhook.resting_until > now
    only_tests = resting or not webhook.active
    delivery = _due(webhook, only_tests=only_tests, now=now)
    if delivery is None and not only_tests and make_deliveries(webhook, now=now):
        delivery = _due(webhook, only_tests=False, now=now)
    if delivery is None:
        Webhook.objects.filter(pk=webhook.pk).update(busy_until=now)
        return None
    delivery.lease, delivery.leased_until = uuid.uuid4(), now + LEASE
    delivery.attempts += 1
    delivery.attempted_at = now
    delivery.save(update_fields=["lease", "leased_until", "attempts", "attempted_at"])
    return delivery


def _due(webhook: Webhook, *, only_tests: bool, now: datetime) -> WebhookDelivery | None:
    free = Q(leased_until__isnull=True) | Q(leased_until__lte=now)
    due = WebhookDelivery.objects.filter(
        free, webhook=webhook, status=DeliveryStatus.WAITING, due_at__lte=now
    )
    if only_tests:
        due = due.filter(kind=DeliveryKind.TEST)
    found = due.select_for_update(skip_locked=True).order_by("due_at", "pk").first()
    if found is not None:
        found.webhook = webhook
    return found


def settle(delivery: WebhookDelivery, outcome: Outcome, *, now: datetime) -> None:
    """Write down how an attempt went, unless somebody else has taken the delivery over since."""
    with transaction.atomic():
        webhook = (
            Webhook.objects.select_for_update(no_key=True)
            .defer("secret", "old_secret")
            .filter(pk=delivery.webhook_id)
            .first()
        )
        if webhook is None or not _write(delivery, outcome, now=now):
            return
        webhook.busy_until = now
        if delivery.kind == DeliveryKind.EVENTS:
            _judge(webhook, outcome, now=now)
        webhook.save(update_fields=[
            "busy_until", "failures", "failing_since", "last_problem", "resting_until",
            "last_delivered_at", "active", "switched_off_reason",
        ])  # fmt: skip


def _write(delivery: WebhookDelivery, outcome: Outcome, *, now: datetime) -> bool:
    """Write the outcome on the delivery; return whether it was still ours."""
    status, due_at = _what_next(delivery, outcome, now=now)
    ours = WebhookDelivery.objects.filter(pk=delivery.pk, lease=delivery.lease)
    return bool(
        ours.update(
            status=status,
            due_at=due_at,
            lease=None,
            leased_until=None,
            duration_ms=outcome.duration_ms,
            response_status=outcome.status,
            response_excerpt=storable(outcome.excerpt)[:EXCERPT_CHARS],
            problem=storable(outcome.explanation)[:EXCERPT_CHARS],
        )
    )


def _what_next(
    delivery: WebhookDelivery, outcome: Outcome, *, now: datetime
) -> tuple[DeliveryStatus, datetime]:
    if outcome.succeeded:
        return DeliveryStatus.DELIVERED, delivery.due_at
    delay = retry_delay(delivery.attempts, spread=delivery.pk)
    final = delivery.kind == DeliveryKind.TEST or outcome.status == HTTPStatus.GONE
    if delay is None or final:
        return DeliveryStatus.FAILED, delivery.due_at
    return DeliveryStatus.WAITING, now + max(delay, asked_delay(outcome.retry_after, now=now))


def _judge(webhook: Webhook, outcome: Outcome, *, now: datetime) -> None:
    """Put on the webhook what an attempt says about its health."""
    if outcome.succeeded:
        webhook.failures, webhook.failing_since, webhook.resting_until = 0, None, None
        webhook.last_problem, webhook.last_delivered_at = "", now
        return
    webhook.failures += 1
    webhook.failing_since = webhook.failing_since or now
    webhook.last_problem = storable(outcome.explanation)[:EXCERPT_CHARS]
    rest = max(rest_after(webhook.failures), asked_delay(outcome.retry_after, now=now))
    webhook.resting_until = now + rest
    too_long = failed_too_long(
        failures=webhook.failures, failing_since=webhook.failing_since, now=now
    )
    if outcome.status == HTTPStatus.GONE:
        webhook.active, webhook.switched_off_reason = False, GONE
    elif too_long and webhook.active:
        webhook.active = False
        webhook.switched_off_reason = TOO_LONG.format(problem=webhook.last_problem)
