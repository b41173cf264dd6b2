"""Posts of commercial providers by HTTP: what ends in the database, and what is refused."""

import json
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from insights.events import Source
from insights.models import DeliveryEvent, InboxKey, RawPayload
from insights.operations.inbox import contents, replay
from insights.providers.anymail.esps import ESPS
from sending.pipeline.inbox import read_inbox
from suppression.models import Suppression
from tests.factories.campaigns import OrganizationFactory
from tests.factories.insights import InboxKeyFactory
from tests.insights.providers.anymail_posts import (
    BASIC_AUTH,
    PAYLOADS,
    SECRETS,
    Post,
    payload,
    send,
    signed,
)
from tests.sending.reporting import NOW, RANDOM, figures, sent_row

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailNotSupportedWarning"),
]
RECIPIENT_ID, MESSAGE_ID = 4711, "f1d2c3b4a5.4711@news.example"  # as they are in the payloads
OUR_MESSAGE_ID = f"{RECIPIENT_ID:x}.{RANDOM}@news.example.com"
EXPECTED: dict[tuple[str, str], dict[str, Any] | None] = {
    (file.parent.name, kind): expected
    for file in sorted(PAYLOADS.glob("*/expected.json"))
    for kind, expected in json.loads(file.read_text()).items()
}
TELLING = [key for key in EXPECTED if EXPECTED[key]]
SILENT = [key for key in EXPECTED if not EXPECTED[key]]
RECORDED = [key for key in TELLING if (EXPECTED[key] or {})["event_type"] != "sent"]
HAND_OVERS = [key for key in TELLING if key not in RECORDED]
SIGNING = sorted(SECRETS)
UNSIGNED = sorted(set(ESPS) - set(SECRETS))


@pytest.fixture(autouse=True)
def _address(settings):
    settings.MAILWRIGHT = {**settings.MAILWRIGHT, "PUBLIC_URL": "https://mw.example"}


@pytest.fixture
def organization():
    return OrganizationFactory()


def inbox(organization, esp: str) -> InboxKey:
    key: InboxKey = InboxKeyFactory(
        organization=organization,
        source="anymail",
        esp=esp,
        secret=SECRETS.get(esp, BASIC_AUTH),
    )
    return key


def path_of(key: InboxKey) -> str:
    return f"/anymail/{key.key}/{key.esp}/tracking"


def recorded(esp: str, kind: str) -> Any:
    """Return a recorded payload, about our message."""
    text = json.dumps(payload(esp, kind)).replace(MESSAGE_ID, OUR_MESSAGE_ID)
    return json.loads(text)


def post(key: InboxKey, body: Any, *, forged: bool = False, auth: str = BASIC_AUTH) -> Any:
    path = path_of(key)
    url = f"https://mw.example{path}"
    auth = "" if key.esp in SECRETS else auth
    return send(signed(key.esp, body, url=url, forged=forged, auth=auth), path)


def read_all() -> None:
    read_inbox(now=RawPayload.objects.latest("received_at").received_at)


def message(organization, esp: str, expected: dict[str, Any], **given: Any) -> Any:
    """Return our message as the ledger has it before the provider reports on it."""
    address = expected["address"].replace("@@", "@")  # of one that the provider calls invalid
    row = sent_row(organization, address=address, pk=RECIPIENT_ID, queue_id="unknown", **given)
    if esp == "mailersend":  # it gives back nothing of ours, so its own name for it must do
        row.queue_id = recorded(esp, "delivered")["data"]["email"]["message"]["id"]
        row.save()
    return row


class TestRecorded:
    @pytest.mark.parametrize(("esp", "kind"), RECORDED)
    def test_ends_as_the_event_that_happened_to_the_message(self, organization, esp, kind):
        expected = EXPECTED[esp, kind] or {}
        row = message(organization, esp, expected)

        answer = post(inbox(organization, esp), recorded(esp, kind))
        read_all()

        assert (answer.status_code, answer.content) == (200, b"")
        event = DeliveryEvent.objects.get()
        assert event.recipient_id == row.pk
        assert event.source == Source.ANYMAIL
        assert event.event_type == expected["event_type"]
        assert event.bounce_class == (expected.get("bounce_class") or "")
        assert event.smtp_code == expected.get("smtp_code")
        assert event.enhanced_code == expected.get("enhanced_code", "")
        assert event.smtp_response == expected.get("smtp_response", "")
        assert event.url == expected.get("url", "")
        assert RawPayload.objects.get().status == "read"
        suppressed = expected["event_type"] in {"complained", "unsubscribed"} or (
            expected.get("bounce_class") == "hard"
        )
        assert Suppression.objects.exists() == suppressed

    @pytest.mark.parametrize("esp", ESPS)
    def test_changes_nothing_when_all_of_it_comes_again(self, organization, esp):
        kinds = [kind for name, kind in RECORDED if name == esp]
        message(organization, esp, {"address": "ann@mail.example"})
        key = inbox(organization, esp)
        for kind in kinds:
            post(key, recorded(esp, kind))
        read_all()
        before = figures()
        events, suppressed = DeliveryEvent.objects.count(), Suppression.objects.count()

        for kind in reversed(kinds):
            post(key, recorded(esp, kind))
        replay(RawPayload.objects.all(), now=NOW)
        read_all()

        assert figures() == before
        assert events > 0
        assert DeliveryEvent.objects.count() == events
        assert Suppression.objects.count() == suppressed

    @pytest.mark.parametrize(("esp", "kind"), SILENT)
    def test_tells_nothing_of_what_does_not_concern_us(self, organization, esp, kind):
        sent_row(organization, pk=RECIPIENT_ID)

        answer = post(inbox(organization, esp), recorded(esp, kind))
        read_all()

        assert answer.status_code == 200
        assert RawPayload.objects.get().status == "read"
        assert not DeliveryEvent.objects.exists()

    @pytest.mark.parametrize(("esp", "kind"), HAND_OVERS)
    def test_says_nothing_new_of_a_hand_over_that_was_answered(self, organization, esp, kind):
        row = message(organization, esp, EXPECTED[esp, kind] or {})

        post(inbox(organization, esp), recorded(esp, kind))
        read_all()

        row.refresh_from_db()
        assert row.state == "sent"
        assert not DeliveryEvent.objects.exists()

    @pytest.mark.parametrize(("esp", "kind"), HAND_OVERS)
    def test_settles_a_hand_over_in_doubt(self, organization, esp, kind):
        row = message(organization, esp, EXPECTED[esp, kind] or {}, attempts=1)
        row.state = "in_doubt"
        row.save()

        post(inbox(organization, esp), recorded(esp, kind))
        read_all()
        replay(RawPayload.objects.all(), now=NOW)
        read_all()

        row.refresh_from_db()
        event = DeliveryEvent.objects.get()
        assert (row.state, row.sent_at) == ("sent", event.ts)
        assert event.event_type == "sent"

    @pytest.mark.parametrize(
        ("esp", "kind"), [key for key in RECORDED if (EXPECTED[key] or {}).get("claims_machine")]
    )
    def test_believes_a_provider_that_it_was_a_machine(self, organization, esp, kind):
        message(organization, esp, EXPECTED[esp, kind] or {})

        post(inbox(organization, esp), recorded(esp, kind))
        read_all()

        event = DeliveryEvent.objects.get()
        assert event.actor == "machine"
        assert "claimed_machine" in event.actor_reasons


class TestRefused:
    @pytest.mark.parametrize("esp", SIGNING)
    def test_is_a_wrong_signature(self, organization, esp):
        key = inbox(organization, esp)
        kinds = [kind for name, kind in EXPECTED if name == esp]

        statuses = {post(key, recorded(esp, kind), forged=True).status_code for kind in kinds}

        assert statuses == {401}
        assert not RawPayload.objects.exists()

    @pytest.mark.parametrize("esp", SIGNING)
    def test_is_what_is_not_signed_at_all(self, organization, esp):
        key = inbox(organization, esp)

        statuses = {
            send(Post(body), path_of(key)).status_code
            for body in (b"", b"[]", b"{}", b"\xff", b'{"signature": 7, "auth": []}', b"[" * 9999)
        }

        assert statuses == {401}
        assert not RawPayload.objects.exists()

    @pytest.mark.parametrize("auth", ["", "hooks:wrong", BASIC_AUTH + "x", "\xff"])
    @pytest.mark.parametrize("esp", UNSIGNED)
    def test_is_a_wrong_password(self, organization, esp, auth):
        kind = next(kind for name, kind in EXPECTED if name == esp)

        answer = post(inbox(organization, esp), recorded(esp, kind), auth=auth)

        assert answer.status_code == 401
        assert answer["WWW-Authenticate"].startswith("Basic ")
        assert not RawPayload.objects.exists()

    @pytest.mark.parametrize("esp", ESPS)
    def test_is_everything_until_there_is_a_secret(self, organization, esp):
        key = inbox(organization, esp)
        key.secret = ""
        key.save()
        kind = next(kind for name, kind in EXPECTED if name == esp)

        assert post(key, recorded(esp, kind)).status_code == 401

    def test_is_the_secret_of_another_organization(self, organization):
        other = inbox(OrganizationFactory(), "postmark")
        other.secret = "hooks:another"
        other.save()

        assert post(other, payload("postmark", "delivery")).status_code == 401

    def test_is_the_address_of_another_provider(self, organization):
        key = inbox(organization, "postmark")

        answers = [
            send(Post(b"{}"), f"/anymail/{key.key}/brevo/tracking"),
            send(Post(b"{}"), f"/anymail/{key.key}/nobody/tracking"),
            send(Post(b"{}"), "/anymail/nobody/postmark/tracking"),
            send(Post(b"{}"), f"/hooks/mail/{key.key}"),
        ]

        assert [answer.status_code for answer in answers] == [404] * 4


class TestDoor:
    @pytest.mark.parametrize("esp", ESPS)
    def test_says_that_it_is_there(self, organization, esp):
        path = path_of(inbox(organization, esp))

        assert [Client().head(path).status_code, Client().get(path).status_code] == [200, 200]
        assert Client().get(f"/anymail/nobody/{esp}/tracking").status_code == 404
        assert not RawPayload.objects.exists()

    def test_keeps_bytes_and_signature_but_no_password(self, organization):
        body = payload("resend", "delivered")
        post(inbox(organization, "resend"), body)
        post(inbox(organization, "postmark"), payload("postmark", "delivery"))

        resend, postmark = RawPayload.objects.order_by("pk")
        assert json.loads(bytes(resend.body)) == body
        assert set(resend.headers) == {
            "Content-Type",
            "Svix-Id",
            "Svix-Timestamp",
            "Svix-Signature",
        }
        assert set(postmark.headers) == {"Content-Type"}
        assert resend.organization == organization

    @pytest.mark.parametrize("esp", ["brevo", "mailjet", "postmark", "sparkpost", "amazon_ses"])
    @pytest.mark.parametrize("body", [b"", b"\xff\x00", b"[]", b"{}", b"7", b"[7]", b"[" * 9999])
    def test_keeps_garbage_in_sight(self, organization, esp, body):
        key = inbox(organization, esp)
        request = signed(esp, {}, url="", auth=BASIC_AUTH)
        request.body = body

        answer = send(request, path_of(key))

        assert answer.status_code == (401 if esp == "amazon_ses" else 200)
        if answer.status_code == 200:
            read_all()
            stored = RawPayload.objects.get()
            empty = (esp, body) in {("mailjet", b"[]"), ("sparkpost", b"[]"), ("sparkpost", b"{}")}
            assert stored.status == ("read" if empty else "unreadable")
            assert bool(stored.problem) == (not empty)

    def test_takes_the_good_events_of_a_batch_that_cannot_all_be_read(self, organization):
        for esp, kind in (("mandrill", "hard_bounce"), ("sendgrid", "bounce_hard")):
            good = payload(esp, kind if (esp, kind) in EXPECTED else _bounce_of(esp))
            key = inbox(organization, esp)
            post(key, [{"event": 7, "msg": 5, "timestamp": "x"}, *good, 7])

            found = contents(RawPayload.objects.latest("pk"))

            assert [report.event_type for report in found.reports] == ["bounced"]
            assert "events[0]" in found.problem or "events[2]" in found.problem

    def test_asks_staff_whether_amazon_may_post(self, organization):
        asked = {
            "Type": "SubscriptionConfirmation",
            "MessageId": "1",
            "Token": "t",
            "TopicArn": "arn:aws:sns:eu-west-1:111122223333:mail",
            "SubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t",
        }
        request = signed("amazon_ses", {}, url="", auth=BASIC_AUTH)
        request.body = json.dumps(asked).encode()
        request.headers |= {"x-amz-sns-message-type": asked["Type"], "x-amz-sns-message-id": "1"}

        answer = send(request, path_of(inbox(organization, "amazon_ses")))
        read_all()

        stored = RawPayload.objects.get()
        assert (answer.status_code, stored.status) == (200, "unreadable")
        assert asked["SubscribeURL"] in stored.problem
        stored.body = json.dumps(asked | {"SubscribeURL": "https://evil.example/"}).encode()
        assert "evil" not in contents(stored).problem


def _bounce_of(esp: str) -> str:
    return next(
        kind
        for (name, kind), expected in EXPECTED.items()
        if name == esp and expected and expected["event_type"] == "bounced"
    )


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["event", "events", "msys", "data", "type", "Type", "Message", "payload", "msg",
                 "time", "timestamp", "ts", "events_by_user", "event-data", "RecordType"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)  # fmt: skip


_TYPES = (
    "application/json",
    "",
    "nonsense",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded; charset=none",
)


class TestContents:
    @settings(
        max_examples=300,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(st.sampled_from(sorted(ESPS)), _JSON | st.binary(max_size=40), st.sampled_from(_TYPES))
    def test_reads_anything_that_was_signed(self, esp, body, content_type):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        stored = RawPayload(
            source="anymail",
            esp=esp,
            body=raw,
            headers={"Content-Type": content_type},
            received_at=NOW,
        )

        found = contents(stored)

        found.problem.encode()
        assert "\0" not in found.problem
