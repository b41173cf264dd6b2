"""Exports: written once, taken up where they were left, deleted after a time."""

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from campaigns.models import AuditEntry
from common.locks import lock_key
from insights.criteria import Criteria
from insights.events import EventType
from insights.models import ExportJob, ExportStatus
from insights.operations import exports
from insights.queries.exports import LOCK_SPACE, due_exports
from tests.factories.campaigns import CampaignFactory, ContactFactory, RecipientFactory
from tests.insights.happening import happened, sent_message

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


@pytest.fixture
def campaign():
    return CampaignFactory(name="=SUM(A1)")


@pytest.fixture
def started(campaign):
    """Return a function that asks for an export."""

    def create(**asked):
        return exports.create_export(
            campaign.organization, criteria=Criteria(**asked), started_by="ada", now=NOW
        )

    return create


def run(job, folder):
    """Run an export, and return it as it stands then."""
    exports.run_export(job.pk, directory=folder, clock=lambda: NOW)
    job.refresh_from_db()
    return job


def rows(job):
    text = Path(job.path).read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def messages(campaign, number):
    return [sent_message(RecipientFactory(campaign=campaign)) for _ in range(number)]


class TestCreateExport:
    def test_says_in_the_audit_log_who_asked_for_what(self, started):
        job = started(event="bounced", q="ada")

        entry = AuditEntry.objects.get()
        assert (entry.actor, entry.action) == ("ada", "messages.export")
        assert entry.details == job.filters == {"event": "bounced", "q": "ada"}
        assert due_exports() == [job.pk]


class TestRunExport:
    def test_writes_each_message_that_matches_once(self, started, campaign, tmp_path):
        wanted = messages(campaign, 3)
        sent_message(wanted[0])
        happened(wanted[0], EventType.OPENED, after=5, actor="human")
        sent_message(RecipientFactory())

        job = run(started(event="sent"), tmp_path)

        assert (job.status, job.row_count, job.total_count, job.progress) == (
            ExportStatus.FINISHED, 3, 3, 1.0,
        )  # fmt: skip
        assert [row["recipient_id"] for row in rows(job)] == [str(one.pk) for one in wanted]
        assert job.expires_at == NOW + timedelta(days=7)
        assert Path(job.path).stat().st_mode & 0o777 == 0o600
        assert due_exports() == []

    def test_says_what_the_server_said_in_words_too(self, started, campaign, tmp_path):
        answer = {"smtp_code": 552, "enhanced_code": "5.2.2", "bounce_class": "soft",
                  "smtp_response": '5.2.2 Mailbox full,\r\n5.2.2 "really"'}  # fmt: skip
        happened(RecipientFactory(campaign=campaign, **answer), EventType.BOUNCED, **answer)

        [row] = rows(run(started(smtp_code=552), tmp_path))

        assert row["meaning"] == "Mailbox full"
        assert row["smtp_response"] == answer["smtp_response"]

    def test_makes_text_of_what_a_spreadsheet_would_compute(self, started, campaign, tmp_path):
        contact = ContactFactory(organization=campaign.organization, email="+1@example.com")
        sent_message(RecipientFactory(campaign=campaign, contact=contact))

        [row] = rows(run(started(), tmp_path))

        assert (row["email"], row["campaign"]) == ("'+1@example.com", "'=SUM(A1)")

    def test_goes_on_where_a_killed_worker_left_it(self, started, campaign, tmp_path, monkeypatch):
        monkeypatch.setattr(exports, "PIECE_ROWS", 2)
        wanted = messages(campaign, 7)
        job = started()
        write, pieces = exports._write, []

        def dies(job, file, piece):
            if len(pieces) == 2:
                file.write(b"half a li")  # on the disk, but not noted
                file.flush()
                raise KeyboardInterrupt
            pieces.append(piece)
            write(job, file, piece)

        monkeypatch.setattr(exports, "_write", dies)
        with pytest.raises(KeyboardInterrupt):
            run(job, tmp_path)
        job.refresh_from_db()
        assert (job.status, job.row_count) == (ExportStatus.RUNNING, 4)
        assert due_exports() == [job.pk]

        monkeypatch.setattr(exports, "_write", lambda *given: pieces.append(1) or write(*given))
        run(job, tmp_path)

        assert [row["recipient_id"] for row in rows(job)] == [str(one.pk) for one in wanted]
        assert (job.status, job.row_count, len(pieces)) == (ExportStatus.FINISHED, 7, 4)

    def test_begins_anew_when_the_file_is_gone(self, started, campaign, tmp_path):
        [message] = messages(campaign, 1)
        job = started()
        ExportJob.objects.update(
            status="running", path=str(tmp_path / "gone"), row_count=5, byte_count=500,
            last_recipient_id=message.pk,
        )  # fmt: skip

        run(job, tmp_path)

        assert (job.row_count, len(rows(job))) == (1, 1)

    def test_leaves_no_file_when_it_fails(self, started, campaign, tmp_path, monkeypatch):
        messages(campaign, 1)
        monkeypatch.setattr(exports, "csv_line", lambda cells: 1 / 0)
        job = started()

        with pytest.raises(ZeroDivisionError):
            run(job, tmp_path)

        job.refresh_from_db()
        assert (job.status, job.path, list(tmp_path.iterdir())) == (ExportStatus.FAILED, "", [])
        assert "fault in the program" in job.failure
        assert due_exports() == []

    def test_is_done_by_one_of_two_workers(self, started, campaign, tmp_path):
        messages(campaign, 1)
        job = started()
        given = connection.get_connection_params()
        given = {k: given[k] for k in ("host", "port", "user", "password", "dbname") if k in given}

        with psycopg.connect(**given) as other:
            other.execute("SELECT pg_advisory_lock(%s, %s)", lock_key(LOCK_SPACE, job.pk))
            taken = exports.run_export(job.pk, directory=tmp_path, clock=lambda: NOW)
            seen_as_due = due_exports()
            other.execute("SELECT pg_advisory_unlock_all()")

        assert (taken, seen_as_due) == (False, [])
        assert exports.run_export(job.pk, directory=tmp_path, clock=lambda: NOW) is True
        assert exports.run_export(job.pk, directory=tmp_path, clock=lambda: NOW) is False


class TestDiscardExpired:
    def test_deletes_files_whose_time_is_over(self, started, campaign, tmp_path):
        messages(campaign, 1)
        old, kept = run(started(), tmp_path), run(started(), tmp_path)
        ExportJob.objects.filter(pk=kept.pk).update(expires_at=NOW + timedelta(days=8))

        count = exports.discard_expired(now=NOW + timedelta(days=7))

        old.refresh_from_db()
        assert (count, old.status, old.path) == (1, ExportStatus.EXPIRED, "")
        assert [Path(path) for path in tmp_path.iterdir()] == [Path(kept.path)]
        assert exports.discard_expired(now=NOW + timedelta(days=7)) == 0
