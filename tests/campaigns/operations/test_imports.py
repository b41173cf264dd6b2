"""Imports: from an upload to contacts and subscriptions, exactly once."""

import csv
import io
from datetime import timedelta
from pathlib import Path

import pytest

from campaigns.importing.mapping import MappingError
from campaigns.importing.table import FileError
from campaigns.models import Contact, ImportJob, ImportStatus, Subscription, SubscriptionStatus
from campaigns.operations import import_pieces
from campaigns.operations.imports import run_import
from campaigns.queries import imports as import_queries
from tests.campaigns.conftest import NOW, TWO_PEOPLE
from tests.factories.campaigns import ContactFactory, OrganizationFactory, SubscriptionFactory

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


class TestCreateImport:
    def test_keeps_the_file_and_what_the_columns_are(self, started, import_list, tmp_path):
        job = started(file_name="../my contacts.csv", started_by="jo")

        assert (job.status, job.list, job.organization) == (
            "waiting",
            import_list,
            import_list.organization,
        )
        assert job.mapping == {
            "Email": "email",
            "First name": "first_name",
            "City": "attribute:city",
        }
        assert Path(job.path).read_text() == TWO_PEOPLE
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
            (TWO_PEOPLE, {"Town": "email"}, MappingError),
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
    def test_makes_contacts_and_subscriptions(self, run, import_list):
        job = run()

        assert (job.status, job.progress) == (ImportStatus.FINISHED, 1.0)
        assert (job.started_at, job.finished_at is None) == (NOW, False)
        assert counts(job) == {"row": 2, "created": 2, "updated": 0, "skipped": 0, "refused": 0}
        contact = Contact.objects.get(email_key="jo@example.com")
        assert contact.organization == import_list.organization
        assert (contact.email, contact.domain, contact.first_name, contact.attributes) == (
            "jo@example.com", "example.com", "Jo", {"city": "Rome"},
        )  # fmt: skip
        assert contact.created_at == NOW
        subscription = contact.subscriptions.get()
        assert (subscription.list, subscription.status) == (import_list, "subscribed")
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

    def test_updates_a_known_contact_and_leaves_what_the_file_does_not_say(self, run, import_list):
        known = ContactFactory(
            organization=import_list.organization,
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

    def test_does_not_subscribe_again_who_has_left_the_list(self, run, import_list):
        left = SubscriptionFactory(
            list=import_list,
            contact__organization=import_list.organization,
            contact__email="jo@example.com",
            status=SubscriptionStatus.UNSUBSCRIBED,
        )

        job = run()

        left.refresh_from_db()
        assert left.status == SubscriptionStatus.UNSUBSCRIBED
        assert left.contact.first_name == "Ada"
        assert counts(job) == {"row": 2, "created": 1, "updated": 0, "skipped": 1, "refused": 0}
        assert reported(job) == [(2, "unsubscribed", True)]

    def test_subscribes_who_has_left_another_list(self, run, import_list):
        left = SubscriptionFactory(
            contact__organization=import_list.organization,
            contact__email="jo@example.com",
            status=SubscriptionStatus.UNSUBSCRIBED,
        )

        run()

        assert (
            left.contact.subscriptions.get(list=import_list).status == SubscriptionStatus.SUBSCRIBED
        )

    def test_confirms_who_was_asked_but_has_not_answered(self, run, import_list):
        asked = SubscriptionFactory(
            list=import_list,
            contact__organization=import_list.organization,
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

    def test_says_the_same_in_a_dry_run_and_writes_nothing(self, run, import_list):
        content = (
            "Email,Name,Time zone\nnobody,A,\njo@example.com,Jo,\nJO@example.com,,\n"
            "gone@example.com,,\nbad@example.com,,\nann@example.com,,Nowhere\n"
        )
        ContactFactory(organization=import_list.organization, email="ann@example.com")
        SubscriptionFactory(
            list=import_list,
            contact__organization=import_list.organization,
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
