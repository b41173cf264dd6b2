"""Imports: from an upload to contacts and subscriptions, exactly once."""

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from django.db import OperationalError, connection

from campaigns.importing.mapping import MappingError
from campaigns.importing.table import FileError
from campaigns.models import (
    Contact,
    ImportJob,
    ImportStatus,
    Subscription,
    SubscriptionStatus,
)
from campaigns.operations import import_pieces
from campaigns.operations.imports import (
    ImportStateError,
    NewImport,
    create_import,
    discard_files,
    rerun_import,
    run_import,
)
from campaigns.queries import imports as import_queries
from tests.factories.campaigns import (
    ContactFactory,
    ContactListFactory,
    OrganizationFactory,
    SubscriptionFactory,
)

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SIMPLE = "Email,First name,City\njo@example.com,Jo,Rome\nann@example.com,Ann,Oslo\n"


def nobody(_keys):
    return {}


@pytest.fixture
def list_():
    return ContactListFactory()


@pytest.fixture
def started(list_, tmp_path):
    """Return a function that uploads a text (or bytes) and gives the job that waits."""

    def create(content=SIMPLE, *, to_list=True, **wanted):
        data = content.encode() if isinstance(content, str) else content
        return create_import(
            io.BytesIO(data),
            wanted=NewImport(
                organization=list_.organization,
                list=list_ if to_list else None,
                **{"file_name": "contacts.csv"} | wanted,
            ),
            directory=tmp_path / "imports",
        )

    return create


@pytest.fixture
def run(started):
    """Return a function that uploads a text, runs the import and gives the ended job."""

    def upload_and_run(content=SIMPLE, *, suppressed=None, now=NOW, **wanted):
        job = started(content, **wanted)
        assert run_import(job.pk, suppressed_among=lambda _: suppressed or {}, now=now)
        job.refresh_from_db()
        return job

    return upload_and_run


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


class TestCreateImport:
    def test_keeps_the_file_and_what_the_columns_are(self, started, list_, tmp_path):
        job = started(file_name="../my contacts.csv", started_by="jo")

        assert (job.status, job.list, job.organization) == ("waiting", list_, list_.organization)
        assert job.mapping == {
            "Email": "email",
            "First name": "first_name",
            "City": "attribute:city",
        }
        assert Path(job.path).read_text() == SIMPLE
        assert Path(job.path).parent == tmp_path / "imports"
        assert (job.file_name, job.started_by) == ("../my contacts.csv", "jo")

    def test_takes_the_mapping_it_is_given(self, started):
        job = started(mapping={"email": "email", "3": "last_name"})

        assert job.mapping == {"Email": "email", "First name": "ignore", "City": "last_name"}

    @pytest.mark.parametrize(
        ("content", "mapping", "error"),
        [
            ("", None, FileError),
            ("Email\n", None, FileError),
            ("City\nRome\n", None, MappingError),
            (SIMPLE, {"Town": "email"}, MappingError),
        ],
    )
    def test_stores_nothing_of_what_cannot_be_imported(
        self, started, tmp_path, content, mapping, error
    ):
        with pytest.raises(error):
            started(content, mapping=mapping)

        assert not ImportJob.objects.exists()
        assert list((tmp_path / "imports").iterdir()) == []


class TestRunImport:
    def test_makes_contacts_and_subscriptions(self, run, list_):
        job = run()

        assert (job.status, job.progress) == (ImportStatus.FINISHED, 1.0)
        assert (job.started_at, job.finished_at is None) == (NOW, False)
        assert counts(job) == {"row": 2, "created": 2, "updated": 0, "skipped": 0, "refused": 0}
        contact = Contact.objects.get(email_key="jo@example.com")
        assert contact.organization == list_.organization
        assert (contact.email, contact.domain, contact.first_name, contact.attributes) == (
            "jo@example.com", "example.com", "Jo", {"city": "Rome"},
        )  # fmt: skip
        assert contact.created_at == NOW
        subscription = contact.subscriptions.get()
        assert (subscription.list, subscription.status) == (list_, "subscribed")
        assert (subscription.source, subscription.subscribed_at) == ("import", NOW)
        assert subscription.evidence == {"import": job.pk, "row": 2}

    def test_can_store_contacts_without_a_list(self, run):
        job = run(to_list=False)

        assert job.created_count == 2
        assert not Subscription.objects.exists()

    def test_names_each_row_that_it_refuses_and_takes_the_rest(self, run):
        job = run(
            "Email,Name\nnobody,A\njo@example.com,Jo\na@b@example.com,B\nann@example.com,Ann,x\n"
            "jürgen@example.com,J\nbo@bücher.example,Bo\n"
        )

        assert counts(job) == {"row": 6, "created": 2, "updated": 0, "skipped": 0, "refused": 4}
        assert reported(job) == [
            (2, "address_without_at", False),
            (4, "address_several_at", False),
            (5, "too_many_cells", False),
            (6, "address_local_not_ascii", False),
        ]
        assert set(Contact.objects.values_list("email", flat=True)) == {
            "jo@example.com",
            "bo@xn--bcher-kva.example",
        }

    def test_merges_rows_with_the_same_address_in_any_case(self, run):
        job = run(
            "Email,First name,Last name,City,Age\n"
            "Jo@Example.com,Jo,,Rome,40\n"
            "ann@example.com,Ann,,,\n"
            "JO@EXAMPLE.COM,,Doe,Oslo,\n"
            "jo@example.com,Joanna,,,\n"
        )

        assert counts(job) == {"row": 4, "created": 2, "updated": 0, "skipped": 2, "refused": 0}
        assert reported(job) == [(4, "same_address", True), (5, "same_address", True)]
        assert "row 2" in job.refusals.first().reason
        contact = Contact.objects.get(email_key="jo@example.com")
        assert contact.email == "Jo@example.com"
        assert (contact.first_name, contact.last_name) == ("Joanna", "Doe")
        assert contact.attributes == {"city": "Oslo", "age": "40"}

    def test_updates_a_known_contact_and_leaves_what_the_file_does_not_say(self, run, list_):
        known = ContactFactory(
            organization=list_.organization,
            email="jo@example.com",
            first_name="Joanna",
            last_name="Doe",
            attributes={"city": "Paris", "age": 40},
        )

        job = run("Email,First name,Last name,City\nJO@example.com,Jo,,Rome\n")

        known.refresh_from_db()
        assert counts(job) == {"row": 1, "created": 0, "updated": 1, "skipped": 0, "refused": 0}
        assert known.email == "jo@example.com"
        assert (known.first_name, known.last_name) == ("Jo", "Doe")
        assert known.attributes == {"city": "Rome", "age": 40}
        assert known.updated_at == NOW
        assert known.subscriptions.get().status == SubscriptionStatus.SUBSCRIBED

    def test_does_not_write_what_stays_as_it_is(self, run):
        run(now=NOW)

        job = run(now=NOW + timedelta(days=1))

        assert counts(job) == {"row": 2, "created": 0, "updated": 2, "skipped": 0, "refused": 0}
        assert set(Contact.objects.values_list("updated_at", flat=True)) == {NOW}
        assert Subscription.objects.count() == 2

    def test_leaves_the_contacts_of_other_organizations_alone(self, run):
        stranger = ContactFactory(organization=OrganizationFactory(), email="jo@example.com")

        job = run()

        stranger.refresh_from_db()
        assert job.created_count == 2
        assert stranger.first_name == "Ada"
        assert not stranger.subscriptions.exists()

    def test_does_not_subscribe_again_who_has_left_the_list(self, run, list_):
        left = SubscriptionFactory(
            list=list_,
            contact__organization=list_.organization,
            contact__email="jo@example.com",
            status=SubscriptionStatus.UNSUBSCRIBED,
        )

        job = run()

        left.refresh_from_db()
        assert left.status == SubscriptionStatus.UNSUBSCRIBED
        assert left.contact.first_name == "Ada"
        assert counts(job) == {"row": 2, "created": 1, "updated": 0, "skipped": 1, "refused": 0}
        assert reported(job) == [(2, "unsubscribed", True)]

    def test_subscribes_who_has_left_another_list(self, run, list_):
        left = SubscriptionFactory(
            contact__organization=list_.organization,
            contact__email="jo@example.com",
            status=SubscriptionStatus.UNSUBSCRIBED,
        )

        run()

        assert left.contact.subscriptions.get(list=list_).status == SubscriptionStatus.SUBSCRIBED

    def test_confirms_who_was_asked_but_has_not_answered(self, run, list_):
        asked = SubscriptionFactory(
            list=list_,
            contact__organization=list_.organization,
            contact__email="jo@example.com",
            status=SubscriptionStatus.PENDING,
        )

        run()

        asked.refresh_from_db()
        assert (asked.status, asked.source) == (SubscriptionStatus.SUBSCRIBED, "import")

    def test_skips_suppressed_people_and_says_why(self, run):
        job = run(suppressed={"jo@example.com": "hard_bounce"})

        assert counts(job) == {"row": 2, "created": 1, "updated": 0, "skipped": 1, "refused": 0}
        assert reported(job) == [(2, "suppressed", True)]
        assert "hard bounce" in job.refusals.get().reason
        assert not Contact.objects.filter(email_key="jo@example.com").exists()

    def test_asks_about_every_address_by_its_key(self, started):
        asked = []
        job = started("Email\nJo@Example.COM\nnobody\nann@example.com\n")

        run_import(job.pk, suppressed_among=lambda keys: asked.extend(keys) or {}, now=NOW)

        assert asked == ["jo@example.com", "ann@example.com"]

    def test_keeps_a_contact_and_notes_a_value_it_left_out(self, run):
        job = run("Email,Time zone\njo@example.com,Mars/Base\n")

        assert counts(job) == {"row": 1, "created": 1, "updated": 0, "skipped": 0, "refused": 0}
        assert reported(job) == [(2, "note_unknown_timezone", True)]

    def test_reads_a_workbook(self, run):
        import openpyxl

        book = openpyxl.Workbook()
        book.active.append(["Email", "Age"])
        book.active.append(["jo@example.com", 42])
        content = io.BytesIO()
        book.save(content)

        run(content.getvalue())

        assert Contact.objects.get().attributes == {"age": "42"}

    def test_keeps_strange_values_whole(self, run):
        value = 'tab\there "quotes" \\N \\. {curly} %s null \u2603 👩\u200d🚀'
        text = io.StringIO()
        csv.writer(text).writerows([["Email", "Note"], ["jo@example.com", value]])

        run(text.getvalue())

        assert Contact.objects.get().attributes == {"note": value.replace("\t", " ")}

    def test_says_the_same_in_a_dry_run_and_writes_nothing(self, run, list_):
        content = (
            "Email,Name,Time zone\nnobody,A,\njo@example.com,Jo,\nJO@example.com,,\n"
            "gone@example.com,,\nbad@example.com,,\nann@example.com,,Nowhere\n"
        )
        ContactFactory(organization=list_.organization, email="ann@example.com")
        SubscriptionFactory(
            list=list_,
            contact__organization=list_.organization,
            contact__email="gone@example.com",
            status=SubscriptionStatus.UNSUBSCRIBED,
        )
        suppressed = {"bad@example.com": "complaint"}

        dry = run(content, suppressed=suppressed, dry_run=True)
        after_dry_run = (Contact.objects.count(), Subscription.objects.count())
        real = run(content, suppressed=suppressed)

        assert after_dry_run == (2, 1)
        assert counts(dry) == counts(real)
        assert counts(dry) == {"row": 6, "created": 1, "updated": 1, "skipped": 3, "refused": 1}
        assert reported(dry) == reported(real)
        assert Path(dry.path).exists()
        assert not Path(real.path).exists()

    def test_does_not_run_an_ended_import_again(self, run):
        job = run()

        assert not run_import(job.pk, suppressed_among=nobody, now=NOW)

        job.refresh_from_db()
        assert job.created_count == 2

    def test_ends_as_failed_when_the_file_is_gone(self, started):
        job = started()
        Path(job.path).unlink()

        assert run_import(job.pk, suppressed_among=nobody, now=NOW)

        job.refresh_from_db()
        assert job.status == ImportStatus.FAILED
        assert "could not be opened" in job.failure

    def test_ends_as_failed_when_the_program_is_at_fault(self, started):
        def broken(_keys):
            raise KeyError

        job = started()

        with pytest.raises(KeyError):
            run_import(job.pk, suppressed_among=broken, now=NOW)

        job.refresh_from_db()
        assert job.status == ImportStatus.FAILED
        assert "fault in the program" in job.failure

    def test_shows_progress_while_it_runs(self, started, monkeypatch):
        monkeypatch.setattr(import_pieces, "PIECE_ROWS", 10)
        job = started("Email\n" + "".join(f"p{n}@example.com\n" for n in range(40)))
        seen = []

        def look(_keys):
            seen.append(import_queries.progress(job))
            return {}

        run_import(job.pk, suppressed_among=look, now=NOW)

        assert [progress.share for progress in seen] == [0.5, 0.625, 0.75, 0.875]
        assert [progress.created_count for progress in seen] == [0, 10, 20, 30]
        assert {progress.row_count for progress in seen} == {40}
        assert not seen[-1].ended
        assert import_queries.progress(job).ended


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


class TestRefusalReport:
    def test_is_a_csv_file_with_the_row_and_the_reason(self, run):
        job = run(
            'Email,Name,Time zone\nnobody,"A, B",\njo@example.com,Jo,Mars\nJo@example.com,,\n'
        )

        lines = "".join(import_queries.refusal_report(job))

        assert lines.startswith("\ufeffrow,result,")
        rows = list(csv.reader(io.StringIO(lines.lstrip("\ufeff"))))
        assert rows[0] == ["row", "result", "reason", "code", "content"]
        assert [(row[0], row[1], row[3]) for row in rows[1:]] == [
            ("2", "refused", "address_without_at"),
            ("3", "note", "note_unknown_timezone"),
            ("4", "skipped", "same_address"),
        ]
        assert rows[1][2] == "The address has no @. It should look like name@example.com."
        assert rows[1][4] == "nobody | A, B |"

    def test_disarms_cells_that_a_spreadsheet_would_calculate(self, run):
        job = run('Email\n"=HYPERLINK(""https://evil.example"")"\njo@example.com\n')

        lines = list(import_queries.refusal_report(job))

        assert next(csv.reader(lines[1:]))[4].startswith("'=HYPERLINK")


class TestPreview:
    def test_shows_columns_guess_and_first_rows(self):
        shown = import_queries.preview(SIMPLE.encode())

        assert shown.columns == ("Email", "First name", "City")
        assert shown.mapping["First name"] == "first_name"
        assert shown.rows[0] == ["jo@example.com", "Jo", "Rome"]
        assert shown.description == "CSV, UTF-8, columns separated by commas"
