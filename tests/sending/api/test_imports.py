import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

import sending.operations.importing
from campaigns.models import ImportJob
from tests.calling import caller, fields_of
from tests.factories.campaigns import THE_PAST, ContactListFactory

pytestmark = pytest.mark.django_db

PEOPLE = b"E-mail;First name;City\nada@example.com;Ada;London\nbroken;Bob;Bern\n"


@pytest.fixture
def list_():
    return ContactListFactory()


@pytest.fixture
def api(list_):
    return caller(list_.organization, "editor")


def upload(api, list_, content=PEOPLE, headers=None, **given):
    file = SimpleUploadedFile("people.csv", content)
    return api.post(
        f"/api/lists/{list_.pk}/import",
        {"file": file, **given},
        format="multipart",
        headers=headers,
    )


class TestImport:
    def test_is_taken_and_worked_on_later(self, api, list_, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks() as handed_over:
            answer = upload(api, list_)

        assert answer.status_code == 202
        job = api.get(f"/api/imports/{answer.json()['id']}").json()
        assert (job["status"], job["list"], job["file_name"]) == ("waiting", list_.pk, "people.csv")
        assert len(handed_over) == 1

    def test_brings_the_contacts_in_and_names_the_rows_that_are_broken(self, api, list_):
        mapping = json.dumps({"E-mail": "email", "City": "attribute:city"})
        number = upload(api, list_, mapping=mapping).json()["id"]

        sending.operations.importing.run(number, now=THE_PAST)

        job = api.get(f"/api/imports/{number}").json()
        assert (job["status"], job["created"], job["refused"]) == ("finished", 1, 1)
        assert [error["row"] for error in job["errors"]] == [3]
        [contact] = api.get("/api/contacts", {"list": list_.pk}).json()["results"]
        assert contact["attributes"] == {"city": "London"}

    def test_only_counts_in_a_dry_run(self, api, list_):
        number = upload(api, list_, dry_run="true").json()["id"]

        sending.operations.importing.run(number, now=THE_PAST)

        assert api.get(f"/api/imports/{number}").json()["created"] == 1
        assert api.get("/api/contacts").json()["results"] == []

    @pytest.mark.parametrize(
        ("content", "given", "field"),
        [
            (b"", {}, "file"),
            (b"a,b\n1,2\n", {}, None),
            (PEOPLE, {"mapping": '{"Nothing": "email"}'}, "mapping"),
            (PEOPLE, {"mapping": '{"E-mail": 1}'}, "mapping"),
            (PEOPLE, {"mapping": "{"}, "mapping"),
        ],
    )
    def test_refuses_at_once_what_cannot_be_read(self, api, list_, content, given, field):
        answer = upload(api, list_, content, **given)

        assert answer.status_code == 400
        assert field is None or fields_of(answer) == [field]
        assert not ImportJob.objects.exists()

    def test_is_done_once_for_one_key(self, api, list_):
        headers = {"Idempotency-Key": "people-1"}

        first, second = upload(api, list_, headers=headers), upload(api, list_, headers=headers)

        assert first.json() == second.json()
        assert ImportJob.objects.count() == 1

    def test_is_not_for_viewers(self, list_):
        assert upload(caller(list_.organization, "viewer"), list_).status_code == 403

    def test_does_not_know_lists_of_others(self, api):
        assert upload(api, ContactListFactory()).status_code == 404
        assert not ImportJob.objects.exists()
