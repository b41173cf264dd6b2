"""The parts of the latency bench that need Django: `python -m bench.transactional_child WHAT ...`.

Prints its result as its last line.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import django

WAIT_SECONDS = 60.0
WARM_UP = 20  # messages before those that count, while the workers start


def main() -> None:
    """Do what the command line names."""
    django.setup()
    what, *given = sys.argv[1:]
    if what == "prepare":
        print(_prepare(int(given[0]), port=int(given[1])))
    else:
        campaign_id, messages, per_second = given
        print(json.dumps(_measure(int(campaign_id), int(messages), float(per_second))))


def _prepare(messages: int, *, port: int) -> int:
    """Return the id of a campaign that is ready; transactional mail has an IP of its own."""
    from bench.campaign import prepare
    from campaigns.models import Identity, Organization, Stream
    from iprouting.models import Pool, SendingIP, Transport

    (campaign_id,) = prepare(messages, port=port, kinds=["plain"])
    organization = Organization.objects.get()
    SendingIP.objects.create(
        organization=organization,
        address="127.0.0.2",
        pool=Pool.objects.create(
            organization=organization, name="Alerts", stream=Stream.TRANSACTIONAL
        ),
        transport=Transport.objects.get(),
    )
    Identity.objects.create(
        organization=organization,
        domain=organization.identities.get().domain,
        from_name="Bench Alerts",
        from_address="alerts@news.bench.example",
        stream=Stream.TRANSACTIONAL,
    )
    return campaign_id


def _measure(campaign_id: int, messages: int, per_second: float) -> dict[str, float]:
    """Return the figures of messages that are queued at a steady pace, as the API queues them."""
    from campaigns.models import Recipient
    from campaigns.queries.ledger import state_counts
    from campaigns.states import RecipientState

    _wait_until(lambda: Recipient.objects.filter(campaign=campaign_id, state="sent").exists())
    for number in range(WARM_UP):
        _queue(f"early{number}@mail.example")
        time.sleep(1 / per_second)
    before, began = state_counts(campaign_id), time.monotonic()
    queued: dict[int, datetime] = {}
    for number in range(messages):
        queued[_queue(f"person{number}@mail.example")] = datetime.now(UTC)
        time.sleep(max(0.0, began + (number + 1) / per_second - time.monotonic()))
    after, seconds = state_counts(campaign_id), time.monotonic() - began
    sent = Recipient.objects.filter(pk__in=queued, sent_at__isnull=False)
    _wait_until(lambda: sent.count() == messages)
    waits = sorted(
        (sent_at - queued[pk]).total_seconds()
        for pk, sent_at in sent.values_list("pk", "sent_at")
        if sent_at
    )
    went = sum(before[state] - after[state] for state in before if state in {"planned", "claimed"})
    return {
        "messages": messages,
        "median_seconds": round(waits[len(waits) // 2], 3),
        "p99_seconds": round(waits[int(len(waits) * 0.99)], 3),
        "longest_seconds": round(waits[-1], 3),
        "marketing_per_second": round(went / seconds),
        "marketing_left": after[RecipientState.PLANNED],
    }


def _queue(address: str) -> int:
    """Queue one message as `POST /api/messages` does, and return its id."""
    from campaigns.models import Organization
    from sending.api.soon import soon
    from sending.operations.transactional import TransactionalContent, queue_message
    from sending.tasks import send_transactional

    recipient = queue_message(
        Organization.objects.get(),
        to=address,
        content=TransactionalContent(subject="Your code", text="It is {{ data.code }}."),
        identity=None,
        data={"code": "1234"},
        now=datetime.now(UTC),
    )
    soon(send_transactional, campaign_id=recipient.campaign_id)
    return recipient.pk


def _wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError("The workers do not send.")
        time.sleep(0.1)


if __name__ == "__main__":
    main()
