import pytest

from campaigns.models import Recipient
from tests.calling import caller, fields_of
from tests.factories.campaigns import IdentityFactory, OrganizationFactory, TemplateFactory
from tests.factories.suppression import SuppressionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization():
    return OrganizationFactory()


@pytest.fixture
def api(organization):
    IdentityFactory(organization=organization, stream="transactional")
    return caller(organization, "operator")


class TestCreate:
    def test_queues_a_message_from_a_template(
        self, api, organization, django_capture_on_commit_callbacks
    ):
        template = TemplateFactory(organization=organization)

        with django_capture_on_commit_callbacks() as handed_over:
            answer = api.post(
                "/api/messages",
                {"to": "Ada@example.com", "template": template.pk, "data": {"order": 7}},
            )

        assert answer.status_code == 202
        recipient = Recipient.objects.get(pk=answer.json()["recipient_id"])
        assert (recipient.email, recipient.data) == ("Ada@example.com", {"order": 7})
        assert recipient.organization == organization
        assert len(handed_over) == 1

    def test_queues_a_message_with_its_own_content(self, api):
        answer = api.post(
            "/api/messages", {"to": "ada@example.com", "subject": "Hi", "text": "{{ data.code }}"}
        )

        assert answer.status_code == 202
        shown = api.get(f"/api/messages/{answer.json()['recipient_id']}").json()
        assert (shown["stream"], shown["state"]) == ("transactional", "planned")

    def test_queues_it_once_for_one_key(self, api):
        given = {"to": "ada@example.com", "subject": "Hi", "text": "Hello"}
        headers = {"Idempotency-Key": "order-7"}

        first = api.post("/api/messages", given, headers=headers)
        second = api.post("/api/messages", given, headers=headers)
        other = api.post("/api/messages", given | {"text": "Bye"}, headers=headers)

        assert first.json() == second.json()
        assert other.status_code == 422
        assert Recipient.objects.count() == 1

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({"to": "nobody"}, "to"),
            ({"subject": "Hi\r\nBcc: all@example.com"}, "subject"),
            ({"data": []}, "data"),
            ({"subject": ""}, "template"),
            ({"text": "{{ data.x | }}"}, "text"),
        ],
    )
    def test_names_the_field_that_is_not_right(self, api, given, field):
        message = {"to": "ada@example.com", "subject": "Hi", "text": "Hello"}

        answer = api.post("/api/messages", message | given)

        assert answer.status_code == 400
        assert fields_of(answer) == [field]
        assert not Recipient.objects.exists()

    def test_refuses_a_suppressed_address(self, api, organization):
        SuppressionFactory(organization=organization, email="ada@example.com", reason="hard_bounce")

        answer = api.post("/api/messages", {"to": "ada@example.com", "subject": "Hi", "text": "x"})

        assert answer.status_code == 400
        assert answer.json()["reason"] == "hard_bounce"

    @pytest.mark.parametrize(
        ("field", "factory"), [("template", TemplateFactory), ("identity", IdentityFactory)]
    )
    def test_does_not_know_objects_of_others(self, api, field, factory):
        given = {"to": "ada@example.com", "subject": "Hi", "text": "Hello"}

        answer = api.post("/api/messages", given | {field: factory().pk})

        assert answer.status_code == 400
        assert fields_of(answer) == [field]

    def test_is_not_for_editors(self, organization):
        answer = caller(organization, "editor").post("/api/messages", {"to": "ada@example.com"})

        assert answer.status_code == 403
