import base64
import json
import uuid
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook as Signer

from insights.deliveries import (
    LONG_FAILURE,
    LONGEST_REST,
    LONGEST_RETRY_AFTER,
    RETRY_DELAYS,
    Told,
    asked_delay,
    body_of,
    failed_too_long,
    headers_of,
    new_secret,
    problem_of,
    rest_after,
    retry_delay,
)

NOW = datetime(2026, 6, 10, 12, 20, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def told(number=1, **data):
    """Return a bounce."""
    return Told(number, "email.bounced", NOW, {"email": "ada@example.com", **data})


class TestSignature:
    def test_is_that_of_the_published_example(self):
        """The example of the Standard Webhooks specification and its libraries."""
        secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

        signed = Signer(secret).sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            datetime.fromtimestamp(1614265330, tz=UTC),
            '{"test": 2432232314}',
        )

        assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


class TestHeadersOf:
    def test_can_be_verified_by_the_receiver(self):
        secret, body = new_secret(), body_of([told()], single=False, created_at=NOW)

        headers = headers_of(body, number=uuid.uuid4(), secrets=[secret], now=datetime.now(tz=UTC))

        assert Signer(secret).verify(body, headers)["type"] == "events"

    def test_are_signed_by_each_secret(self):
        new, old = new_secret(), new_secret()

        headers = headers_of(
            b"{}", number=uuid.uuid4(), secrets=[new, old], now=datetime.now(tz=UTC)
        )

        assert headers["webhook-signature"].count("v1,") == 2
        assert Signer(new).verify(b"{}", headers) == {}
        assert Signer(old).verify(b"{}", headers) == {}

    def test_name_a_delivery_the_same_way_every_time(self):
        number, secret = uuid.uuid4(), new_secret()

        first = headers_of(b"{}", number=number, secrets=[secret], now=NOW)
        later = headers_of(b"{}", number=number, secrets=[secret], now=NOW + SECOND)

        assert first["webhook-id"] == later["webhook-id"] == f"msg_{number.hex}"
        assert first["webhook-signature"] != later["webhook-signature"]


class TestNewSecret:
    def test_holds_32_random_bytes(self):
        secret = new_secret()

        assert secret.startswith("whsec_")
        assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
        assert secret != new_secret()


class TestBodyOf:
    def test_puts_events_into_one_envelope(self):
        body = json.loads(body_of([told(1), told(2)], single=False, created_at=NOW))

        assert body["type"] == "events"
        assert body["timestamp"] == "2026-06-10T12:20:00.000Z"
        assert [event["id"] for event in body["data"]["events"]] == [1, 2]

    def test_is_the_event_itself_where_each_comes_alone(self):
        body = json.loads(body_of([told(7)], single=True, created_at=NOW))

        assert body == {
            "id": 7,
            "type": "email.bounced",
            "timestamp": "2026-06-10T12:20:00.000Z",
            "data": {"email": "ada@example.com"},
        }

    def test_is_utf8(self):
        body = body_of([told(smtp_response="Empfänger unbekannt")], single=True, created_at=NOW)

        assert "Empfänger".encode() in body


class TestRetryDelay:
    def test_lasts_about_a_day_in_all(self):
        for spread in range(100):
            waits = [retry_delay(n, spread=spread) for n in range(1, len(RETRY_DELAYS) + 1)]

            assert timedelta(hours=24) < sum(waits, timedelta()) < timedelta(hours=32)

    def test_ends(self):
        assert retry_delay(len(RETRY_DELAYS) + 1, spread=0) is None

    @given(st.integers(1, len(RETRY_DELAYS) - 1), st.integers(0, 10**9))
    def test_grows(self, attempts, spread):
        assert retry_delay(attempts, spread=spread) < retry_delay(attempts + 1, spread=spread)

    def test_differs_between_deliveries(self):
        assert len({retry_delay(1, spread=spread) for spread in range(100)}) == 100


class TestAskedDelay:
    @pytest.mark.parametrize(
        ("header", "expected"),
        [
            ("120", 120 * SECOND),
            ("0", timedelta()),
            ("99999999999", LONGEST_RETRY_AFTER),
            (format_datetime(NOW + 90 * SECOND, usegmt=True), 90 * SECOND),
            (format_datetime(NOW - 90 * SECOND, usegmt=True), timedelta()),
            ("", timedelta()),
            ("soon", timedelta()),
            ("-5", timedelta()),
        ],
    )
    def test_reads_seconds_and_dates(self, header, expected):
        assert asked_delay(header, now=NOW) == expected

    @given(st.text(max_size=40))
    def test_never_breaks(self, header):
        assert timedelta() <= asked_delay(header, now=NOW) <= LONGEST_RETRY_AFTER


class TestRestAfter:
    def test_doubles_up_to_a_limit(self):
        rests = [rest_after(failures) for failures in range(1, 100)]

        assert rests[:3] == [5 * SECOND, 10 * SECOND, 20 * SECOND]
        assert rests == sorted(rests)
        assert rests[-1] == LONGEST_REST


class TestFailedTooLong:
    @pytest.mark.parametrize(
        ("failures", "lasting", "expected"),
        [
            (10, LONG_FAILURE, True),
            (10, LONG_FAILURE - SECOND, False),
            (9, 30 * LONG_FAILURE, False),
        ],
    )
    def test_needs_a_day_and_ten_attempts(self, failures, lasting, expected):
        assert failed_too_long(failures=failures, failing_since=NOW - lasting, now=NOW) is expected


class TestProblemOf:
    @pytest.mark.parametrize(
        ("status", "said"), [(302, "redirect"), (410, "nobody wants"), (503, "503")]
    )
    def test_says_what_is_wrong(self, status, said):
        assert said in problem_of(status)
