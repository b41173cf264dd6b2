"""What a webhook is told, how it is signed, and when it is told again.

Source: the Standard Webhooks specification 1.0.0; docs/webhooks.md describes it for receivers.
"""

from __future__ import annotations

import base64
import json
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final

from standardwebhooks import Webhook as Signer

from insights.events import EventType
from insights.happenings import HappeningType

MAIL_EVENT_NAMES: Final = tuple(f"email.{event_type}" for event_type in EventType)
EVENT_NAMES: Final = (*MAIL_EVENT_NAMES, *(happening.value for happening in HappeningType))
BATCH: Final = "events"
TEST: Final = "webhook.test"
LARGEST_BATCH: Final = 500  # events in a request: some 400 kB
SECRET_PREFIX: Final = "whsec_"  # noqa: S105  how a secret begins, not one
SECRET_BYTES: Final = 32  # 24 to 64 by the specification

# Waits after the first, second, ... attempt; 25 hours and three quarters in all, and a little more
# with the jitter. After the last one a delivery is given up.
RETRY_DELAYS: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (30, 120, 600, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200)
)
JITTER_SHARE: Final = 0.2  # so that what failed together does not come back together
LONGEST_RETRY_AFTER: Final = timedelta(days=1)
# Between two requests to a webhook that does not take them, whatever they tell.
SHORTEST_REST: Final = timedelta(seconds=5)
LONGEST_REST: Final = timedelta(minutes=10)
MOST_DOUBLINGS: Final = 20  # far beyond the longest rest
# A webhook that took nothing for so long, in so many attempts, is switched off.
LONG_FAILURE: Final = timedelta(days=1)
LEAST_FAILURES: Final = 10


@dataclass(frozen=True, slots=True)
class Told:
    """One event as receivers get it; `name` is one of EVENT_NAMES."""

    id: int
    name: str
    ts: datetime
    data: Mapping[str, Any]

    def body(self) -> dict[str, Any]:
        """Return it as JSON members."""
        return {
            "id": self.id,
            "type": self.name,
            "timestamp": moment(self.ts),
            "data": dict(self.data),
        }


def new_secret() -> str:
    """Return a secret that nobody has had before."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def message_id(number: uuid.UUID) -> str:
    """Return what a delivery is called, on every attempt."""
    return f"msg_{number.hex}"


def moment(at: datetime) -> str:
    """Return a time as receivers read it: ISO 8601, UTC."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def body_of(events: Sequence[Told], *, single: bool, created_at: datetime) -> bytes:
    """Return the request's body: one event by itself, or a batch of them."""
    if single and len(events) == 1:
        return _json(events[0].body())
    told = [event.body() for event in events]
    return _json({"type": BATCH, "timestamp": moment(created_at), "data": {"events": told}})


def trial_body(*, webhook_id: int, created_at: datetime) -> bytes:
    """Return the body of a request that tries out a webhook."""
    data = {"webhook_id": webhook_id, "message": "If you can read this, the webhook works."}
    return _json({"type": TEST, "timestamp": moment(created_at), "data": data})


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def headers_of(
    body: bytes, *, number: uuid.UUID, secrets: Sequence[str], now: datetime
) -> dict[str, str]:
    """Return the headers of a request; with several secrets, a signature by each."""
    name = message_id(number)
    signatures = [Signer(secret).sign(name, now, body.decode()) for secret in secrets]
    return {
        "Content-Type": "application/json",
        "User-Agent": "Mailwright-Webhooks/1",
        "webhook-id": name,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def is_success(status: int) -> bool:
    """Say whether an answer means that the other side has it."""
    return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


def problem_of(status: int) -> str:
    """Return what is wrong with an answer that is no success, in words."""
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return f"It answered {status}, a redirect; those are not followed. Enter the final address."
    if status == HTTPStatus.GONE:
        return "It answered 410: nobody wants these requests any more."
    return f"It answered {status}."


def retry_delay(attempts: int, *, spread: int) -> timedelta | None:
    """Return how long to wait after attempt `attempts` (from 1), None when it is given up.

    `spread` is any number; those that differ wait a little differently.
    """
    if attempts > len(RETRY_DELAYS):
        return None
    jitter = (spread * 61 + attempts * 17) % 100 / 100
    return RETRY_DELAYS[attempts - 1] * (1 + JITTER_SHARE * jitter)


def asked_delay(retry_after: str, *, now: datetime) -> timedelta:
    """Return how long a Retry-After header asks to wait: seconds or a date; 0 if unreadable."""
    if retry_after.isascii() and retry_after.isdigit():
        seconds = min(int(retry_after), int(LONGEST_RETRY_AFTER.total_seconds()))
        return timedelta(seconds=seconds)
    try:
        asked = parsedate_to_datetime(retry_after)
    except ValueError:
        return timedelta()
    at = asked if asked.tzinfo else asked.replace(tzinfo=UTC)
    return min(max(at - now, timedelta()), LONGEST_RETRY_AFTER)


def rest_after(failures: int) -> timedelta:
    """Return how long a webhook is left alone after so many failures in a row."""
    doublings = min(failures - 1, MOST_DOUBLINGS)
    return min(SHORTEST_REST * (1 << doublings), LONGEST_REST)


def failed_too_long(*, failures: int, failing_since: datetime, now: datetime) -> bool:
    """Say whether a webhook has taken nothing for so long that it is to be switched off."""
    return failures >= LEAST_FAILURES and now - failing_since >= LONG_FAILURE
