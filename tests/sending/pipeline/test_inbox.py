"""Reading the inbox: what counts, for whom, and that it counts once."""

from datetime import timedelta

import pytest
from celery import current_app
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from campaigns.models import Recipient
from campaigns.states import RecipientState
from insights.events import Source
from insights.models import DeliveryEvent, HourlyCount, PayloadStatus, RawPayload
from insights.operations.inbox import replay, store
from sending.pipeline.inbox import read_inbox
from suppression.models import Suppression
from tests.factories.campaigns import OrganizationFactory
from tests.sending.reporting import (
    NOW,
    batch,
    bounce_mail,
    complaint_mail,
    figures,
    later,
    return_path,
    sent_row,
    stalwart_event,
    unsubscribe_mail,
)

pytestmark = pytest.mark.django_db
FULL = {"code": 552, "details": "5.2.2 Mailbox full"}
BLOCKED = {"code": 550, "details": "5.7.1 Refused by policy: blocked for spam"}


@pytest.fixture
def organization():
    return OrganizationFactory()


def post(organization, body, *, source=Source.MAIL, to="", now=NOW):
    """Put a payload into the inbox, have it read and return what became of it."""
    payload = store(organization.pk, source=source, body=body, envelope_to=to, now=now)
    read_inbox(now=now)
    payload.refresh_from_db()
    return payload


def post_events(organization, *events, now=NOW):
    return post(organization, batch(*events), source=Source.STALWART, now=now)


class TestAttribution:
    def test_goes_by_the_return_path_that_a_mail_came_to(self, organization):
        row = sent_row(organization)

        assert post(organization, bounce_mail(row), to=return_path(row)).status == "read"

        assert DeliveryEvent.objects.get().recipient_id == row.pk

    def test_goes_by_the_message_id(self, organization):
        row = sent_row(organization)

        post(organization, bounce_mail(row, message_id=row.message_id))

        assert DeliveryEvent.objects.get().recipient_id == row.pk

    def test_refuses_a_message_id_that_only_begins_like_ours(self, organization):
        row = sent_row(organization)
        guessed = row.message_id.replace("0123", "3210")

        payload = post(organization, bounce_mail(row, message_id=guessed))

        assert payload.status == "unattributed"
        assert row.email in payload.problem
        assert not DeliveryEvent.objects.exists()

    def test_goes_by_queue_id_together_with_the_address(self, organization):
        row = sent_row(organization, queue_id="4Q1ABC")

        post(organization, bounce_mail(row, queue_id="4Q1ABC"))

        assert DeliveryEvent.objects.get().recipient_id == row.pk

    def test_does_not_go_by_the_queue_id_of_somebody_elses_message(self, organization):
        sent_row(organization, queue_id="4Q1ABC")
        other = sent_row(organization, address="ben@mail.example")

        payload = post(organization, bounce_mail(other, queue_id="4Q1ABC"))

        assert payload.status == "waiting"
        assert not DeliveryEvent.objects.exists()

    def test_never_goes_by_the_address_alone(self, organization):
        payload = post(organization, bounce_mail(sent_row(organization)))

        assert payload.status == "unattributed"
        assert not DeliveryEvent.objects.exists()
        assert not Suppression.objects.exists()

    def test_finds_only_messages_of_the_organization_that_was_posted_to(self, organization):
        foreign = sent_row(OrganizationFactory())

        mail = post(organization, bounce_mail(foreign, message_id=foreign.message_id),
                    to=return_path(foreign))  # fmt: skip
        events = post_events(organization, stalwart_event(foreign))

        assert (mail.status, events.status) == ("unattributed", "waiting")
        assert not DeliveryEvent.objects.exists()


class TestPayloads:
    def test_wait_for_a_queue_id_that_the_ledger_has_not_learnt_yet(self, organization):
        row = sent_row(organization)
        queue_id = row.queue_id
        Recipient.objects.update(queue_id="")
        event = stalwart_event(row, **{"from": "somebody@example.com"})
        payload = post_events(organization, event)
        Recipient.objects.update(queue_id=queue_id)

        read_inbox(now=NOW + timedelta(minutes=2))

        payload.refresh_from_db()
        assert (payload.status, payload.attempts) == ("read", 2)
        assert DeliveryEvent.objects.get().recipient_id == row.pk

    def test_wait_for_an_hour_at_the_most(self, organization):
        event = stalwart_event(sent_row(OrganizationFactory()))
        payload = post_events(organization, event)

        for hours in (0.1, 0.5, 1.1):
            read_inbox(now=NOW + timedelta(hours=hours))

        payload.refresh_from_db()
        assert payload.status == PayloadStatus.UNATTRIBUTED

    def test_that_cannot_be_read_stay_with_the_reason(self, organization):
        payload = post(organization, b"{no json", source=Source.STALWART)

        assert payload.status == "unreadable"
        assert "not JSON" in payload.problem

    def test_count_as_far_as_they_can_be_read(self, organization):
        row = sent_row(organization)
        broken = {"type": "delivery.delivered", "data": {"to": "x@example.com"}}

        payload = post_events(organization, broken, stalwart_event(row))

        assert payload.status == "unreadable"
        assert "events[0]" in payload.problem
        assert DeliveryEvent.objects.get().recipient_id == row.pk

    def test_that_break_the_reader_do_not_stop_the_others(self, organization):
        row = sent_row(organization)
        broken = store(organization.pk, source=Source.STALWART, body=b"[1]", now=NOW)
        # An hour beyond the calendar: the time of the event cannot be worked out at all.
        RawPayload.objects.update(received_at="9999-12-31T23:59:59Z", body=batch(
            stalwart_event(row)))  # fmt: skip
        sound = store(
            organization.pk, source=Source.STALWART, body=batch(stalwart_event(row)), now=NOW
        )

        for _ in range(6):
            RawPayload.objects.filter(status="waiting").update(due_at=NOW)
            read_inbox(now=NOW)

        broken.refresh_from_db()
        sound.refresh_from_db()
        assert (sound.status, broken.status) == ("read", "unreadable")
        assert "OverflowError" in broken.problem
        assert DeliveryEvent.objects.count() == 1

    def test_are_read_again_without_counting_again(self, organization):
        row = sent_row(organization)
        post_events(organization, stalwart_event(row))
        before = figures()
        Suppression.objects.all().delete()  # somebody released the address

        assert replay(RawPayload.objects.all(), now=NOW) == 1
        read_inbox(now=NOW)

        assert figures() == before
        assert DeliveryEvent.objects.count() == 1
        assert not Suppression.objects.exists()

    def test_are_recorded_at_last_once_the_message_is_known(self, organization):
        row = sent_row(organization)
        Recipient.objects.update(message_id="changed")
        payload = post(organization, bounce_mail(row, message_id=row.message_id))
        Recipient.objects.update(message_id=row.message_id)

        replay(RawPayload.objects.all(), now=NOW)
        read_inbox(now=NOW)

        payload.refresh_from_db()
        assert (payload.status, payload.problem) == ("read", "")
        assert DeliveryEvent.objects.get().recipient_id == row.pk


class TestEffects:
    def test_of_a_complaint_is_no_mail_at_all(self, organization):
        row = sent_row(organization)

        post(organization, complaint_mail(row))

        row.refresh_from_db()
        entry = Suppression.objects.get()
        assert row.complained_at is not None
        assert (entry.email, entry.reason, entry.scope) == (row.email, "complaint", "all")

    def test_of_unsubscribing_by_mail_is_no_more_marketing(self, organization):
        row = sent_row(organization)

        post(organization, unsubscribe_mail(row))

        row.refresh_from_db()
        entry = Suppression.objects.get()
        assert row.unsubscribed_at is not None
        assert (entry.reason, entry.scope) == ("unsubscribe", "marketing")
        assert sum(HourlyCount.objects.values_list("unsubscribes", flat=True)) == 1

    def test_of_a_refusal_by_policy_is_nothing_for_the_address(self, organization):
        row = sent_row(organization)

        post_events(organization, stalwart_event(row, "delivery.message-rejected", **BLOCKED))

        row.refresh_from_db()
        assert (row.state, row.bounce_class) == (RecipientState.BOUNCED, "block")
        assert not Suppression.objects.exists()

    def test_of_a_bounce_after_a_delivery_is_that_it_was_none(self, organization):
        row = sent_row(organization)
        post_events(organization, stalwart_event(row, "delivery.delivered", code=250, details="OK"))

        post_events(organization, stalwart_event(row, at=later(5)))

        row.refresh_from_db()
        count = HourlyCount.objects.get()
        assert row.state == RecipientState.BOUNCED
        assert (count.delivered, count.bounced, count.bounced_hard) == (0, 1, 1)

    def test_of_one_refusal_told_twice_is_one_bounce(self, organization):
        row = sent_row(organization)
        notice = stalwart_event(
            row, "delivery.dsn-perm-fail", at=later(0),
            details="Unexpected response for RCPT TO:<x>: Code: 550, Enhanced code: 5.1.1, "
            "Message: User unknown",
        )  # fmt: skip

        post_events(organization, stalwart_event(row))
        post_events(organization, notice)

        count = HourlyCount.objects.get()
        assert (count.bounced, DeliveryEvent.objects.count()) == (1, 1)


class TestForwards:
    """A contact passes their mail on, and the next one refuses it."""

    def post_forwarded(self, organization, row, *, original):
        named = f"Original-Recipient: rfc822; {original}\r\n" if original else ""
        mail = bounce_mail(row).replace(
            f"Final-Recipient: rfc822; {row.email}".encode(),
            f"{named}Final-Recipient: rfc822; old@elsewhere.example".encode(),
        )
        return post(organization, mail, to=return_path(row))

    @pytest.mark.parametrize("original", ["", "ann@mail.example"])
    def test_are_recorded_but_suppress_nobody(self, organization, original):
        row = sent_row(organization, address="ann@mail.example")

        payload = self.post_forwarded(organization, row, original=original)

        event = DeliveryEvent.objects.get()
        assert payload.status == "read"
        assert (event.recipient_id, event.bounce_class) == (row.pk, "hard")
        assert not Suppression.objects.exists()

    def test_suppress_once_the_address_itself_refuses(self, organization):
        row = sent_row(organization, address="ann@mail.example")
        self.post_forwarded(organization, row, original="ann@mail.example")

        post(organization, bounce_mail(row), to=return_path(row))

        assert Suppression.objects.get().email == "ann@mail.example"


class TestSoftBounces:
    def bounced(self, organization, rows, **data):
        for number, row in enumerate(rows):
            kind = "delivery.rcpt-to-rejected"
            post_events(organization, stalwart_event(row, kind, at=later(number), **data))

    def rows(self, organization, number):
        first = sent_row(organization)
        return [first, *(sent_row(organization, contact=first.contact) for _ in range(number - 1))]

    def test_suppress_after_five_in_a_row(self, organization):
        rows = self.rows(organization, 5)
        self.bounced(organization, rows[:4], **FULL)
        assert not Suppression.objects.exists()

        post_events(organization, stalwart_event(rows[4], at=later(9), **FULL))

        assert Suppression.objects.get().reason == "soft_bounce_limit"

    def test_begin_anew_after_a_delivery(self, organization):
        rows = self.rows(organization, 6)
        self.bounced(organization, rows[:4], **FULL)
        delivered = stalwart_event(
            rows[4], "delivery.delivered", at=later(7), code=250, details="OK"
        )
        post_events(organization, delivered)

        post_events(organization, stalwart_event(rows[5], at=later(9), **FULL))

        assert not Suppression.objects.exists()

    def test_are_neither_made_nor_ended_by_refusals_for_policy(self, organization):
        rows = self.rows(organization, 7)
        self.bounced(organization, rows[:4], **FULL)
        for number, row in enumerate(rows[4:6]):
            event = stalwart_event(
                row, "delivery.message-rejected", at=later(5 + number), **BLOCKED
            )
            post_events(organization, event)
        assert not Suppression.objects.exists()

        post_events(organization, stalwart_event(rows[6], at=later(9), **FULL))

        assert Suppression.objects.get().reason == "soft_bounce_limit"


KINDS = {
    "delivered": ("delivery.delivered", {"code": 250, "details": "OK"}),
    "refused": ("delivery.rcpt-to-rejected", {}),
    "full": ("delivery.rcpt-to-rejected", FULL),
    "blocked": ("delivery.message-rejected", BLOCKED),
    "deferred": ("delivery.rcpt-to-rejected", {"code": 451, "details": "4.2.1 Try later"}),
}
STEPS = st.integers(0, 20)  # of ten minutes
TIMES = st.lists(STEPS, max_size=3)


def told(kinds, times=TIMES):
    """Return the same thing, as told once or with several times."""
    told_once = st.tuples(st.sampled_from(kinds), times)
    return told_once.map(lambda drawn: [(drawn[0], step) for step in drawn[1]])


# Of one message: any number of deferrals, at most one delivery and one refusal for good.
HISTORY = st.tuples(
    told(["deferred"], st.lists(STEPS, max_size=3, unique=True)),
    told(["delivered"]),
    told(["refused", "full", "blocked"]),
).map(lambda parts: [each for part in parts for each in part])


class TestRedelivery:
    @hypothesis_settings(
        max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(histories=st.tuples(HISTORY, HISTORY), order=st.randoms(use_true_random=False))
    def test_changes_no_figure_in_any_order_and_with_other_ids(self, histories, order):
        self.forget()
        organization = OrganizationFactory()
        rows = [sent_row(organization), sent_row(organization, address="ben@mail.example")]
        events = [
            stalwart_event(row, KINDS[kind][0], at=later(10 * step), **KINDS[kind][1])
            for row, history in zip(rows, histories, strict=True)
            for kind, step in history
        ]
        post_events(organization, *events)
        recorded = DeliveryEvent.objects.count()
        once = self.forget()

        again = [event | {"id": str(number)} for number, event in enumerate(events * 2)]
        order.shuffle(again)
        for event in again:
            post_events(organization, event)
        post_events(organization, *again)

        assert set(RawPayload.objects.values_list("status", "problem")) == {("read", "")}
        assert figures() == once
        assert DeliveryEvent.objects.count() == recorded

    def forget(self):
        """Return the figures, and forget all that happened."""
        found = figures()
        facts = dict.fromkeys(
            ("delivered_at", "bounced_at", "smtp_code", "complained_at", "unsubscribed_at")
        )
        Recipient.objects.update(
            state="sent", bounce_class="", smtp_response="", enhanced_code="", **facts
        )
        for model in (DeliveryEvent, HourlyCount, RawPayload, Suppression):
            model.objects.all().delete()
        return found


class TestTask:
    def test_reads_the_inbox(self, organization):
        row = sent_row(organization)
        body = batch(stalwart_event(row))
        store(organization.pk, source=Source.STALWART, body=body, now=NOW)

        current_app.tasks["sending.tasks.read_inbox"].run()

        row.refresh_from_db()
        assert row.state == RecipientState.BOUNCED
