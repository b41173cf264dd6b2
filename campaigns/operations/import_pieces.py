"""The pieces of an import: read and staged, then applied, each with its counts at once.

Every piece is one short transaction, so progress shows while a large file runs, and sending is
never kept waiting for the contacts that an import changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from campaigns.importing.cleaning import ImportedContact, clean_row
from campaigns.importing.mapping import ColumnMapping
from campaigns.importing.table import Refusal, Row, Table
from campaigns.models import ImportJob
from campaigns.operations import import_rows

PIECE_ROWS: Final = 5_000  # rows read or applied in one transaction
PIECE_CHARS: Final = 8_000_000  # characters read in one transaction; bounds memory
READING_SHARE: Final = 0.5  # of the progress; the rest is applying
STATISTICS_AFTER: Final = 20_000  # new contacts until the planner's statistics are renewed,
STATISTICS_GROWTH: Final = 4  # and the factor to the next time
SUPPRESSED: Final = "suppressed"
UNSUBSCRIBED: Final = "unsubscribed"
LEFT_OUT: Final = (SUPPRESSED, UNSUBSCRIBED)  # codes of rows that applying, not reading, skips

SuppressedAmong = Callable[[Sequence[str]], Mapping[str, str]]


def update_job(job: ImportJob, **values: object) -> None:
    """Change columns of the job, for everybody to see when the transaction ends."""
    ImportJob.objects.filter(pk=job.pk).update(**values, updated_at=Now())


def stage_table(job: ImportJob, *, table: Table, mapping: ColumnMapping) -> None:
    """Read, clean and stage every row; report those that are refused and those with doubles."""
    import_rows.create_staging()
    for piece in _pieces(table.rows()):
        _stage(job, piece, mapping, progress=READING_SHARE * table.progress)
    with transaction.atomic():
        double_count = import_rows.merge_doubles(job.pk)
        update_job(job, skipped_count=F("skipped_count") + double_count)


def apply_staged(
    job: ImportJob,
    *,
    target: import_rows.Target,
    suppressed_among: SuppressedAmong,
    applied_count: int,
) -> None:
    """Apply the staged rows that are not applied yet, one piece in one transaction."""
    total = import_rows.staged_count()
    after = import_rows.last_number_of_first(applied_count)
    new_count, next_statistics = 0, STATISTICS_AFTER
    while piece := import_rows.staged_piece(after=after, limit=PIECE_ROWS):
        after = piece[-1].number
        applied_count += len(piece)
        progress = READING_SHARE + (1 - READING_SHARE) * applied_count / total
        new_count += _apply_piece(job, piece, target, suppressed_among, progress)
        if new_count >= next_statistics and not job.dry_run:
            import_rows.refresh_statistics()
            next_statistics *= STATISTICS_GROWTH


def _apply_piece(
    job: ImportJob,
    piece: Sequence[import_rows.StagedRow],
    target: import_rows.Target,
    suppressed_among: SuppressedAmong,
    progress: float,
) -> int:
    """Apply one piece with its counts; return how many contacts are new."""
    with transaction.atomic():
        left_out = _left_out(piece, target, suppressed_among)
        numbers = {refusal.number for refusal in left_out}
        taken = [row for row in piece if row.number not in numbers]
        new_count = _write(taken, target, dry_run=job.dry_run)
        import_rows.refuse(left_out, job_id=job.pk, skipped=True)
        update_job(
            job,
            created_count=F("created_count") + new_count,
            updated_count=F("updated_count") + len(taken) - new_count,
            skipped_count=F("skipped_count") + len(left_out),
            progress=progress,
        )
    return new_count


def _pieces(rows: Iterator[Row | Refusal]) -> Iterator[list[Row | Refusal]]:
    piece: list[Row | Refusal] = []
    char_count = 0
    for row in rows:
        piece.append(row)
        char_count += sum(map(len, row.cells)) if isinstance(row, Row) else len(row.excerpt)
        if len(piece) >= PIECE_ROWS or char_count >= PIECE_CHARS:
            yield piece
            piece, char_count = [], 0
    if piece:
        yield piece


def _stage(
    job: ImportJob, piece: Sequence[Row | Refusal], mapping: ColumnMapping, *, progress: float
) -> None:
    """Clean the rows of a piece; stage the good, report the others and what was left out."""
    cleaned = [clean_row(row, mapping) if isinstance(row, Row) else row for row in piece]
    contacts = [row for row in cleaned if isinstance(row, ImportedContact)]
    refusals = [row for row in cleaned if isinstance(row, Refusal)]
    notes = [
        Refusal(contact.number, warned.code, warned.message, contact.address.email)
        for contact in contacts
        for warned in contact.warnings
    ]
    with transaction.atomic():
        import_rows.stage(contacts)
        import_rows.refuse(refusals, job_id=job.pk, skipped=False)
        import_rows.refuse(notes, job_id=job.pk, skipped=True)
        update_job(
            job,
            row_count=F("row_count") + len(piece),
            refused_count=F("refused_count") + len(refusals),
            progress=progress,
        )


def _left_out(
    piece: Sequence[import_rows.StagedRow],
    target: import_rows.Target,
    suppressed_among: SuppressedAmong,
) -> list[Refusal]:
    """Return the rows of people who must not be mailed or have left the list, with the reason."""
    keys = [row.email_key for row in piece]
    suppressed = suppressed_among(keys)
    unsubscribed = import_rows.unsubscribed_among(keys, target=target)
    left_out = []
    for row in piece:
        if reason := suppressed.get(row.email_key):
            words = reason.replace("_", " ")
            message = f"The address is on the suppression list ({words}); nothing was changed."
            left_out.append(Refusal(row.number, SUPPRESSED, message, row.email))
        elif row.email_key in unsubscribed:
            message = "The person has unsubscribed from this list; nothing was changed."
            left_out.append(Refusal(row.number, UNSUBSCRIBED, message, row.email))
    return left_out


def _write(
    rows: Sequence[import_rows.StagedRow], target: import_rows.Target, *, dry_run: bool
) -> int:
    """Return how many contacts are new, having written them unless this is a dry run."""
    if dry_run:
        return import_rows.count_new([row.email_key for row in rows], target=target)
    return import_rows.apply([row.number for row in rows], target=target)
