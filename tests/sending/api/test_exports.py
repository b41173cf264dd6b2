import pytest

from insights.events import EventType
from insights.models import ExportJob
from sending.tasks import discard_exports, resume_exports, run_export
from tests.calling import caller, fields_of
from tests.factories.campaigns import CampaignFactory, RecipientFactory
from tests.insights.happening import happened, sent_message

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    return CampaignFactory()


@pytest.fixture
def api(campaign):
    return caller(campaign.organization, "editor")


class TestExports:
    def test_is_made_in_the_background_and_downloaded(
        self, api, campaign, django_capture_on_commit_callbacks
    ):
        bounced = happened(RecipientFactory(campaign=campaign), EventType.BOUNCED)
        sent_message(RecipientFactory(campaign=campaign))
        with django_capture_on_commit_callbacks() as handed_over:
            answer = api.post("/api/exports", {"event": "bounced", "campaign": campaign.pk})
        number = answer.json()["id"]
        waiting = api.get(f"/api/exports/{number}").json()

        run_export(job_id=number)

        assert (answer.status_code, len(handed_over)) == (202, 1)
        assert (waiting["status"], waiting["progress"], waiting["file"]) == ("waiting", 0.0, None)
        done = api.get(f"/api/exports/{number}").json()
        assert (done["status"], done["progress"], done["rows"]) == ("finished", 1.0, 1)
        assert done["filters"] == {"event": "bounced", "campaign": campaign.pk}
        file = api.get(done["file"])
        assert file["Content-Type"] == "text/csv"
        assert f'filename="messages-{number}.csv"' in file["Content-Disposition"]
        assert f"\n{bounced.pk}," in b"".join(file.streaming_content).decode()

    def test_is_started_once_for_one_idempotency_key(self, api):
        first, second = (
            api.post("/api/exports", {}, headers={"Idempotency-Key": "a"}) for _ in range(2)
        )

        assert first.json() == second.json()
        assert ExportJob.objects.count() == 1

    def test_has_no_file_before_it_is_written(self, api):
        number = api.post("/api/exports", {}).json()["id"]

        answer = api.get(f"/api/exports/{number}/file")

        assert (answer.status_code, answer.json()["code"]) == (409, "export_has_no_file")

    def test_is_nobody_elses(self, api):
        number = api.post("/api/exports", {}).json()["id"]
        stranger = caller(CampaignFactory().organization)

        for path in (f"/api/exports/{number}", f"/api/exports/{number}/file"):
            assert stranger.get(path).status_code == 404
        assert stranger.get("/api/exports").json()["results"] == []

    def test_is_not_for_viewers(self, campaign):
        assert caller(campaign.organization, "viewer").post("/api/exports", {}).status_code == 403

    @pytest.mark.parametrize(
        ("field", "value"), [("event", "eaten"), ("from", "soon"), ("campaign", "x"), ("list", -1)]
    )
    def test_names_the_filter_that_is_not_right(self, api, field, value):
        answer = api.post("/api/exports", {field: value})

        assert (answer.status_code, fields_of(answer)) == (400, [field])
        assert answer["Content-Type"] == "application/problem+json"

    def test_takes_an_object_only(self, api):
        assert api.post("/api/exports", [1], format="json").status_code == 400


class TestTasks:
    @pytest.fixture
    def _at_once(self, settings):
        from config.celery import app

        app.conf.task_always_eager = True
        yield
        app.conf.task_always_eager = False

    @pytest.mark.usefixtures("_at_once")
    def test_take_up_what_was_lost_and_delete_what_is_over(self, api, campaign):
        sent_message(RecipientFactory(campaign=campaign))
        number = api.post("/api/exports", {}).json()["id"]

        resume_exports()

        assert ExportJob.objects.get(pk=number).row_count == 1
        ExportJob.objects.update(expires_at="2026-01-01T00:00:00Z")
        discard_exports()
        assert ExportJob.objects.get(pk=number).status == "expired"
