"""Reads of exports: what waits, and the rows of their files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from django.db.models import QuerySet

import common.locks
from campaigns.models import Recipient
from insights.classification.plain import answer_in_words
from insights.criteria import Criteria
from insights.models import ExportJob, ExportStatus
from insights.queries.search import matching

LOCK_SPACE: Final = 0xE4904  # first half of an advisory lock's key; any constant of our own
CHUNK_ROWS: Final = 2_000  # fetched at once
MOMENTS: Final = (
    "sent_at", "delivered_at", "bounced_at", "opened_at", "clicked_at", "replied_at",
    "unsubscribed_at", "complained_at",
)  # fmt: skip
COLUMNS: Final = (
    "recipient_id", "email", "campaign_id", "campaign", "stream", "list_id", "variant", "provider",
    "ip", "state", "reason", "attempts", "meaning", "smtp_code", "enhanced_code", "smtp_response",
    "bounce_class", *MOMENTS, "message_id",
)  # fmt: skip
_UNFINISHED: Final = (ExportStatus.WAITING, ExportStatus.RUNNING)


def due_exports() -> list[int]:
    """Return the ids of exports that wait, or that a worker which died left unfinished."""
    unfinished = ExportJob.objects.filter(status__in=_UNFINISHED).order_by("id")
    ids = list(unfinished.values_list("id", flat=True))
    held = common.locks.held_locks(LOCK_SPACE) if ids else set()
    return [
        number for number in ids if tuple(common.locks.lock_key(LOCK_SPACE, number)) not in held
    ]


def recent(organization_id: int, *, limit: int) -> list[ExportJob]:
    """Return the newest exports of an organization."""
    return list(ExportJob.objects.filter(organization=organization_id).order_by("-id")[:limit])


def file_of(job: ExportJob) -> Path | None:
    """Return where the file of an export is; None before it is written and once it is deleted."""
    path = Path(job.path)
    return path if job.status == ExportStatus.FINISHED and path.is_file() else None


def wanted(job: ExportJob) -> QuerySet[Recipient]:
    """Return the messages that an export is of, those it has written already among them."""
    return matching(job.organization_id, Criteria.from_json(job.filters))


def rows_after(job: ExportJob, recipient_id: int) -> Iterator[tuple[int, list[object]]]:
    """Yield the rows of the file with the number of each message, from a message on.

    They come through a cursor of the database, so memory stays flat whatever their number.
    """
    rows = (
        wanted(job)
        .filter(pk__gt=recipient_id)
        .select_related("campaign")
        .only(*_FIELDS)
        .order_by("pk")
    )
    for message in rows.iterator(chunk_size=CHUNK_ROWS):
        yield message.pk, _cells(message)


_FIELDS: Final = (
    "email", "campaign__name", "campaign__stream", "list_id", "variant", "provider", "ip", "state",
    "reason", "attempts", "smtp_code", "enhanced_code", "smtp_response", "bounce_class", *MOMENTS,
    "message_id",
)  # fmt: skip


def _cells(message: Recipient) -> list[object]:
    meaning = answer_in_words(
        message.smtp_code,
        message.enhanced_code,
        message.smtp_response,
        bounce_class=message.bounce_class,
    )
    moments = [getattr(message, name) for name in MOMENTS]
    cells = [
        message.pk, message.email, message.campaign_id, message.campaign.name,
        message.campaign.stream, message.list_id, message.variant, message.provider, message.ip,
        message.state, message.reason, message.attempts, meaning.title, message.smtp_code,
        message.enhanced_code, message.smtp_response, message.bounce_class,
        *(at.isoformat() if at else None for at in moments), message.message_id,
    ]  # fmt: skip
    return ["" if cell is None else cell for cell in cells]
