"""Webhooks of the Stalwart mail server."""

import json
import random
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.events import BounceClass, EventType, Source
from insights.providers.base import PayloadError, SignatureError
from insights.providers.stalwart import parse, verify
from insights.reports import Report
from sending.transports.smtp.replies import queue_id

PAYLOADS = Path(__file__).parents[2] / "payloads" / "stalwart"
RECEIVED_AT = datetime(2026, 11, 26, 5, tzinfo=UTC)
HAPPENED = datetime(2026, 11, 21, 4, 23, 20, tzinfo=UTC)


def batch(name: str) -> list[Any]:
    events: list[Any] = json.loads((PAYLOADS / f"{name}.json").read_text())["events"]
    return events


def reports(*events: Any) -> list[Report]:
    raw = json.dumps({"events": events}).encode()
    return list(parse(raw, received_at=RECEIVED_AT).reports)


def report(name: str) -> Report:
    (found,) = reports(*batch(name))
    return found


class TestVerify:
    # Signed by `openssl dgst -sha256 -hmac "open sesame" -binary | base64`.
    RAW, KEY = b'{"events":[]}', "open sesame"
    SIGNATURE = "zjCGy/TEgLeuKp5PWP2peY+iOWsjiYj0gUengwMhEpk="

    def test_accepts_what_is_signed_with_the_key(self):
        verify(self.RAW, signature=self.SIGNATURE, key=self.KEY)
        verify(self.RAW, signature=f" {self.SIGNATURE}\n", key=self.KEY)

    @pytest.mark.parametrize(
        ("raw", "signature", "key"),
        [
            (RAW + b" ", SIGNATURE, KEY),
            (RAW, SIGNATURE, KEY + "s"),
            (RAW, SIGNATURE.swapcase(), KEY),
            (RAW, SIGNATURE[:-1], KEY),
            (RAW, "ü" * 44, KEY),
            (RAW, "\ud800", KEY),
            (RAW, "", KEY),
            (RAW, None, KEY),
            (RAW, SIGNATURE, ""),
        ],
    )
    def test_refuses_everything_else(self, raw, signature, key):
        with pytest.raises(SignatureError):
            verify(raw, signature=signature, key=key)


class TestParse:
    def test_finds_a_delivery(self):
        found = report("delivered")

        assert found.event_type == EventType.DELIVERED
        assert found.ts == HAPPENED
        assert found.source == Source.STALWART
        assert (found.smtp_code, found.smtp_response) == (250, "OK 1795235000 a1b2c3 - gsmtp")
        assert found.bounce_class is None
        assert found.remote_host == "mx1.mail.example"
        assert found.ip == "203.0.113.10"

    def test_points_at_the_message(self):
        references = report("delivered").references

        assert references.return_path == "4711-k1"
        assert references.address == "ann@mail.example"
        assert references.recipient_id is None

    def test_calls_the_message_as_the_reply_at_submission_did(self):
        number = batch("delivered")[0]["data"]["queueId"]
        reply = f"2.0.0 Message queued with id {number:x}."

        assert report("delivered").references.queue_id == queue_id(reply)

    def test_makes_one_bounce_of_the_two_events_of_a_refusal(self):
        found = report("refused")

        assert found.event_type == EventType.BOUNCED
        assert found.bounce_class == BounceClass.HARD
        assert (found.smtp_code, found.enhanced_code) == (550, "5.1.1")
        assert found.smtp_response == (
            "<gone@corp.example>: Recipient address rejected: User unknown"
        )
        assert found.ts == HAPPENED
        assert found.ip == "203.0.113.11"

    def test_gives_both_events_of_a_refusal_the_same_key_in_different_batches(self):
        _, refusal, notice = batch("refused")

        (first,), (second,) = reports(refusal), reports(notice)

        assert first.natural_key == second.natural_key == report("refused").natural_key
        assert first.bounce_class == second.bounce_class == BounceClass.HARD

    def test_makes_one_deferral_of_one_attempt(self):
        found = report("deferred")

        assert found.event_type == EventType.DEFERRED
        assert found.bounce_class is None
        assert (found.smtp_code, found.enhanced_code) == (452, "4.2.2")
        assert found.smtp_response == "Mailbox full"

    def test_counts_the_next_attempt_anew(self):
        assert len(reports(*batch("deferred"), *batch("deferred_again"))) == 2

    @pytest.mark.parametrize(
        ("name", "bounce_class", "code", "enhanced_code", "words"),
        [
            ("expired", BounceClass.EXPIRED, 452, "4.2.2", "Mailbox full"),
            ("expired_untried", BounceClass.EXPIRED, None, "", "Message expired without"),
            ("message_refused", BounceClass.BLOCK, 554, "5.7.1", "5.7.1 Message refused"),
            ("sender_refused", BounceClass.BLOCK, 550, "", "Mailbox unavailable: your"),
            ("greeting_refused", BounceClass.BLOCK, 554, "5.1.1", "No such user, no SMTP"),
            ("no_domain", BounceClass.SOFT, None, "", "DNS lookup failed: Domain not"),
            ("null_mx", BounceClass.HARD, None, "", "DNS lookup failed: Domain does not"),
            ("no_tls", BounceClass.BLOCK, None, "", "TLS error: STARTTLS not advertised"),
            ("unreachable", BounceClass.EXPIRED, None, "", "Connection failed: Connection"),
        ],
    )
    def test_says_why_a_message_failed(self, name, bounce_class, code, enhanced_code, words):
        found = report(name)

        assert found.event_type == EventType.BOUNCED
        assert found.bounce_class == bounce_class
        assert (found.smtp_code, found.enhanced_code) == (code, enhanced_code)
        assert found.smtp_response.startswith(words)

    def test_takes_the_recipient_of_the_attempt_where_an_event_has_none(self):
        refusal = batch("message_refused")[0]

        (found,) = reports(refusal)

        assert found.references.address == "ann@mail.example"

    def test_blames_nobody_where_several_domains_may_be_meant(self):
        assert reports(*batch("message_refused_for_several")) == []

    def test_takes_a_lost_connection_for_a_deferral(self):
        found = report("connection_lost")

        assert found.event_type == EventType.DEFERRED
        assert found.smtp_response == "Timeout while reading SMTP DATA response"

    def test_passes_over_all_other_events(self):
        reading = parse(
            json.dumps({"events": batch("other_events")}).encode(), received_at=RECEIVED_AT
        )

        assert reading.reports == ()
        assert reading.problems == ()

    def test_reads_what_can_be_read_and_says_what_cannot(self):
        reading = parse(
            json.dumps({"events": batch("partly_unreadable")}).encode(), received_at=RECEIVED_AT
        )

        assert [found.event_type for found in reading.reports] == [EventType.DELIVERED]
        assert [problem.place for problem in reading.problems] == [
            f"events[{number}]" for number in range(5)
        ]
        assert all(problem.reason.endswith(".") for problem in reading.problems)

    def test_takes_the_time_of_receipt_where_there_is_none(self):
        event = batch("delivered")[3]
        del event["createdAt"]

        assert reports(event)[0].ts == RECEIVED_AT

    @pytest.mark.parametrize(
        ("addresses", "expected"),
        [
            (
                {"mx1.mail.example": "203.0.113.10", "mx2.mail.example": "203.0.113.11"},
                "203.0.113.10",
            ),
            ({"mx2.mail.example": "203.0.113.11"}, "203.0.113.11"),
            ({"mx2.mail.example": "203.0.113.11", "mx3.mail.example": "203.0.113.12"}, ""),
            ({"mx1.mail.example": "0.0.0.0"}, ""),
            ({"mx1.mail.example": "none"}, ""),
        ],
    )
    def test_knows_the_sending_address_of_the_attempt(self, addresses, expected):
        _, _, connection, delivery, *_ = batch("delivered")
        connections = []
        for host, address in addresses.items():
            connections.append(deepcopy(connection))
            connections[-1]["data"] |= {"hostname": host, "localIp": address}

        (found,) = reports(*connections, delivery)

        assert found.ip == expected

    def test_takes_no_address_from_another_attempt(self):
        _, _, connection, delivery, *_ = batch("delivered")
        connection["data"]["spanId"] += 1

        assert reports(connection, delivery)[0].ip == ""

    @pytest.mark.parametrize(
        "raw",
        [b"", b"\xff", b"[]", b"{}", b'{"events": {}}', b"null", b"[" * 100_000, b"1" * 10_000],
    )
    def test_refuses_what_is_no_batch(self, raw):
        with pytest.raises(PayloadError):
            parse(raw, received_at=RECEIVED_AT)

    @given(seed=st.integers(0, 1000))
    def test_reports_the_same_in_any_order_with_other_ids(self, seed):
        rng = random.Random(seed)
        names = ["delivered", "refused", "deferred", "deferred_again", "message_refused", "expired"]
        events = [event for name in names for event in batch(name)]
        again = deepcopy(events)
        for event in again:
            event["id"] = str(rng.randrange(10**14))
        rng.shuffle(again)

        first = {found.natural_key: found for found in reports(*events)}
        second = {found.natural_key: found for found in reports(*again, *events)}

        assert first == second

    @given(
        data=st.dictionaries(
            st.sampled_from(
                [
                    "queueId",
                    "spanId",
                    "to",
                    "from",
                    "code",
                    "details",
                    "causedBy",
                    "reason",
                    "hostname",
                ]
            ),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.text(max_size=8),
                lambda inner: (
                    st.lists(inner, max_size=3)
                    | st.dictionaries(
                        st.sampled_from(["data", "details", "code", "reason"]), inner, max_size=3
                    )
                ),
                max_leaves=6,
            ),
        ),
        kind=st.sampled_from(
            [
                "rcpt-to-rejected",
                "message-rejected",
                "failed",
                "dsn-perm-fail",
                "delivered",
                "connect",
            ]
        ),
    )
    def test_reads_any_event_or_says_that_it_cannot(self, data, kind):
        event = {"type": f"delivery.{kind}", "createdAt": "2026-11-21T04:23:20Z", "data": data}

        reading = parse(json.dumps({"events": [event]}).encode(), received_at=RECEIVED_AT)

        for found in reading.reports:
            assert found.ts == HAPPENED
            found.smtp_response.encode()
