"""Webhooks of commercial providers, posted through anymail's own views."""

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from anymail.signals import AnymailTrackingEvent, tracking
from django.urls import include, path
from hypothesis import given
from hypothesis import strategies as st

from insights.events import BounceClass, EventType, Source
from insights.providers.anymail import claims_machine, reports_of
from insights.providers.anymail.places import PLACES
from insights.reports import Report
from tests.insights.providers.anymail_posts import BASIC_AUTH, PAYLOADS, SETTINGS, payload, post

urlpatterns = [path("anymail/", include("anymail.urls"))]

pytestmark = pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailNotSupportedWarning")

HAPPENED = "2026-11-21T04:23:20+00:00"
RECEIVED_AT = datetime(2026, 11, 21, 5, tzinfo=UTC)
RECIPIENT_ID, MESSAGE_ID = 4711, "f1d2c3b4a5.4711@news.example"  # as they are in the payloads
EXPECTED = {
    (folder.parent.name, kind): expected
    for folder in sorted(PAYLOADS.glob("*/expected.json"))
    for kind, expected in json.loads(folder.read_text()).items()
}
PROVIDERS = sorted({provider for provider, _ in EXPECTED})
# These give back nothing that we hand over, or only our Message-ID.
WITHOUT_METADATA = {"mailersend", "postal"}
# Anymail knows these by the account's password alone.
UNSIGNED = {"brevo", "mailjet", "postmark", "sparkpost"}


@pytest.fixture(autouse=True)
def _webhooks(settings):
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = []
    settings.ANYMAIL = SETTINGS


@pytest.fixture
def events() -> Iterator[list[tuple[AnymailTrackingEvent, str]]]:
    received = []

    def receive(sender: object, event: AnymailTrackingEvent, esp_name: str, **_: Any) -> None:
        received.append((event, esp_name))

    tracking.connect(receive)
    yield received
    tracking.disconnect(receive)


def reports(events: list[tuple[AnymailTrackingEvent, str]]) -> list[Report]:
    return [
        report
        for event, esp_name in events
        for report in reports_of(event, esp_name=esp_name, received_at=RECEIVED_AT)
    ]


def tracking_event(event_type: str, **more: Any) -> AnymailTrackingEvent:
    return AnymailTrackingEvent(
        event_type=event_type,
        **{"esp_event": {}, "message_id": "m-1", "recipient": "ann@mail.example"} | more,
    )


def one_report(event: AnymailTrackingEvent, esp_name: str = "SparkPost") -> Report:
    (report,) = reports_of(event, esp_name=esp_name, received_at=RECEIVED_AT)
    return report


class TestReportsOf:
    @pytest.mark.parametrize(("provider", "kind"), [key for key in EXPECTED if EXPECTED[key]])
    def test_says_what_the_provider_said(self, events, provider, kind):
        expected = {"ts": HAPPENED, "claims_machine": False} | EXPECTED[provider, kind]

        response = post(provider, payload(provider, kind))

        assert response.status_code == 200
        (report,) = reports(events)
        said = {
            "event_type": report.event_type,
            "address": report.references.address,
            "bounce_class": report.bounce_class,
            "smtp_code": report.smtp_code,
            "enhanced_code": report.enhanced_code,
            "smtp_response": report.smtp_response,
            "remote_host": report.remote_host,
            "ip": report.ip,
            "url": report.url,
            "user_agent": report.user_agent,
            "ts": report.ts.replace(microsecond=0).isoformat(),
            "claims_machine": claims_machine(events[0][0], esp_name=events[0][1]),
        }
        assert {
            name: value for name, value in said.items() if value or name in expected
        } == expected
        assert report.source == Source.ANYMAIL

    @pytest.mark.parametrize(("provider", "kind"), [key for key in EXPECTED if not EXPECTED[key]])
    def test_says_nothing_of_what_does_not_concern_us(self, events, provider, kind):
        response = post(provider, payload(provider, kind))

        assert response.status_code == 200
        assert len(events) == 1
        assert reports(events) == []

    @pytest.mark.parametrize(("provider", "kind"), [key for key in EXPECTED if EXPECTED[key]])
    def test_points_at_the_message(self, events, provider, kind):
        post(provider, payload(provider, kind))

        (report,) = reports(events)
        references = report.references
        assert references.queue_id == str(events[0][0].message_id)
        if provider not in WITHOUT_METADATA:
            assert references.recipient_id == RECIPIENT_ID
        elif provider == "postal":
            assert references.message_id == MESSAGE_ID

    @pytest.mark.parametrize(("provider", "kind"), [key for key in EXPECTED if EXPECTED[key]])
    def test_has_the_same_key_when_it_comes_again(self, events, provider, kind):
        post(provider, payload(provider, kind))
        post(provider, payload(provider, kind))
        for event, _ in events:
            event.event_id = f"another {id(event)}"

        first, again = reports(events)

        assert first == again

    @pytest.mark.parametrize("provider", PROVIDERS)
    def test_has_a_key_of_its_own_for_each_thing(self, events, provider):
        kinds = [kind for name, kind in EXPECTED if name == provider and EXPECTED[name, kind]]
        for kind in kinds:
            post(provider, payload(provider, kind))

        keys: dict[Any, set[Any]] = {}
        for report in reports(events):
            thing = (report.event_type, report.bounce_class, report.references.address)
            keys.setdefault(report.natural_key, set()).add(thing)

        assert all(len(things) == 1 for things in keys.values())
        assert len(keys) >= len(set.union(*keys.values()))

    def test_counts_a_bounce_once_that_is_reported_in_two_ways(self, events):
        post("postmark", payload("postmark", "hard_bounce"))
        post("postmark", payload("postmark", "suppressed_bounce"))

        bounce, suppression = reports(events)

        assert bounce.natural_key == suppression.natural_key
        assert bounce.ts != suppression.ts

    def test_counts_every_open(self, events):
        first = payload("mailjet", "open")
        second = deepcopy(first)
        second[0]["time"] += 60
        post("mailjet", first)
        post("mailjet", second)

        assert len({report.natural_key for report in reports(events)}) == 2

    def test_takes_each_event_of_a_batch(self, events):
        post("mandrill", payload("mandrill", "hard_bounce") + payload("mandrill", "open"))

        kinds = [report.event_type for report in reports(events)]
        assert kinds == [EventType.BOUNCED, EventType.OPENED]

    def test_knows_a_provider_by_its_old_name(self):
        event = tracking_event("bounced", esp_event={"event": "hard_bounce"})

        assert one_report(event, "SendinBlue") == one_report(event, "Brevo")

    @pytest.mark.parametrize(
        "metadata",
        [None, [], {}, {"recipient_id": True}, {"recipient_id": "7x"}, {"recipient_id": "9" * 30}],
    )
    def test_takes_no_other_number_for_ours(self, metadata):
        event = tracking_event("delivered", metadata=metadata)

        assert one_report(event).references.recipient_id is None

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            (None, RECEIVED_AT),
            (RECEIVED_AT + timedelta(days=400), RECEIVED_AT),
            (datetime(1970, 1, 1, tzinfo=UTC), RECEIVED_AT),
            (RECEIVED_AT - timedelta(days=2), RECEIVED_AT - timedelta(days=2)),
        ],
    )
    def test_happened_when_it_can_have_happened(self, given, expected):
        assert one_report(tracking_event("opened", timestamp=given)).ts == expected

    @pytest.mark.parametrize(
        ("words", "code", "enhanced_code"),
        [
            ("550-5.1.1 The email account does not exist", 550, "5.1.1"),
            ("550 RecipientError: 550 5.1.1 <x@y.example>: unknown", 550, "5.1.1"),
            ("550 #5.7.1 blocked", 550, "5.7.1"),
            ("554 Refused, you are 5.1.1.7", 554, ""),
            ("421 4.7.0 [192.0.2.250] try later", 421, "4.7.0"),
            ("550 as 4.2.2 told you", 550, ""),
            ("Connection to 192.0.2.250:25 failed", None, ""),
            ("queued as 250ABC", None, ""),
        ],
    )
    def test_finds_the_codes_in_an_answer(self, words, code, enhanced_code):
        report = one_report(tracking_event("deferred", mta_response=words), "Postmark")

        assert (report.smtp_code, report.enhanced_code) == (code, enhanced_code)

    def test_never_suppresses_for_a_policy(self):
        event = tracking_event(
            "bounced",
            esp_event={"msys": {"message_event": {"bounce_class": "10", "error_code": "550"}}},
            mta_response="550 5.7.1 User unknown or not allowed",
        )

        assert one_report(event).bounce_class == BounceClass.BLOCK

    def test_keeps_only_text_that_a_database_can_hold(self):
        event = tracking_event("deferred", mta_response="451 \0\ud800 " + "x" * 5000)

        report = one_report(event)

        assert "\0" not in report.smtp_response
        report.smtp_response.encode()
        assert len(report.smtp_response) == 2000

    @given(
        esp_name=st.sampled_from([*PLACES, "Postmark", "Unisender Go", "Nobody"]),
        event_type=st.sampled_from(["bounced", "rejected", "delivered", "opened", "unknown"]),
        raw=st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(
                    st.sampled_from(["event", "bounce", "msys", "status", "payload", "error", "x"]),
                    inner,
                    max_size=3,
                )
            ),
            max_leaves=8,
        ),
        text=st.none() | st.text(max_size=20),
    )
    def test_reads_any_event(self, esp_name, event_type, raw, text):
        event = tracking_event(event_type, esp_event=raw, mta_response=text, metadata=raw)

        found = reports_of(event, esp_name=esp_name, received_at=RECEIVED_AT)

        assert len(found) <= 1
        claims_machine(event, esp_name=esp_name)


class TestWebhooks:
    def test_are_all_tried(self):
        pages = {str(page.pattern) for page in include("anymail.urls")[0].urlpatterns}
        tracked = {page.removesuffix("/tracking/") for page in pages if "tracking" in page}

        assert set(PROVIDERS) == tracked - {"sendinblue"}
        assert len(PROVIDERS) == 13
        for provider in PROVIDERS:
            files = {file.stem for file in (PAYLOADS / provider).glob("*.json")} - {"expected"}
            assert files == {kind for name, kind in EXPECTED if name == provider}

    @pytest.mark.parametrize("provider", PROVIDERS)
    @pytest.mark.parametrize("auth", ["", "hooks:wrong", BASIC_AUTH + "x"])
    def test_refuse_a_wrong_password(self, events, provider, auth):
        kind = next(kind for name, kind in EXPECTED if name == provider)

        response = post(provider, payload(provider, kind), auth=auth)

        assert response.status_code in {400, 401}
        assert events == []

    @pytest.mark.parametrize("provider", sorted(set(PROVIDERS) - UNSIGNED))
    def test_refuse_a_wrong_signature(self, events, provider):
        kinds = [kind for name, kind in EXPECTED if name == provider]

        statuses = {
            post(provider, payload(provider, kind), forged=True).status_code for kind in kinds
        }

        assert statuses == {400}
        assert events == []
