"""The inbox by HTTP: who may post, what is stored, what becomes of it."""

import pytest
from django.test import Client

from campaigns.states import RecipientState
from insights.models import DeliveryEvent, RawPayload
from sending.pipeline.inbox import read_inbox
from suppression.models import Suppression
from tests.factories.campaigns import OrganizationFactory
from tests.factories.insights import InboxKeyFactory
from tests.sending.reporting import (
    HAPPENED,
    batch,
    bounce_mail,
    return_path,
    sent_row,
    signature,
    stalwart_event,
    stalwart_key,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization():
    return OrganizationFactory()


@pytest.fixture
def client():
    return Client(enforce_csrf_checks=True)


def post_batch(client, key, body, **headers):
    given = {"X-Signature": signature(body), **headers}
    return client.post(
        f"/hooks/stalwart/{key.key}", body, content_type="application/json", headers=given
    )


def post_mail(client, key, body, query=""):
    return client.post(f"/hooks/mail/{key.key}{query}", body, content_type="message/rfc822")


def read_all():
    payload = RawPayload.objects.latest("received_at")
    return read_inbox(now=payload.received_at)


class TestStalwart:
    def test_ends_as_a_bounce_in_ledger_events_and_suppression(self, client, organization):
        row = sent_row(organization)

        answer = post_batch(client, stalwart_key(organization), batch(stalwart_event(row)))
        read_all()

        row.refresh_from_db()
        event = DeliveryEvent.objects.get(recipient_id=row.pk)
        entry = Suppression.objects.get()
        assert (answer.status_code, answer.content) == (200, b"")
        assert (row.state, row.bounce_class) == (RecipientState.BOUNCED, "hard")
        assert (event.event_type, event.smtp_code, event.source) == ("bounced", 550, "stalwart")
        assert event.ts == HAPPENED
        assert (entry.email, entry.reason) == (row.email, "hard_bounce")
        assert RawPayload.objects.get().status == "read"

    def test_is_answered_before_anything_is_read(self, client, organization):
        body = batch(stalwart_event(sent_row(organization)))

        post_batch(client, stalwart_key(organization), body)

        payload = RawPayload.objects.get()
        assert (payload.status, bytes(payload.body)) == ("waiting", body)
        assert payload.organization == organization
        assert not DeliveryEvent.objects.exists()

    @pytest.mark.parametrize("forged", ["", "AAAA", signature(b"something else")])
    def test_refuses_what_is_not_signed_and_keeps_nothing(self, client, organization, forged):
        body = batch(stalwart_event(sent_row(organization)))

        answer = post_batch(client, stalwart_key(organization), body, **{"X-Signature": forged})

        assert answer.status_code == 401
        assert not RawPayload.objects.exists()

    def test_keeps_no_signature_nor_other_secret(self, client, organization):
        post_batch(client, stalwart_key(organization), batch(), Authorization="Bearer x")

        assert RawPayload.objects.get().headers == {"Content-Type": "application/json"}


class TestMail:
    def test_ends_as_a_bounce_of_the_message_named_by_the_envelope(self, client, organization):
        row = sent_row(organization)
        key = InboxKeyFactory(organization=organization)

        answer = post_mail(client, key, bounce_mail(row), f"?to={return_path(row)}")
        read_all()

        row.refresh_from_db()
        assert answer.status_code == 200
        assert (row.state, row.bounce_class, row.smtp_code) == ("bounced", "hard", 550)
        assert Suppression.objects.get().source_recipient_id == row.pk

    def test_is_taken_byte_by_byte_whatever_it_is(self, client, organization):
        body = bytes(range(256)) * 3

        answer = post_mail(client, InboxKeyFactory(organization=organization), body)
        read_all()

        payload = RawPayload.objects.get()
        assert answer.status_code == 200
        assert bytes(payload.body) == body
        assert payload.status == "unreadable"

    def test_is_taken_as_it_stands_where_it_is_called_a_form(self, client, organization):
        key = InboxKeyFactory(organization=organization)

        client.post(
            f"/hooks/mail/{key.key}", b"a=b", content_type="application/x-www-form-urlencoded"
        )

        assert bytes(RawPayload.objects.get().body) == b"a=b"

    def test_is_refused_when_it_is_too_large(self, client, organization, settings):
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100

        answer = post_mail(client, InboxKeyFactory(organization=organization), b"x" * 101)

        assert answer.status_code == 413
        assert not RawPayload.objects.exists()


class TestAddresses:
    def test_are_not_found_when_unknown_or_of_another_source(self, client, organization):
        mail, stalwart = InboxKeyFactory(), stalwart_key(organization)

        answers = [
            client.post("/hooks/mail/nobody", b"x", content_type="message/rfc822"),
            client.post("/hooks/stalwart/nobody", b"x", content_type="application/json"),
            post_mail(client, stalwart, b"x"),
            post_batch(client, mail, batch()),
        ]

        assert [answer.status_code for answer in answers] == [404, 404, 404, 404]
        assert not RawPayload.objects.exists()

    def test_take_nothing_but_posts(self, client, organization):
        assert client.get(f"/hooks/mail/{InboxKeyFactory().key}").status_code == 405

    def test_leave_no_cookie(self, client, organization):
        answer = post_mail(client, InboxKeyFactory(organization=organization), b"x")

        assert not answer.cookies
