from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

import sending.operations.importing
from campaigns.models import Contact, ContactList, ImportJob
from campaigns.roles import Role
from tests.admin_world import looking
from tests.factories.campaigns import ContactListFactory, OrganizationFactory

pytestmark = pytest.mark.django_db
PEOPLE = (
    "E-Mail;Vorname;Stadt\r\n"
    "ada@example.com;Ada;Berlin\r\n"
    "no address;Ben;Hamburg\r\n"
    "eva@example.com;Eva;Köln\r\n"
)


def upload(text=PEOPLE, name="people.csv"):
    return SimpleUploadedFile(name, text.encode(), "text/csv")


def url(page, *args):
    return reverse(f"admin:campaigns_importjob_{page}", args=args)


def run(job):
    sending.operations.importing.run(job.pk, now=timezone.now())
    job.refresh_from_db()


@pytest.fixture
def organization():
    return OrganizationFactory()


@pytest.fixture
def client(organization):
    return looking(organization)


class TestInspecting:
    def test_shows_what_each_column_is_taken_for(self, client):
        answer = client.post(url("inspect"), {"file": upload()})

        targets = {column["name"]: column["target"] for column in answer.context["columns"]}
        assert targets == {"E-Mail": "email", "Vorname": "first_name", "Stadt": "attribute"}
        assert answer.context["columns"][2]["samples"] == ["Berlin", "Hamburg", "Köln"]
        assert not ImportJob.objects.exists()

    @pytest.mark.parametrize("text", ["", "just a line"])
    def test_says_what_is_wrong_with_the_file(self, client, text):
        answer = client.post(url("inspect"), {"file": upload(text)})

        assert answer.context["mistake"]

    def test_asks_for_a_file(self, client):
        assert client.post(url("inspect")).context["mistake"]


class TestStarting:
    def test_stores_the_file_and_leads_to_its_page(self, client, organization):
        list_ = ContactListFactory(organization=organization)

        answer = client.post(
            url("add"), {"file": upload(), "list": list_.pk}, HTTP_HX_REQUEST="true"
        )

        job = ImportJob.objects.get()
        assert answer["HX-Redirect"] == url("change", job.pk)
        assert (job.organization, job.list, job.file_name) == (organization, list_, "people.csv")
        assert job.started_by == organization.memberships.get().user.username

    def test_hands_it_to_a_worker_once_it_is_stored(
        self, client, monkeypatch, django_capture_on_commit_callbacks
    ):
        handed = []
        monkeypatch.setattr("sending.tasks.run_import.delay", lambda **given: handed.append(given))

        with django_capture_on_commit_callbacks(execute=True):
            client.post(url("add"), {"file": upload(), "list": ""})

        assert handed == [{"job_id": ImportJob.objects.get().pk}]

    def test_makes_a_new_list_of_that_name(self, client, organization):
        client.post(url("add"), {"file": upload(), "list": "new", "new_list": "Autumn fair"})

        assert ContactList.objects.get().name == "Autumn fair"
        assert ImportJob.objects.get().list.organization == organization

    def test_takes_the_list_that_has_the_name_already(self, client, organization):
        list_ = ContactListFactory(organization=organization, name="Autumn fair")

        client.post(url("add"), {"file": upload(), "list": "new", "new_list": "autumn  FAIR"})

        assert ImportJob.objects.get().list == list_

    @pytest.mark.parametrize(
        "given",
        [
            {"list": "new", "new_list": " "},
            {"list": "999999"},
            {"list": "nonsense"},
        ],
    )
    def test_says_what_is_wrong_with_the_list(self, client, given):
        answer = client.post(url("add"), {"file": upload(), **given})

        assert answer.context["mistake"]
        assert not ImportJob.objects.exists()

    def test_refuses_a_list_of_another_organization(self, client):
        foreign = ContactListFactory()

        answer = client.post(url("add"), {"file": upload(), "list": foreign.pk})

        assert answer.context["mistake"]
        assert not ImportJob.objects.exists()

    def test_follows_what_was_chosen_for_the_columns(self, client):
        client.post(
            url("add"),
            {
                "file": upload(),
                "list": "",
                "column": ["E-Mail", "Vorname", "Stadt"],
                "target": ["email", "ignore", "attribute"],
                "attribute_name": ["", "", "Home Town"],
            },
        )

        run(ImportJob.objects.get())
        ada = Contact.objects.get(email="ada@example.com")
        assert (ada.first_name, ada.attributes) == ("", {"home_town": "Berlin"})

    def test_says_when_no_column_holds_addresses(self, client):
        answer = client.post(
            url("add"),
            {"file": upload(), "list": "", "column": ["E-Mail"], "target": ["ignore"],
             "attribute_name": [""]},
        )  # fmt: skip

        assert "email" in answer.context["mistake"]

    def test_is_closed_to_a_viewer(self, organization):
        viewer = looking(organization, Role.VIEWER)

        assert viewer.get(url("add")).status_code == 403
        assert viewer.post(url("add"), {"file": upload()}).status_code == 403
        assert viewer.post(url("inspect"), {"file": upload()}).status_code == 403


class TestPage:
    def job(self, client, **given):
        client.post(url("add"), {"file": upload(), "list": "", **given})
        return ImportJob.objects.get()

    def test_asks_again_until_it_has_ended(self, client):
        job = self.job(client)

        waiting = client.get(url("progress", job.pk))
        run(job)
        ended = client.get(url("progress", job.pk))

        assert "hx-trigger" in waiting.content.decode()
        assert ended["HX-Refresh"] == "true"
        assert "hx-trigger" not in ended.content.decode()

    def test_names_the_rows_that_did_not_go_in(self, client):
        job = self.job(client)
        run(job)

        answer = client.get(url("change", job.pk))

        assert [refusal.row_number for refusal, _ in answer.context["refusals"]] == [3]
        assert answer.context["progress"].created_count == 2

    def test_has_the_report_as_a_file(self, client):
        job = self.job(client)
        run(job)

        answer = client.get(url("report", job.pk))

        text = b"".join(answer.streaming_content).decode("utf-8-sig")
        assert answer["Content-Disposition"].startswith("attachment")
        assert text.splitlines()[1].startswith("3,refused,")

    def test_lets_a_trial_be_followed_by_the_import(self, client):
        job = self.job(client, dry_run="1")
        run(job)
        tried = client.get(url("change", job.pk)).content.decode()

        client.post(url("run", job.pk))
        run(job)

        assert "This was a trial" in tried
        assert Contact.objects.count() == 2
        assert not job.dry_run

    def test_says_why_an_import_cannot_be_run_again(self, client):
        job = self.job(client)
        run(job)

        answer = client.post(url("run", job.pk), follow=True)

        assert "Upload it again" in answer.content.decode()

    def test_says_why_it_failed(self, client, organization):
        job = self.job(client)
        Path(job.path).write_bytes(b"")
        run(job)

        assert job.failure
        assert job.failure in client.get(url("change", job.pk)).content.decode()
