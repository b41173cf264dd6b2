"""Reads of imports: what waits, how far they are, what they refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import common.locks
from campaigns.importing.mapping import guess_for
from campaigns.importing.reading import Source, open_table
from campaigns.models import ImportJob, ImportRefusal, ImportStatus
from common.csv_lines import BYTE_ORDER_MARK, csv_line

PREVIEW_ROWS: Final = 5
LOCK_SPACE: Final = 0x1A9047  # first half of an advisory lock's key; any constant of our own
REPORT_COLUMNS: Final = ("row", "result", "reason", "code", "content")
NOTE: Final = "note_"  # how the codes of remarks about rows that went in begin


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far an import is. Every row counts once: created, updated, skipped or refused."""

    status: ImportStatus
    share: float
    row_count: int
    created_count: int
    updated_count: int
    skipped_count: int
    refused_count: int
    failure: str

    @property
    def ended(self) -> bool:
        return self.status in (ImportStatus.FINISHED, ImportStatus.FAILED)


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """What is in a file, before anything is stored: columns, their guessed targets, first rows."""

    description: str
    columns: tuple[str, ...]
    mapping: dict[str, str]
    rows: list[list[str]]


def progress(job: ImportJob) -> ImportProgress:
    """Return how far an import is now, whatever the object that is passed remembers."""
    current = ImportJob.objects.get(pk=job.pk)
    return ImportProgress(
        status=ImportStatus(current.status),
        share=current.progress,
        row_count=current.row_count,
        created_count=current.created_count,
        updated_count=current.updated_count,
        skipped_count=current.skipped_count,
        refused_count=current.refused_count,
        failure=current.failure,
    )


def preview(source: Source) -> ImportPreview:
    """Return what is in a file of contacts. Raises FileError when there is no table in it."""
    with open_table(source) as table:
        return ImportPreview(
            description=table.description,
            columns=table.columns,
            mapping=guess_for(table).as_json(columns=table.columns),
            rows=table.sample(PREVIEW_ROWS),
        )


def due_imports() -> list[int]:
    """Return the ids of imports that wait, or that a worker which died left unfinished."""
    unfinished = ImportJob.objects.filter(status__in=(ImportStatus.WAITING, ImportStatus.RUNNING))
    ids = list(unfinished.order_by("id").values_list("id", flat=True))
    held = common.locks.held_locks(LOCK_SPACE) if ids else set()
    return [job_id for job_id in ids if tuple(lock_key(job_id)) not in held]


def lock_key(job_id: int) -> list[int]:
    """Return the two numbers of the advisory lock that the worker on an import holds."""
    return common.locks.lock_key(LOCK_SPACE, job_id)


def refusal_report(job: ImportJob) -> Iterator[str]:
    """Yield the lines of a CSV file, for a spreadsheet program, on the rows that need a look.

    `result` is `refused` (not imported), `skipped` (merged, or nothing changed on purpose) or
    `note` (imported, but for one value). Cells that begin like a formula are made plain text.
    """
    yield BYTE_ORDER_MARK + csv_line(REPORT_COLUMNS)
    refusals = job.refusals.order_by("row_number", "id").only(
        "row_number", "code", "reason", "excerpt", "skipped"
    )
    for refusal in refusals.iterator():
        cells = (refusal.row_number, result_of(refusal), refusal.reason, refusal.code)
        yield csv_line((*cells, refusal.excerpt))


def result_of(refusal: ImportRefusal) -> str:
    """Return in a word what became of the row."""
    if refusal.code.startswith(NOTE):
        return "note"
    return "skipped" if refusal.skipped else "refused"
