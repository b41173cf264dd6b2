import csv
from datetime import timedelta

import pytest

from campaigns.models import AuditEntry
from suppression.models import Suppression
from tests.calling import caller, fields_of
from tests.factories.campaigns import THE_PAST, ContactListFactory, OrganizationFactory
from tests.factories.suppression import SuppressionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization():
    return OrganizationFactory()


@pytest.fixture
def api(organization):
    return caller(organization, "operator")


class TestCreate:
    def test_suppresses_an_address_by_the_scope_of_its_reason(self, api, organization):
        answer = api.post(
            "/api/suppressions",
            {"email": "Ada@Example.com", "reason": "unsubscribe", "note": "By phone"},
        )

        assert answer.status_code == 201
        assert answer.json()["scope"] == "marketing"
        entry = Suppression.objects.get(pk=answer.json()["id"])
        assert (entry.organization, entry.email) == (organization, "ada@example.com")

    def test_answers_with_the_entry_that_is_there(self, api):
        first = api.post("/api/suppressions", {"email": "ada@example.com"})

        second = api.post("/api/suppressions", {"email": "ADA@example.com"})

        assert second.status_code == 200
        assert second.json()["id"] == first.json()["id"]

    def test_stops_one_list(self, api, organization):
        list_ = ContactListFactory(organization=organization)

        answer = api.post(
            "/api/suppressions", {"email": "ada@example.com", "scope": "list", "list": list_.pk}
        )

        assert answer.status_code == 201
        assert answer.json()["list"] == list_.pk

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({"email": "nobody"}, "email"),
            ({"reason": "boredom"}, "reason"),
            ({"scope": "list"}, "list"),
        ],
    )
    def test_names_the_field_that_is_not_right(self, api, given, field):
        answer = api.post("/api/suppressions", {"email": "ada@example.com"} | given)

        assert answer.status_code == 400
        assert fields_of(answer) == [field]

    def test_does_not_know_lists_of_others(self, api):
        answer = api.post(
            "/api/suppressions",
            {"email": "ada@example.com", "scope": "list", "list": ContactListFactory().pk},
        )

        assert answer.status_code == 400
        assert fields_of(answer) == ["list"]

    def test_is_not_for_editors(self, organization):
        answer = caller(organization, "editor").post(
            "/api/suppressions", {"email": "a@example.com"}
        )

        assert answer.status_code == 403


class TestDestroy:
    def test_releases_and_notes_who_did_it(self, api, organization):
        entry = SuppressionFactory(organization=organization)

        assert api.delete(f"/api/suppressions/{entry.pk}").status_code == 204

        assert not Suppression.objects.exists()
        assert AuditEntry.objects.get().actor.startswith("API key operator")


class TestUpdate:
    def test_is_not_there(self, api, organization):
        entry = SuppressionFactory(organization=organization)

        answer = api.patch(f"/api/suppressions/{entry.pk}", {"expires_at": "2020-01-01T00:00:00Z"})

        assert answer.status_code == 405
        assert "GET" in answer["Allow"]


class TestExplain:
    def test_says_which_entries_stop_the_mail(self, api, organization):
        SuppressionFactory(organization=organization, email="ada@example.com", scope="marketing")
        SuppressionFactory(email="ada@example.com")

        marketing = api.get("/api/suppressions/explain?email=Ada@example.com").json()
        transactional = api.get(
            "/api/suppressions/explain?email=ada@example.com&stream=transactional"
        ).json()

        assert marketing["suppressed"] is True
        assert [rule["applies"] for rule in marketing["rules"]] == [True]
        assert marketing["rules"][0]["why"]
        assert transactional["suppressed"] is False

    def test_finds_nothing_for_a_clean_address(self, api):
        body = api.get("/api/suppressions/explain?email=ada@example.com").json()

        assert body == {"email": "ada@example.com", "suppressed": False, "rules": []}

    def test_wants_an_address(self, api):
        answer = api.get("/api/suppressions/explain")

        assert answer.status_code == 400
        assert fields_of(answer) == ["email"]

    def test_does_not_know_lists_of_others(self, api):
        foreign = ContactListFactory().pk

        answer = api.get("/api/suppressions/explain", {"email": "a@example.com", "list": foreign})

        assert answer.status_code == 404


class TestImport:
    def test_takes_many_and_says_which_are_none(self, api, organization):
        SuppressionFactory(organization=organization, email="b@example.com", reason="import")

        answer = api.post(
            "/api/suppressions/import",
            {"emails": ["a@example.com", "B@example.com", "", "nobody"], "note": "Old system"},
        )

        assert answer.status_code == 200
        body = answer.json()
        assert (body["added"], body["known"], body["refused"]) == (1, 1, 1)
        assert body["errors"][0]["line"] == 4
        assert organization.suppressions.get(email="a@example.com").reason == "import"

    def test_is_done_once_for_one_key(self, api):
        given, headers = {"emails": ["a@example.com"]}, {"Idempotency-Key": "import-1"}

        first = api.post("/api/suppressions/import", given, headers=headers)
        second = api.post("/api/suppressions/import", given, headers=headers)

        assert first.json() == second.json()
        assert second.json()["added"] == 1


class TestExport:
    def test_gives_the_entries_of_the_organization(self, api, organization):
        ends = THE_PAST + timedelta(days=1)
        SuppressionFactory(
            organization=organization, email="a@example.com", note="=1+1", expires_at=ends
        )
        SuppressionFactory()

        answer = api.get("/api/suppressions/export")

        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        text = b"".join(answer.streaming_content).decode()
        [row] = csv.DictReader(text.splitlines())
        assert row["email"] == "a@example.com"
        assert row["note"] == "'=1+1"
        assert row["expires_at"] == ends.isoformat()

    def test_takes_the_filters_of_the_list(self, api, organization):
        SuppressionFactory(organization=organization, reason="complaint")
        SuppressionFactory(organization=organization)

        answer = api.get("/api/suppressions/export?reason=complaint")

        assert b"".join(answer.streaming_content).count(b"\r\n") == 2


class TestList:
    def test_finds_an_address_in_whatever_spelling(self, api, organization):
        entry = SuppressionFactory(organization=organization, email="ada@example.com")
        SuppressionFactory(organization=organization)

        results = api.get("/api/suppressions?email=ADA@example.com").json()["results"]

        assert [row["id"] for row in results] == [entry.pk]
