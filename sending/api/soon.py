"""Work that should begin now rather than at the next tick."""

from __future__ import annotations

from typing import Any

from celery import Task
from django.db import transaction


def soon(task: Task[..., Any], **arguments: int) -> None:
    """Have a task run once the transaction is committed.

    What was committed stands even while the broker is away: beat finds the work later. So a
    failure here is logged and does not turn the answer into an error.
    """

    def hand_over() -> None:
        task.delay(**arguments)

    transaction.on_commit(hand_over, robust=True)
