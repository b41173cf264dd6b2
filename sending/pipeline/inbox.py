"""Works through the inbox: read, attribute, record, settle; one transaction for a batch."""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime

from django.db import transaction

import insights.operations.inbox
import insights.queries.keeping
import sending.feedback
from insights.models import RawPayload
from insights.operations.inbox import Contents
from insights.reports import Report
from sending.reported import Attributed

logger = logging.getLogger(__name__)

MOST_BATCHES = 20  # of one turn; the next turn goes on


def read_inbox(*, now: datetime) -> int:
    """Read what waits in the inbox and return how many payloads were looked at.

    However often a payload is read, and by however many at once, it counts once.
    """
    seen = 0
    for _ in range(MOST_BATCHES):
        count = _read_batch(now=now)
        if not count:
            break
        seen += count
    return seen


def _read_batch(*, now: datetime) -> int:
    """Read payloads together; if one of them breaks that, each by itself. Return how many."""
    claimed: list[int] = []
    try:
        _read(claimed, now=now)
    except Exception:
        if not claimed:
            raise
        logger.exception("a batch of %d payloads is read one by one", len(claimed))
        for payload_id in claimed:
            _read_alone(payload_id, now=now)
    return len(claimed)


def _read_alone(payload_id: int, *, now: datetime) -> None:
    try:
        _read([], only=[payload_id], now=now)
    except Exception as error:
        logger.exception("payload %d could not be read", payload_id)
        reason = f"Reading it failed: {type(error).__name__}: {error}"
        insights.operations.inbox.fail(payload_id, reason=reason, now=now)


def _read(claimed: list[int], *, now: datetime, only: Collection[int] | None = None) -> None:
    """Read what is due and add it to `claimed`, which is of use if it fails half way."""
    with transaction.atomic():
        payloads = insights.operations.inbox.claim(now=now, only=only)
        claimed += [payload.pk for payload in payloads]
        since = insights.queries.keeping.kept_since()
        found = [_contents(payload, since=since) for payload in payloads]
        attributed: list[Attributed] = []
        for payload, said in zip(payloads, found, strict=True):
            attributed += _settle(payload, said, now=now)
        sending.feedback.record_reports(attributed, now=now)


def _contents(payload: RawPayload, *, since: datetime | None) -> Contents:
    found = insights.operations.inbox.contents(payload)
    return insights.operations.inbox.of_kept_months(found, since=since)


def _settle(payload: RawPayload, said: Contents, *, now: datetime) -> list[Attributed]:
    """Settle a payload and return what it says about messages that we know."""
    messages = insights.operations.inbox.attribute(
        said.reports, organization_id=payload.organization_id
    )
    pairs = list(zip(said.reports, messages, strict=True))
    unattributed: list[Report] = [report for report, message in pairs if message is None]
    insights.operations.inbox.settle(payload, said, unattributed=unattributed, now=now)
    return [Attributed(report, message) for report, message in pairs if message is not None]
