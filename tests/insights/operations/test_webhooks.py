import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction

import insights.operations.webhooks as operations
from common.errors import DomainError
from insights.deliveries import LEAST_FAILURES, LONG_FAILURE, RETRY_DELAYS
from insights.events import BounceClass, EventType
from insights.models import DeliveryEvent as StoredEvent
from insights.models import DeliveryStatus, Webhook, WebhookDelivery, WebhookOutbox
from insights.operations.outbox import make_deliveries
from insights.operations.recording import COPY_FROM, record_events
from insights.operations.turns import LEASE, Outcome, claim, settle
from tests.factories.campaigns import OrganizationFactory
from tests.factories.insights import EventFactory, WebhookDeliveryFactory, WebhookFactory

NOW = datetime(2026, 6, 10, 12, 20, tzinfo=UTC)
SECOND = timedelta(seconds=1)
TOOK_IT = Outcome(200, excerpt="ok", duration_ms=12)
BROKEN = Outcome(500, excerpt="oops")


@pytest.fixture
def webhook(db):
    return WebhookFactory(batch_size=100)


def bounces(webhook, number, **given):
    """Return bounces of the webhook's organization, not recorded yet."""
    return EventFactory.build_batch(
        number,
        organization_id=webhook.organization_id,
        event_type=EventType.BOUNCED,
        bounce_class=BounceClass.HARD,
        **given,
    )


def ids_in(rows):
    """Return the ids of events that rows name, in order."""
    return [number for row in rows.order_by("pk") for number in row.event_ids]


def recorded_ids():
    return list(StoredEvent.objects.order_by("pk").values_list("pk", flat=True))


class TestOutbox:
    @pytest.mark.parametrize("size", [1, COPY_FROM - 1, COPY_FROM, 300])
    def test_gets_one_row_for_all_that_was_recorded_at_once(self, webhook, size):
        record_events(bounces(webhook, size))

        assert WebhookOutbox.objects.filter(webhook_id=webhook.pk).count() == 1
        assert ids_in(WebhookOutbox.objects) == recorded_ids()
        assert len(recorded_ids()) == size

    def test_gets_nothing_of_what_is_known_already(self, webhook):
        events = bounces(webhook, 5)
        record_events(events)

        record_events(events)

        assert ids_in(WebhookOutbox.objects) == recorded_ids()

    def test_gets_only_what_the_webhook_wants(self, webhook):
        organization = webhook.organization_id
        record_events(
            [
                *bounces(webhook, 1),
                EventFactory(organization_id=organization, event_type=EventType.OPENED),
                *bounces(WebhookFactory.build(organization_id=organization + 1), 1),
            ]
        )

        wanted = StoredEvent.objects.get(event_type="bounced", organization_id=organization)
        assert ids_in(WebhookOutbox.objects) == [wanted.pk]

    def test_gets_nothing_for_a_webhook_that_is_off(self, webhook):
        Webhook.objects.update(active=False)

        record_events(bounces(webhook, 2))

        assert WebhookOutbox.objects.count() == 0

    def test_gets_a_row_for_each_webhook(self, webhook):
        other = WebhookFactory(organization=webhook.organization)

        record_events(bounces(webhook, 3))

        for one in (webhook, other):
            assert ids_in(WebhookOutbox.objects.filter(webhook_id=one.pk)) == recorded_ids()

    def test_goes_with_the_transaction(self, webhook):
        with transaction.atomic():
            record_events(bounces(webhook, 3))
            transaction.set_rollback(True)

        assert WebhookOutbox.objects.count() == StoredEvent.objects.count() == 0

    def test_costs_an_open_or_a_click_no_question_more(self, db, django_assert_num_queries):
        with django_assert_num_queries(1):
            record_events(EventFactory.build_batch(2))


class TestMakeDeliveries:
    def test_puts_small_pieces_together(self, webhook):
        for _ in range(5):
            record_events(bounces(webhook, 1))

        assert make_deliveries(webhook, now=NOW) == 1
        assert ids_in(WebhookDelivery.objects) == recorded_ids()
        assert WebhookOutbox.objects.count() == 0

    def test_cuts_large_pieces(self, webhook):
        record_events(bounces(webhook, 250))

        assert make_deliveries(webhook, now=NOW) == 3
        assert ids_in(WebhookDelivery.objects) == recorded_ids()

    def test_leaves_for_later_what_does_not_fit(self, webhook):
        for _ in range(3):
            record_events(bounces(webhook, 60))

        made = [make_deliveries(webhook, now=NOW) for _ in range(3)]

        assert made == [2, 1, 0]
        assert ids_in(WebhookDelivery.objects) == recorded_ids()

    def test_makes_one_for_each_event_where_asked(self, webhook):
        Webhook.objects.update(batch_size=1)
        webhook.refresh_from_db()
        record_events(bounces(webhook, 3))

        assert make_deliveries(webhook, now=NOW) == 3


class TestClaim:
    def test_takes_one_delivery_of_each_webhook(self, webhook):
        other = WebhookFactory()
        for one in (webhook, webhook, other):
            WebhookDeliveryFactory(webhook=one)

        claimed = claim(limit=10, now=NOW)

        assert {one.webhook_id for one in claimed} == {webhook.pk, other.pk}
        assert len(claimed) == 2
        assert claim(limit=10, now=NOW) == []

    def test_makes_deliveries_of_what_is_noted(self, webhook):
        record_events(bounces(webhook, 3))

        (delivery,) = claim(limit=10, now=NOW)

        assert delivery.event_ids == recorded_ids()
        assert delivery.attempts == 1

    def test_waits_for_the_time_of_a_delivery(self, webhook):
        WebhookDeliveryFactory(webhook=webhook, due_at=NOW + SECOND)

        assert claim(limit=10, now=NOW) == []
        assert len(claim(limit=10, now=NOW + SECOND)) == 1

    def test_leaves_alone_a_webhook_that_rests_or_is_off(self, webhook):
        WebhookDeliveryFactory(webhook=webhook)
        WebhookDeliveryFactory(webhook__active=False)
        Webhook.objects.filter(pk=webhook.pk).update(resting_until=NOW + SECOND)

        assert claim(limit=10, now=NOW) == []

    def test_takes_a_test_in_any_state(self, webhook):
        Webhook.objects.update(resting_until=NOW + SECOND, active=False)
        WebhookDeliveryFactory(webhook=webhook)
        test = operations.send_test(webhook, now=NOW)

        assert [one.pk for one in claim(limit=10, now=NOW)] == [test.pk]

    def test_takes_over_from_a_worker_that_died(self, webhook):
        record_events(bounces(webhook, 3))
        (lost,) = claim(limit=10, now=NOW)

        assert claim(limit=10, now=NOW + LEASE - SECOND) == []
        (again,) = claim(limit=10, now=NOW + LEASE)

        assert (again.pk, again.message_id) == (lost.pk, lost.message_id)
        assert (again.attempts, again.lease) == (2, again.lease)
        assert again.lease != lost.lease

    def test_gives_those_a_turn_whose_last_one_was_longest_ago(self, webhook):
        other = WebhookFactory()
        for one in (webhook, other, webhook, other):
            WebhookDeliveryFactory(webhook=one)
        order = []

        for number in range(4):
            (delivery,) = claim(limit=1, now=NOW + number * SECOND)
            settle(delivery, TOOK_IT, now=NOW + number * SECOND)
            order.append(delivery.webhook_id)

        assert order == [webhook.pk, other.pk, webhook.pk, other.pk]

    def test_reads_no_secret(self, webhook, settings):
        WebhookDeliveryFactory(webhook=webhook)
        settings.SECRET_KEY = "another one since"

        assert len(claim(limit=10, now=NOW)) == 1


@pytest.mark.django_db(transaction=True)
class TestClaimByManyAtOnce:
    def test_never_gives_one_delivery_to_two(self):
        webhooks = WebhookFactory.create_batch(5)
        for webhook in webhooks:
            WebhookDeliveryFactory.create_batch(4, webhook=webhook)

        def work(_):
            try:
                return [
                    delivery.pk
                    for number in range(40)
                    for delivery in _claimed_and_settled(NOW + number * SECOND)
                ]
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as pool:
            done = [pk for pks in pool.map(work, range(4)) for pk in pks]

        assert len(done) == len(set(done)) == 20
        assert set(WebhookDelivery.objects.values_list("status", "attempts")) == {("delivered", 1)}


def _claimed_and_settled(now):
    claimed = claim(limit=3, now=now)
    for delivery in claimed:
        settle(delivery, TOOK_IT, now=now)
    return claimed


class TestSettle:
    def attempt(self, outcome, now=NOW):
        """Claim what is due and settle it with this outcome."""
        (delivery,) = claim(limit=1, now=now)
        settle(delivery, outcome, now=now)
        delivery.refresh_from_db()
        return delivery

    def test_notes_a_success(self, webhook):
        WebhookDeliveryFactory(webhook=webhook)

        delivery = self.attempt(TOOK_IT)

        webhook.refresh_from_db()
        assert delivery.status == DeliveryStatus.DELIVERED
        assert (delivery.response_status, delivery.response_excerpt) == (200, "ok")
        assert (delivery.duration_ms, delivery.problem, delivery.lease) == (12, "", None)
        assert (webhook.last_delivered_at, webhook.failures) == (NOW, 0)

    def test_puts_off_what_failed(self, webhook):
        WebhookDeliveryFactory(webhook=webhook)

        delivery = self.attempt(BROKEN)

        webhook.refresh_from_db()
        assert delivery.status == DeliveryStatus.WAITING
        assert NOW + RETRY_DELAYS[0] <= delivery.due_at <= NOW + RETRY_DELAYS[0] * 1.2
        assert delivery.problem == "It answered 500."
        assert (webhook.failures, webhook.failing_since) == (1, NOW)
        assert webhook.resting_until == NOW + 5 * SECOND
        assert webhook.last_problem == "It answered 500."

    def test_waits_as_long_as_the_server_asks(self, webhook):
        WebhookDeliveryFactory(webhook=webhook)

        delivery = self.attempt(Outcome(503, retry_after="7200"))

        webhook.refresh_from_db()
        assert delivery.due_at == webhook.resting_until == NOW + 7200 * SECOND

    def test_gives_up_after_the_last_attempt(self, webhook):
        WebhookDeliveryFactory(webhook=webhook, attempts=len(RETRY_DELAYS))

        assert self.attempt(BROKEN).status == DeliveryStatus.FAILED

    def test_switches_off_a_webhook_that_is_gone(self, webhook):
        WebhookDeliveryFactory(webhook=webhook)

        delivery = self.attempt(Outcome(410))

        webhook.refresh_from_db()
        assert delivery.status == DeliveryStatus.FAILED
        assert not webhook.active
        assert "410" in webhook.switched_off_reason

    def test_switches_off_a_webhook_after_a_long_failure(self, webhook):
        Webhook.objects.update(failures=LEAST_FAILURES - 1, failing_since=NOW - LONG_FAILURE)
        WebhookDeliveryFactory(webhook=webhook)

        delivery = self.attempt(Outcome(None, problem="No connection."))

        webhook.refresh_from_db()
        assert not webhook.active
        assert "No connection." in webhook.switched_off_reason
        assert delivery.status == DeliveryStatus.WAITING

    def test_ends_a_failure_with_the_first_success(self, webhook):
        Webhook.objects.update(failures=50, failing_since=NOW - LONG_FAILURE, last_problem="x")
        WebhookDeliveryFactory(webhook=webhook)

        self.attempt(TOOK_IT)

        webhook.refresh_from_db()
        assert (webhook.failures, webhook.failing_since, webhook.last_problem) == (0, None, "")
        assert webhook.active

    def test_holds_no_test_against_a_webhook(self, webhook):
        operations.send_test(webhook, now=NOW)

        delivery = self.attempt(BROKEN)

        webhook.refresh_from_db()
        assert delivery.status == DeliveryStatus.FAILED
        assert (webhook.failures, webhook.resting_until, webhook.busy_until) == (0, None, NOW)

    def test_leaves_alone_what_somebody_else_has_taken_over(self, webhook):
        WebhookDeliveryFactory(webhook=webhook)
        (mine,) = claim(limit=1, now=NOW)
        (theirs,) = claim(limit=1, now=NOW + LEASE)

        settle(mine, BROKEN, now=NOW + LEASE)

        webhook.refresh_from_db()
        theirs.refresh_from_db()
        assert (theirs.status, theirs.problem, webhook.failures) == ("waiting", "", 0)
        assert theirs.lease is not None

    def test_survives_that_the_webhook_was_deleted(self, webhook):
        WebhookDeliveryFactory(webhook=webhook)
        (delivery,) = claim(limit=1, now=NOW)
        Webhook.objects.all().delete()

        settle(delivery, TOOK_IT, now=NOW)

        assert WebhookDelivery.objects.count() == 0

    def test_stores_whatever_a_server_says(self, webhook):
        WebhookDeliveryFactory(webhook=webhook)

        delivery = self.attempt(Outcome(500, excerpt="\x00\udcff" + "x" * 5_000))

        assert len(delivery.response_excerpt) == 1_000


class TestKeep:
    def make(self, **given):
        values = {"url": "https://receiver.example/x", "event_types": ["email.bounced"]}
        return operations.keep(Webhook(organization=OrganizationFactory(), **values | given))

    def test_gives_a_new_webhook_a_secret(self, db):
        webhook = self.make()

        assert webhook.secret.startswith("whsec_")
        with connection.cursor() as cursor:
            cursor.execute("SELECT secret FROM insights_webhook")
            assert webhook.secret not in cursor.fetchone()[0]

    def test_keeps_the_secret_of_an_old_one(self, webhook):
        before = webhook.secret

        webhook.url = "https://other.example/"
        operations.keep(webhook)

        webhook.refresh_from_db()
        assert (webhook.url, webhook.secret) == ("https://other.example/", before)

    def test_overwrites_nothing_that_a_worker_writes(self, webhook):
        stale = Webhook.objects.get()
        Webhook.objects.update(failures=3, busy_until=NOW)

        operations.keep(stale)

        webhook.refresh_from_db()
        assert (webhook.failures, webhook.busy_until) == (3, NOW)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("url", "http://receiver.example/"),
            ("url", "https://127.0.0.1/"),
            ("url", "https://[::ffff:10.0.0.1]/"),
            ("url", "https://169.254.169.254/latest/meta-data"),
            ("url", "https://user:password@receiver.example/"),
            ("url", "nonsense"),
            ("event_types", []),
            ("event_types", ["email.exploded"]),
        ],
    )
    def test_refuses_what_cannot_work(self, db, field, value):
        with pytest.raises(DomainError) as refused:
            self.make(**{field: value})

        assert refused.value.extra["field"] == field

    def test_refuses_a_batch_out_of_bounds(self, db):
        with pytest.raises(ValidationError):
            self.make(batch_size=0)

    def test_allows_named_networks(self, db, settings):
        settings.MAILWRIGHT = settings.MAILWRIGHT | {"OUTGOING_NETWORKS": ["127.0.0.0/8"]}

        assert self.make(url="http://127.0.0.1:9000/").pk

    def test_begins_anew_with_one_that_is_switched_on_again(self, webhook):
        Webhook.objects.update(
            active=False, switched_off_reason="gone", failures=20, failing_since=NOW,
            resting_until=NOW,
        )  # fmt: skip
        webhook.refresh_from_db()

        webhook.active = True
        operations.keep(webhook)

        webhook.refresh_from_db()
        assert (webhook.active, webhook.switched_off_reason, webhook.failures) == (True, "", 0)
        assert (webhook.failing_since, webhook.resting_until) == (None, None)

    def test_refuses_more_than_an_organization_can_need(self, webhook, monkeypatch):
        monkeypatch.setattr(operations, "MOST_WEBHOOKS", 1)

        with pytest.raises(DomainError, match="already"):
            operations.keep(
                Webhook(
                    organization=webhook.organization,
                    url="https://a.example",
                    event_types=["email.sent"],
                )
            )


class TestRotateSecret:
    def test_keeps_the_old_one_for_a_day(self, webhook):
        before = webhook.secret

        secret = operations.rotate_secret(webhook, now=NOW)

        webhook.refresh_from_db()
        assert (webhook.secret, webhook.old_secret) == (secret, before)
        assert webhook.old_secret_until == NOW + timedelta(days=1)


class TestReplay:
    def test_makes_a_delivery_due_again_under_its_old_id(self, webhook):
        delivery = WebhookDeliveryFactory(webhook=webhook, status="failed", attempts=10)
        Webhook.objects.update(resting_until=NOW + SECOND)

        assert operations.replay(WebhookDelivery.objects.all(), now=NOW) == 1

        (claimed,) = claim(limit=1, now=NOW)
        assert (claimed.number, claimed.attempts) == (delivery.number, 1)

    def test_leaves_alone_what_is_under_way(self, webhook):
        WebhookDeliveryFactory(webhook=webhook, lease=uuid.uuid4(), leased_until=NOW + LEASE)

        assert operations.replay(WebhookDelivery.objects.all(), now=NOW) == 0


class TestForgetDeliveries:
    def test_deletes_old_ones_and_notes_of_webhooks_that_are_gone(self, webhook):
        WebhookDeliveryFactory(webhook=webhook, created_at=NOW - SECOND)
        young = WebhookDeliveryFactory(webhook=webhook, created_at=NOW)
        gone = webhook.pk + 1
        for pk in (webhook.pk, gone):
            WebhookOutbox.objects.create(webhook_id=pk, event_ids=[1], first_ts=NOW, last_ts=NOW)

        assert operations.forget_deliveries(made_before=NOW) == 1
        assert list(WebhookDelivery.objects.all()) == [young]
        assert list(WebhookOutbox.objects.values_list("webhook_id", flat=True)) == [webhook.pk]
