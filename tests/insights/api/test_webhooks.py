import pytest

from insights.models import Webhook, WebhookDelivery
from tests.calling import caller, fields_of
from tests.factories.campaigns import OrganizationFactory
from tests.factories.insights import WebhookDeliveryFactory, WebhookFactory

pytestmark = pytest.mark.django_db

GIVEN = {"url": "https://receiver.example/events", "event_types": ["email.bounced", "email.sent"]}


@pytest.fixture
def organization():
    return OrganizationFactory()


@pytest.fixture
def api(organization):
    return caller(organization, "admin")


@pytest.fixture
def webhook(organization):
    return WebhookFactory(organization=organization)


class TestCreate:
    def test_shows_the_secret_this_once(self, api):
        answer = api.post("/api/webhooks", GIVEN)

        assert answer.status_code == 201
        shown = answer.json()
        assert shown["secret"] == Webhook.objects.get().secret
        assert answer["Cache-Control"] == "no-store"
        assert (shown["active"], shown["batch_size"]) == (True, 100)
        assert shown["event_types"] == ["email.sent", "email.bounced"]
        for path in ("/api/webhooks", f"/api/webhooks/{shown['id']}"):
            assert b"whsec_" not in api.get(path).content

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("url", "http://receiver.example/"),
            ("url", "https://10.0.0.1/"),
            ("url", "ftp://receiver.example/"),
            ("url", "https://a.example/" + "x" * 2_000),
            ("event_types", []),
            ("event_types", ["email.exploded"]),
            ("event_types", "email.sent"),
            ("batch_size", 0),
            ("batch_size", 501),
            ("batch_size", 10**30),
            ("description", "two\nlines"),
        ],
    )
    def test_refuses_what_cannot_work(self, api, field, value):
        answer = api.post("/api/webhooks", GIVEN | {field: value})

        assert answer.status_code == 400
        assert fields_of(answer)[0].partition(".")[0] == field
        assert Webhook.objects.count() == 0

    @pytest.mark.parametrize("role", ["viewer", "editor", "operator"])
    def test_is_for_administrators(self, organization, role):
        assert caller(organization, role).post("/api/webhooks", GIVEN).status_code == 403


class TestChange:
    def test_leaves_the_secret_alone(self, api, webhook):
        answer = api.patch(f"/api/webhooks/{webhook.pk}", {"description": "Shop"})

        assert answer.status_code == 200
        assert "secret" not in answer.json()
        assert Webhook.objects.get().secret == webhook.secret

    def test_cannot_touch_what_we_know_of_its_health(self, api, webhook):
        api.patch(f"/api/webhooks/{webhook.pk}", {"failures": 7, "secret": "mine", "id": 99})

        kept = Webhook.objects.get()
        assert (kept.failures, kept.secret, kept.pk) == (0, webhook.secret, webhook.pk)

    def test_switches_on_again(self, api, webhook):
        Webhook.objects.update(active=False, switched_off_reason="It answered 410.", failures=12)

        shown = api.patch(f"/api/webhooks/{webhook.pk}", {"active": True}).json()

        assert (shown["active"], shown["switched_off_reason"], shown["failures"]) == (True, "", 0)

    def test_deletes_it_with_its_deliveries(self, api, webhook):
        WebhookDeliveryFactory(webhook=webhook)

        assert api.delete(f"/api/webhooks/{webhook.pk}").status_code == 204
        assert WebhookDelivery.objects.count() == 0


class TestRotateSecret:
    def test_shows_the_new_one(self, api, webhook):
        answer = api.post(f"/api/webhooks/{webhook.pk}/rotate-secret")

        assert answer.status_code == 200
        assert answer.json() == {"secret": Webhook.objects.get().secret}
        assert answer["Cache-Control"] == "no-store"
        assert answer.json()["secret"] != webhook.secret


class TestTest:
    def test_makes_a_delivery(self, api, webhook):
        answer = api.post(f"/api/webhooks/{webhook.pk}/test")

        assert answer.status_code == 202
        delivery = WebhookDelivery.objects.get()
        assert (answer.json()["id"], answer.json()["kind"]) == (delivery.pk, "test")
        assert answer.json()["status"] == "waiting"

    def test_is_done_once_for_one_idempotency_key(self, api, webhook):
        for _ in range(2):
            api.post(f"/api/webhooks/{webhook.pk}/test", headers={"Idempotency-Key": "a"})

        assert WebhookDelivery.objects.count() == 1


class TestDeliveries:
    def test_are_listed_newest_first(self, api, webhook):
        first, second = WebhookDeliveryFactory.create_batch(2, webhook=webhook, event_ids=[1, 2])
        WebhookDeliveryFactory()

        shown = api.get(f"/api/webhooks/{webhook.pk}/deliveries").json()

        assert [one["id"] for one in shown["results"]] == [second.pk, first.pk]
        assert shown["results"][0]["message_id"] == second.message_id
        assert shown["results"][0]["event_count"] == 2

    def test_can_be_narrowed_by_status(self, api, webhook):
        WebhookDeliveryFactory(webhook=webhook)
        failed = WebhookDeliveryFactory(webhook=webhook, status="failed")
        path = f"/api/webhooks/{webhook.pk}/deliveries"

        shown = api.get(path, {"status": "failed"}).json()["results"]

        assert [one["id"] for one in shown] == [failed.pk]
        assert fields_of(api.get(path, {"status": "lost"})) == ["status"]

    def test_ask_the_database_the_same_number_of_questions_for_any_number(
        self, api, webhook, django_assert_max_num_queries
    ):
        WebhookDeliveryFactory.create_batch(20, webhook=webhook)

        with django_assert_max_num_queries(8):
            api.get(f"/api/webhooks/{webhook.pk}/deliveries")


class TestReplay:
    def test_makes_a_delivery_wait_again(self, api, webhook):
        delivery = WebhookDeliveryFactory(webhook=webhook, status="failed", attempts=10)

        answer = api.post(f"/api/webhooks/{webhook.pk}/deliveries/{delivery.pk}/replay")

        assert answer.status_code == 202
        assert (answer.json()["status"], answer.json()["attempts"]) == ("waiting", 0)
        assert answer.json()["message_id"] == delivery.message_id

    def test_knows_no_delivery_of_another_webhook(self, api, webhook):
        others = [
            WebhookDeliveryFactory(status="failed"),
            WebhookDeliveryFactory(webhook__organization=webhook.organization, status="failed"),
        ]

        for delivery in others:
            answer = api.post(f"/api/webhooks/{webhook.pk}/deliveries/{delivery.pk}/replay")

            assert answer.status_code == 404
            delivery.refresh_from_db()
            assert delivery.status == "failed"

    @pytest.mark.parametrize("role", ["viewer", "editor", "operator"])
    def test_is_for_administrators(self, organization, webhook, role):
        delivery = WebhookDeliveryFactory(webhook=webhook, status="failed")

        path = f"/api/webhooks/{webhook.pk}/deliveries/{delivery.pk}/replay"
        assert caller(organization, role).post(path).status_code == 403
