"""Imports of contacts: stored, run, run again.

A run reads the whole file into a staging table first and then applies it in pieces, each with
its counts in one transaction. A run that dies is simply run again: staging the same file gives
the same rows, and the counts tell how many of them are applied already. An advisory lock of
the database, which goes with the connection of a dead worker, keeps two workers apart.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from django.db import InterfaceError, OperationalError, transaction
from django.db.models.functions import Now

from campaigns.importing.mapping import ColumnMapping, mapping_for
from campaigns.importing.reading import open_table
from campaigns.models import ContactList, ImportJob, ImportStatus, Organization
from campaigns.operations import import_rows
from campaigns.operations.import_pieces import (
    LEFT_OUT,
    SuppressedAmong,
    apply_staged,
    stage_table,
    update_job,
)
from campaigns.queries.imports import LOCK_SPACE
from common.errors import DomainError
from common.locks import alone


class ImportStateError(DomainError):
    """What was asked does not fit the state of the import."""


@dataclass(frozen=True, slots=True)
class NewImport:
    """What a person chose: where the contacts of a file go, and how.

    `mapping` is `{"column": "target"}` as in `importing.mapping`; without one it is guessed.
    Without a `list` the contacts are stored and subscribed to nothing.
    """

    organization: Organization
    file_name: str
    list: ContactList | None = None
    mapping: Mapping[str, str] | None = None
    dry_run: bool = False
    started_by: str = ""


def create_import(upload: BinaryIO, *, wanted: NewImport, directory: Path) -> ImportJob:
    """Store the file in `directory` and return a job that waits to be run.

    Raises FileError when the file holds no table with a row, MappingError when the mapping does
    not fit it or no column of addresses was found; nothing is stored then.
    """
    path = _stored(upload, directory)
    try:
        with open_table(path) as table:
            mapping = mapping_for(table, wanted.mapping)
            return ImportJob.objects.create(
                organization=wanted.organization,
                list=wanted.list,
                file_name=wanted.file_name[-255:],
                path=str(path),
                mapping=mapping.as_json(columns=table.columns),
                dry_run=wanted.dry_run,
                started_by=wanted.started_by,
            )
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def rerun_import(
    job: ImportJob, *, dry_run: bool, mapping: Mapping[str, str] | None = None
) -> None:
    """Let a finished or failed import wait to be run again, perhaps in earnest or differently.

    Raises ImportStateError while it runs, or when its file is gone, as it is after a finished
    run that was no dry run; raises FileError and MappingError as `create_import` does.
    """
    path = Path(job.path)
    if not path.is_file():
        raise ImportStateError("import_file_gone", "The file is no longer kept. Upload it again.")
    with open_table(path) as table:
        fitting = mapping_for(table, job.mapping if mapping is None else mapping)
        as_json = fitting.as_json(columns=table.columns)
    with transaction.atomic():
        changed = ImportJob.objects.filter(
            pk=job.pk, status__in=(ImportStatus.FINISHED, ImportStatus.FAILED)
        ).update(
            status=ImportStatus.WAITING, mapping=as_json, dry_run=dry_run, failure="",
            progress=0.0, row_count=0, created_count=0, updated_count=0, skipped_count=0,
            refused_count=0, started_at=None, finished_at=None,
        )  # fmt: skip
        if not changed:
            raise ImportStateError("import_running", "The import has not finished yet.")
        job.refusals.all().delete()
    job.refresh_from_db()


def discard_files(*, finished_before: datetime) -> int:
    """Delete the files of imports that ended before this moment; return how many there were."""
    ended = ImportJob.objects.filter(finished_at__lt=finished_before).exclude(path="")
    paths = list(ended.values_list("path", flat=True))
    for path in paths:
        Path(path).unlink(missing_ok=True)
    ended.filter(path__in=paths).update(path="")
    return len(paths)


def run_import(job_id: int, *, suppressed_among: SuppressedAmong, now: datetime) -> bool:
    """Bring in the contacts of a job; return whether this call did it.

    False when another worker is at it or it has ended. `suppressed_among` gives, for a list of
    address keys, the reason of each that must not be mailed. A file that cannot be read ends the
    job as failed. A lost database connection leaves it to be run again, which does no harm.
    """
    with alone(LOCK_SPACE, job_id) as ours:
        job = ImportJob.objects.select_related("list").get(pk=job_id)
        if not ours or job.status not in (ImportStatus.WAITING, ImportStatus.RUNNING):
            return False
        try:
            _run(job, suppressed_among, now)
        except DomainError as error:
            _fail(job, error.message)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            _fail(job, "The import stopped because of a fault in the program. It was logged.")
            raise
    return True


def _run(job: ImportJob, suppressed_among: SuppressedAmong, now: datetime) -> None:
    applied_count = _start(job, now)
    target = import_rows.Target(job.pk, job.organization_id, job.list_id, now)
    with open_table(Path(job.path)) as table:
        mapping = ColumnMapping.from_json(job.mapping, columns=table.columns)
        stage_table(job, table=table, mapping=mapping)
    apply_staged(job, target=target, suppressed_among=suppressed_among, applied_count=applied_count)
    import_rows.drop_staging()
    update_job(job, status=ImportStatus.FINISHED, progress=1.0, finished_at=Now())
    if not job.dry_run:
        Path(job.path).unlink(missing_ok=True)


def _start(job: ImportJob, now: datetime) -> int:
    """Bring the counts to where applying stopped; return how many staged rows were applied."""
    with transaction.atomic():
        job.refusals.exclude(code__in=LEFT_OUT).delete()
        left_out_count = job.refusals.count()
        update_job(
            job, status=ImportStatus.RUNNING, started_at=job.started_at or now,
            row_count=0, refused_count=0, skipped_count=left_out_count, failure="",
        )  # fmt: skip
    return job.created_count + job.updated_count + left_out_count


def _fail(job: ImportJob, reason: str) -> None:
    update_job(job, status=ImportStatus.FAILED, failure=reason, finished_at=Now())


def _stored(upload: BinaryIO, directory: Path) -> Path:
    """Copy the upload into the folder under a name that nobody chose."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory.resolve() / uuid.uuid4().hex
    upload.seek(0)
    with path.open("xb") as file:
        shutil.copyfileobj(upload, file)
    return path
