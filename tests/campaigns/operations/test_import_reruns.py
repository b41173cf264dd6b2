"""Imports that are run again: after an accident, or in earnest after a dry run."""

from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from django.db import OperationalError, connection

from campaigns.models import Contact, ImportJob, ImportStatus, Subscription
from campaigns.operations import import_pieces
from campaigns.operations.imports import ImportStateError, discard_files, rerun_import, run_import
from campaigns.queries import imports as import_queries
from tests.campaigns.conftest import NOW

pytestmark = pytest.mark.django_db


def nobody(_keys):
    return {}


def counts(job):
    return {
        "row": job.row_count,
        "created": job.created_count,
        "updated": job.updated_count,
        "skipped": job.skipped_count,
        "refused": job.refused_count,
    }


def reported(job):
    return list(job.refusals.order_by("row_number").values_list("row_number", "code", "skipped"))


class TestRunImportAgain:
    """A worker dies in the middle, and another one takes over."""

    CONTENT = (
        "Email,City\n"
        + "".join(f"p{n}@example.com,Rome\n" for n in range(30))
        + "nobody,\np3@example.com,Oslo\nP25@example.com,Oslo\n"
    )
    SUPPRESSED = {"p2@example.com": "manual", "p27@example.com": "manual"}

    @pytest.fixture(autouse=True)
    def _small_pieces(self, monkeypatch):
        monkeypatch.setattr(import_pieces, "PIECE_ROWS", 10)

    def suppressed_until(self, calls):
        """Return a lookup that loses the database connection at that call."""
        left = iter(range(calls - 1))

        def lookup(_keys):
            if next(left, None) is None:
                raise OperationalError
            return self.SUPPRESSED

        return lookup

    @pytest.mark.parametrize("calls", [1, 2, 3])
    def test_ends_with_the_same_counts_as_without_the_death(self, started, calls):
        job = started(self.CONTENT)

        with pytest.raises(OperationalError):
            run_import(job.pk, suppressed_among=self.suppressed_until(calls), now=NOW)
        job.refresh_from_db()
        interrupted = (job.status, job.created_count)
        assert run_import(
            job.pk, suppressed_among=lambda _: self.SUPPRESSED, now=NOW + timedelta(hours=1)
        )

        job.refresh_from_db()
        assert interrupted[0] == ImportStatus.RUNNING
        assert interrupted[1] == [0, 9, 19][calls - 1]
        assert job.status == ImportStatus.FINISHED
        assert counts(job) == {"row": 33, "created": 28, "updated": 0, "skipped": 4, "refused": 1}
        assert reported(job) == [
            (4, "suppressed", True),
            (29, "suppressed", True),
            (32, "address_without_at", False),
            (33, "same_address", True),
            (34, "same_address", True),
        ]
        assert Contact.objects.count() == Subscription.objects.count() == 28
        assert Contact.objects.get(email_key="p25@example.com").attributes == {"city": "Oslo"}
        assert job.started_at == NOW

    def test_is_due_until_it_has_ended(self, started):
        job = started(self.CONTENT)

        waiting = import_queries.due_imports()
        with pytest.raises(OperationalError):
            run_import(job.pk, suppressed_among=self.suppressed_until(2), now=NOW)
        interrupted = import_queries.due_imports()
        run_import(job.pk, suppressed_among=nobody, now=NOW)

        assert waiting == interrupted == [job.pk]
        assert import_queries.due_imports() == []

    def test_is_left_to_the_worker_that_is_at_it(self, started):
        job = started(self.CONTENT)

        with psycopg.connect(
            **connection.get_connection_params() | {"cursor_factory": None}
        ) as other:
            other.execute("SELECT pg_advisory_lock(%s, %s)", import_queries.lock_key(job.pk))
            ran = run_import(job.pk, suppressed_among=nobody, now=NOW)
            due = import_queries.due_imports()
        with connection.cursor() as cursor:  # waits until the server has seen the end of the other
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", import_queries.lock_key(job.pk))
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", import_queries.lock_key(job.pk))
        after_death = import_queries.due_imports()

        assert not ran
        assert due == []
        assert after_death == [job.pk]
        assert not Contact.objects.exists()


class TestRerunImport:
    def test_turns_a_dry_run_into_the_real_one(self, run):
        job = run(dry_run=True)

        rerun_import(job, dry_run=False)
        assert (job.status, job.row_count, job.created_count) == ("waiting", 0, 0)
        run_import(job.pk, suppressed_among=nobody, now=NOW)

        job.refresh_from_db()
        assert counts(job) == {"row": 2, "created": 2, "updated": 0, "skipped": 0, "refused": 0}
        assert Contact.objects.count() == 2

    def test_takes_another_mapping(self, run):
        job = run(dry_run=True)

        rerun_import(job, dry_run=False, mapping={"Email": "email", "City": "last_name"})
        run_import(job.pk, suppressed_among=nobody, now=NOW)

        assert Contact.objects.get(email_key="jo@example.com").last_name == "Rome"

    def test_forgets_the_report_of_the_run_before(self, run):
        job = run("Email\nnobody\njo@example.com\n", dry_run=True)

        rerun_import(job, dry_run=True)

        assert not job.refusals.exists()

    def test_is_refused_when_the_file_is_gone(self, run):
        job = run()

        with pytest.raises(ImportStateError, match="Upload it again"):
            rerun_import(job, dry_run=False)

    def test_is_refused_while_it_waits_or_runs(self, started):
        with pytest.raises(ImportStateError, match="not finished"):
            rerun_import(started(), dry_run=False)


class TestDiscardFiles:
    def test_deletes_the_files_of_old_imports_only(self, run, started):
        old, waiting = run(dry_run=True), started()
        ImportJob.objects.filter(pk=old.pk).update(finished_at=NOW - timedelta(days=8))

        discarded = discard_files(finished_before=NOW - timedelta(days=7))

        assert discarded == 1
        assert not Path(old.path).exists()
        assert Path(waiting.path).exists()
        assert discard_files(finished_before=NOW) == 0
