"""Exports: asked for, written in the background, deleted after a time.

The rows come in the order of the ledger. Every so many of them the file is flushed and the job
says how far it is good; a run that dies is taken up there, what it wrote beyond is cut off. An
advisory lock, which goes with the connection of a dead worker, keeps two workers apart.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from django.db import InterfaceError, OperationalError, transaction
from django.db.models.functions import Now

from campaigns.models import AuditEntry, Organization
from common.csv_lines import BYTE_ORDER_MARK, csv_line
from common.locks import alone
from insights.criteria import Criteria
from insights.models import ExportJob, ExportStatus
from insights.queries.exports import COLUMNS, LOCK_SPACE, rows_after, wanted

PIECE_ROWS: Final = 2_000  # rows between two places from which a run can be taken up
KEPT_FOR: Final = timedelta(days=7)  # a file, once it is written

_Rows = Iterable[tuple[int, list[object]]]


def create_export(
    organization: Organization, *, criteria: Criteria, started_by: str, now: datetime
) -> ExportJob:
    """Return a new export that waits to be run; the audit log says who asked for what."""
    filters = criteria.as_json()
    with transaction.atomic():
        job = ExportJob.objects.create(
            organization=organization, filters=filters, started_by=started_by
        )
        AuditEntry.objects.create(
            organization=organization,
            actor=started_by,
            action="messages.export",
            subject=f"export {job.pk}",
            details=filters,
            at=now,
        )
    return job


def run_export(job_id: int, *, directory: Path, clock: Callable[[], datetime]) -> bool:
    """Write the file of an export, or the rest of it; return whether this call did it.

    False when another worker is at it or it has ended. A lost database connection leaves it to be
    taken up again.
    """
    with alone(LOCK_SPACE, job_id) as ours:
        job = ExportJob.objects.filter(pk=job_id).first() if ours else None
        if job is None or job.ended:
            return False
        try:
            _run(job, directory, clock)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            _fail(job, now=clock())
            raise
    return True


def discard_expired(*, now: datetime) -> int:
    """Delete the files of exports whose time is over; return how many there were."""
    over = ExportJob.objects.filter(expires_at__lte=now).exclude(path="")
    jobs = list(over)
    for job in jobs:
        Path(job.path).unlink(missing_ok=True)
        status = ExportStatus.EXPIRED if job.status == ExportStatus.FINISHED else job.status
        _update(job, path="", status=status)
    return len(jobs)


def _run(job: ExportJob, directory: Path, clock: Callable[[], datetime]) -> None:
    _start(job, directory, now=clock())
    with _opened(Path(job.path)) as file:
        _cut_off(file, job)
        rows = rows_after(job, job.last_recipient_id)
        for piece in _pieces(rows):
            _write(job, file, piece)
    now = clock()
    _update(job, status=ExportStatus.FINISHED, finished_at=now, expires_at=now + KEPT_FOR)


def _start(job: ExportJob, directory: Path, *, now: datetime) -> None:
    """Note that it runs, where its file is, and how many rows there will be."""
    if not job.path or not Path(job.path).is_file():
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = directory.resolve() / f"{uuid.uuid4().hex}.csv"
        _update(job, path=str(path), row_count=0, byte_count=0, last_recipient_id=0)
    _update(
        job,
        status=ExportStatus.RUNNING,
        started_at=job.started_at or now,
        total_count=wanted(job).count(),
        failure="",
    )


def _opened(path: Path) -> BinaryIO:
    """Return the file, readable by our own user alone."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")


def _cut_off(file: BinaryIO, job: ExportJob) -> None:
    """Leave of the file what is known to be good, at least its head."""
    file.truncate(job.byte_count)
    file.seek(job.byte_count)
    if not job.byte_count:
        file.write((BYTE_ORDER_MARK + csv_line(COLUMNS)).encode())


def _pieces(rows: _Rows) -> Iterator[list[tuple[int, list[object]]]]:
    remaining = iter(rows)
    while piece := list(islice(remaining, PIECE_ROWS)):
        yield piece


def _write(job: ExportJob, file: BinaryIO, piece: list[tuple[int, list[object]]]) -> None:
    file.write("".join(csv_line(cells) for _, cells in piece).encode())
    file.flush()
    os.fsync(file.fileno())  # the row below must never say more than the disk holds
    _update(
        job,
        row_count=job.row_count + len(piece),
        byte_count=file.tell(),
        last_recipient_id=piece[-1][0],
    )


def _fail(job: ExportJob, *, now: datetime) -> None:
    if job.path:
        Path(job.path).unlink(missing_ok=True)
    _update(
        job,
        status=ExportStatus.FAILED,
        failure="The export stopped because of a fault in the program. It was logged.",
        path="",
        finished_at=now,
    )


def _update(job: ExportJob, **values: object) -> None:
    """Change columns of the job, for everybody to see at once."""
    for name, value in values.items():
        setattr(job, name, value)
    ExportJob.objects.filter(pk=job.pk).update(**values, updated_at=Now())
