"""Bring a file of contacts in from the command line."""

from __future__ import annotations

import csv
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils import timezone

import campaigns.operations.imports
import campaigns.queries.imports
import sending.operations.importing
from campaigns.models import ContactList, ImportJob, Organization
from campaigns.operations.imports import NewImport
from campaigns.queries.imports import ImportProgress
from common.errors import DomainError
from sending.conf import import_directory

LOOK_SECONDS: Final = 1.0  # between two lines of progress
SHOWN_ROWS: Final = 20  # of those that need a look; the report has all


class Command(BaseCommand):
    """`manage.py import_contacts --org SLUG --list LIST FILE`."""

    help = (
        "Bring contacts from a CSV or XLSX file onto a list. Broken rows are named, the rest goes "
        "in. Without --map the columns are recognized by their names and content."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file, where its contacts go, and what its columns are."""
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--org", required=True, metavar="SLUG", help="The organization.")
        parser.add_argument(
            "--list",
            metavar="LIST",
            help="Number, slug or name of the list to join; without it they only become contacts.",
        )
        parser.add_argument(
            "--map",
            metavar="MAP",
            help='What the columns are, such as "Mail=email,Town=attribute:city"; targets are '
            "email, first_name, last_name, name, language, timezone, attribute:NAME and ignore.",
        )
        parser.add_argument("--dry-run", action="store_true", help="Count only; change nothing.")
        parser.add_argument(
            "--report", type=Path, metavar="CSV", help="Write the rows that need a look to a file."
        )

    def handle(self, **options: Any) -> None:
        """Import the file and tell what became of its rows; fail when nothing could be read."""
        job = _created(options)
        with self._shown(job):
            sending.operations.importing.run(job.pk, now=timezone.now())
        progress = campaigns.queries.imports.progress(job)
        if progress.failure:
            raise CommandError(progress.failure)
        self._tell(job, progress)
        if options["report"]:
            with options["report"].open("w", encoding="utf-8", newline="") as file:
                file.writelines(campaigns.queries.imports.refusal_report(job))

    @contextmanager
    def _shown(self, job: ImportJob) -> Iterator[None]:
        """Print how far the import is while it runs here."""
        ended = threading.Event()
        watcher = threading.Thread(target=self._watch, args=[job, ended])
        watcher.start()
        try:
            yield
        finally:
            ended.set()
            watcher.join()

    def _watch(self, job: ImportJob, ended: threading.Event) -> None:
        try:
            while not ended.wait(LOOK_SECONDS):
                progress = campaigns.queries.imports.progress(job)
                self.stdout.write(f"{progress.share:4.0%}  {progress.row_count:,} rows read")
        finally:
            connection.close()

    def _tell(self, job: ImportJob, progress: ImportProgress) -> None:
        done = "would be" if job.dry_run else "were"
        self.stdout.write(
            f"{progress.row_count:,} rows: {progress.created_count:,} {done} created, "
            f"{progress.updated_count:,} updated, {progress.skipped_count:,} skipped, "
            f"{progress.refused_count:,} refused"
        )
        looked_at = job.refusals.order_by("row_number", "pk")
        for refusal in looked_at[:SHOWN_ROWS]:
            result = campaigns.queries.imports.result_of(refusal)
            self.stdout.write(f"  row {refusal.row_number:,} {result}: {refusal.reason}")
        more = looked_at.count() - SHOWN_ROWS
        if more > 0:
            self.stdout.write(f"  and {more:,} more; write all of them with --report FILE")


def _created(options: dict[str, Any]) -> ImportJob:
    organization = Organization.objects.filter(slug=options["org"]).first()
    if organization is None:
        raise CommandError(f"There is no organization “{options['org']}”.")
    wanted = NewImport(
        organization=organization,
        file_name=options["file"].name,
        list=_list(organization, options["list"]) if options["list"] else None,
        mapping=_mapping(options["map"]) if options["map"] else None,
        dry_run=options["dry_run"],
        started_by="command line",
    )
    try:
        with options["file"].open("rb") as file:
            return campaigns.operations.imports.create_import(
                file, wanted=wanted, directory=import_directory()
            )
    except OSError as error:
        raise CommandError(f"{options['file']}: {error.strerror}.") from error
    except DomainError as error:
        raise CommandError(error.message) from error


def _list(organization: Organization, given: str) -> ContactList:
    """Return the list with that number, slug or name."""
    lists = organization.lists.all()
    found = list(lists.filter(slug=given)) or list(lists.filter(name=given)[:2])
    if not found and given.isdecimal():
        found = list(lists.filter(pk=int(given)))
    if not found:
        raise CommandError(f"{organization} has no list “{given}”.")
    if len(found) > 1:
        raise CommandError(f"{organization} has several lists “{given}”. Give the slug.")
    return found[0]


def _mapping(text: str) -> dict[str, str]:
    """Return the mapping in `Column=target,Column=target`; a column with a comma in quotes."""
    pairs = [pair.rpartition("=") for pair in next(csv.reader([text], skipinitialspace=True))]
    wrong = [target for column, sign, target in pairs if not (sign and column and target)]
    if wrong:
        raise CommandError(f"“{wrong[0]}” in --map does not read COLUMN=TARGET.")
    return {column.strip(): target.strip() for column, _, target in pairs}
