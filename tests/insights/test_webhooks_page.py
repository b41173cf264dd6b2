"""What the page about webhooks shows is true."""

import json
import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings

from insights.deliveries import EVENT_NAMES, Told, body_of, headers_of, new_secret
from insights.queries.webhooks import DATA

PAGE = (settings.BASE_DIR / "docs" / "webhooks.md").read_text()
NOW = datetime.now(tz=UTC)


def block(kind):
    """Return the first block of code in a language."""
    return re.search(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL).group(1)


@pytest.fixture(scope="module")
def is_from_mailwright():
    names = {}
    exec(block("python"), names)
    return names["is_from_mailwright"]


def request(secrets, *, age=timedelta()):
    """Return the body and the headers of a request that was made so long ago."""
    now = datetime.now(UTC) - age
    body = body_of([Told(1, "email.bounced", NOW, {"email": "ä"})], single=True, created_at=NOW)
    return body, headers_of(body, number=uuid.uuid4(), secrets=secrets, now=now)


class TestVerification:
    def test_takes_our_requests(self, is_from_mailwright):
        secret, older = new_secret(), new_secret()
        body, headers = request([secret, older])

        assert is_from_mailwright(body, headers, secret)
        assert is_from_mailwright(body, headers, older)

    def test_refuses_others(self, is_from_mailwright):
        secret = new_secret()
        body, headers = request([secret])

        assert not is_from_mailwright(body + b" ", headers, secret)
        assert not is_from_mailwright(body, headers, new_secret())
        assert not is_from_mailwright(body, headers | {"webhook-id": "msg_x"}, secret)

    def test_refuses_old_ones(self, is_from_mailwright):
        secret = new_secret()
        body, headers = request([secret], age=timedelta(minutes=6))

        assert not is_from_mailwright(body, headers, secret)


class TestExample:
    def test_has_the_members_that_events_have(self):
        (event,) = json.loads(block("json"))["data"]["events"]

        assert tuple(event["data"]) == DATA
        assert set(event) == set(Told(1, "email.bounced", NOW, {}).body())


class TestListOfEvents:
    def test_is_complete(self):
        assert all(f"`{name}`" in PAGE for name in EVENT_NAMES)
