import pytest

from campaigns.models import ImportJob, ImportRefusal
from tests.calling import caller
from tests.factories.campaigns import ContactListFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def job():
    list_ = ContactListFactory()
    return ImportJob.objects.create(
        organization=list_.organization,
        list=list_,
        file_name="people.csv",
        status="finished",
        progress=1.0,
        row_count=103,
        created_count=1,
        refused_count=101,
        skipped_count=1,
    )


@pytest.fixture
def api(job):
    for row in range(2, 103):
        ImportRefusal.objects.create(
            job=job, row_number=row, code="address_without_at", reason="No @.", excerpt="=ada"
        )
    ImportRefusal.objects.create(
        job=job, row_number=1, code="suppressed", reason="Suppressed.", skipped=True
    )
    return caller(job.organization, "viewer")


class TestRetrieve:
    def test_shows_the_counts_and_the_first_refused_rows(self, api, job):
        body = api.get(f"/api/imports/{job.pk}").json()

        assert body["status"] == "finished"
        assert body["progress"] == 1.0
        assert (body["rows"], body["created"], body["refused"], body["skipped"]) == (103, 1, 101, 1)
        assert len(body["errors"]) == 100
        assert body["errors"][0] == {"row": 2, "code": "address_without_at", "reason": "No @."}

    def test_links_to_the_report(self, api, job):
        body = api.get(f"/api/imports/{job.pk}").json()

        answer = api.get(body["report"])

        assert answer.status_code == 200
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert b"".join(answer.streaming_content).count(b"\r\n") == 103


class TestReport:
    def test_can_be_asked_for_as_csv(self, api, job):
        answer = api.get(f"/api/imports/{job.pk}/report", headers={"Accept": "text/csv"})

        assert answer.status_code == 200

    def test_is_a_problem_where_there_is_none(self, api, job):
        answer = api.get(f"/api/imports/{job.pk + 1}/report", headers={"Accept": "text/csv"})

        assert answer.status_code == 404
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == "not_found"


class TestList:
    def test_can_be_narrowed_to_a_list(self, api, job):
        other = ContactListFactory(organization=job.organization)

        assert len(api.get("/api/imports", {"list": job.list.pk}).json()["results"]) == 1
        assert api.get("/api/imports", {"list": other.pk}).json()["results"] == []
