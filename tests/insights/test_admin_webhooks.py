import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns.roles import Role
from insights.deliveries import EVENT_NAMES
from insights.models import Webhook, WebhookDelivery
from tests.admin_world import looking
from tests.factories.campaigns import OrganizationFactory
from tests.factories.insights import WebhookDeliveryFactory, WebhookFactory

pytestmark = pytest.mark.django_db

GIVEN = {
    "description": "Shop",
    "url": "https://receiver.example/events",
    "event_types": ["email.bounced", "email.complained"],
    "batch_size": 50,
}


@pytest.fixture
def organization():
    return OrganizationFactory()


@pytest.fixture
def webhook(organization):
    return WebhookFactory(organization=organization, description="Shop")


def health(webhook):
    return reverse("admin:insights_webhook_health", args=[webhook.pk])


def change(webhook):
    return reverse("admin:insights_webhook_change", args=[webhook.pk])


class TestMaking:
    def test_shows_the_secret_once(self, organization):
        client = looking(organization)

        answer = client.post(reverse("admin:insights_webhook_add"), GIVEN)

        webhook = Webhook.objects.get()
        assert webhook.secret in answer.content.decode()
        assert "no-store" in answer["Cache-Control"]
        assert webhook.event_types == ["email.bounced", "email.complained"]
        for page in (change(webhook), health(webhook)):
            assert "whsec_" not in client.get(page).content.decode()

    def test_offers_every_event_by_what_it_is_about(self, organization):
        page = looking(organization).get(reverse("admin:insights_webhook_add")).content.decode()

        assert all(f'value="{name}"' in page for name in EVENT_NAMES)
        assert all(group in page for group in ("Messages", "Campaigns", "People"))

    def test_takes_events_of_all_kinds(self, organization):
        given = GIVEN | {"event_types": EVENT_NAMES}

        looking(organization).post(reverse("admin:insights_webhook_add"), given)

        listed = looking(organization).get(reverse("admin:insights_webhook_changelist"))
        assert Webhook.objects.get().event_types == list(EVENT_NAMES)
        assert "All" in listed.content.decode()

    def test_says_at_the_field_what_is_wrong_with_an_address(self, organization):
        given = GIVEN | {"url": "https://127.0.0.1/"}

        answer = looking(organization).post(reverse("admin:insights_webhook_add"), given)

        assert answer.status_code == 200
        assert "not a public address" in answer.content.decode()
        assert Webhook.objects.count() == 0


class TestChanging:
    def test_switches_on_again_what_was_switched_off(self, organization, webhook):
        Webhook.objects.update(active=False, switched_off_reason="It answered 410.", failures=3)
        client = looking(organization)
        before = client.get(change(webhook)).content.decode()

        client.post(change(webhook), GIVEN | {"active": "on"})

        webhook.refresh_from_db()
        assert "It answered 410." in before
        assert (webhook.active, webhook.switched_off_reason, webhook.failures) == (True, "", 0)

    def test_is_for_administrators(self, organization, webhook):
        answer = looking(organization, Role.OPERATOR).post(change(webhook), GIVEN)

        webhook.refresh_from_db()
        assert answer.status_code == 403
        assert webhook.url != GIVEN["url"]


class TestHealth:
    def test_shows_the_last_answers(self, organization, webhook):
        WebhookDeliveryFactory(
            webhook=webhook, event_ids=[1, 2, 3], status="failed", response_status=500,
            problem="It answered 500.",
        )  # fmt: skip
        Webhook.objects.update(failing_since=timezone.now(), last_problem="It answered 500.")

        text = looking(organization, Role.VIEWER).get(health(webhook)).content.decode()

        assert "3 events" in text
        assert "Failing" in text
        assert "It answered 500." in text
        assert "Send a test" not in text

    def test_sends_a_test(self, organization, webhook):
        answer = looking(organization).post(health(webhook), {"what": "test"})

        assert answer.url == health(webhook)
        assert WebhookDelivery.objects.get().kind == "test"

    def test_makes_a_new_secret(self, organization, webhook):
        answer = looking(organization).post(health(webhook), {"what": "secret"})

        fresh = Webhook.objects.get()
        assert fresh.secret != webhook.secret
        assert fresh.secret in answer.content.decode()
        assert fresh.old_secret == webhook.secret

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
    def test_lets_nobody_else_set_anything_going(self, organization, webhook, role):
        for what in ("test", "secret"):
            answer = looking(organization, role).post(health(webhook), {"what": what})

            assert answer.status_code == 403
        assert WebhookDelivery.objects.count() == 0
        assert Webhook.objects.get().secret == webhook.secret


class TestDeliveries:
    def test_show_what_the_server_answered(self, organization, webhook):
        delivery = WebhookDeliveryFactory(
            webhook=webhook, attempts=3, response_status=502, problem="It answered 502.",
            response_excerpt="<b>bad gateway</b>", duration_ms=1234, attempted_at=timezone.now(),
        )  # fmt: skip
        page = reverse("admin:insights_webhookdelivery_change", args=[delivery.pk])

        text = looking(organization, Role.VIEWER).get(page).content.decode()

        assert delivery.message_id in text
        assert "&lt;b&gt;bad gateway" in text
        assert "1,234 ms" in text

    def test_are_made_again(self, organization, webhook):
        delivery = WebhookDeliveryFactory(webhook=webhook, status="failed", attempts=10)
        chosen = {"action": "replay", "_selected_action": [delivery.pk]}
        page = reverse("admin:insights_webhookdelivery_changelist")

        looking(organization, Role.OPERATOR).post(page, chosen)
        looking(OrganizationFactory()).post(page, chosen)
        before = WebhookDelivery.objects.get().status
        looking(organization).post(page, chosen)

        assert (before, WebhookDelivery.objects.get().status) == ("failed", "waiting")

    def test_are_found_by_webhook(self, organization, webhook):
        mine = WebhookDeliveryFactory(webhook=webhook)
        WebhookDeliveryFactory(webhook__organization=organization)
        page = reverse("admin:insights_webhookdelivery_changelist")

        answer = looking(organization).get(page, {"webhook__id__exact": webhook.pk})

        assert list(answer.context["cl"].result_list) == [mine]
