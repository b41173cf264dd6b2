"""The inbox in `/metrics`."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test import Client

from tests.factories.campaigns import THE_PAST, OrganizationFactory
from tests.factories.insights import RawPayloadFactory

pytestmark = pytest.mark.django_db


def metrics():
    """Return the lines about the inbox, by their name and labels."""
    text = Client().get("/metrics").content.decode()
    lines = [line.rpartition(" ") for line in text.splitlines() if "mailwright_inbox" in line]
    return {name: float(value) for name, _, value in lines if not name.startswith("#")}


class TestMetrics:
    def test_say_what_waits_and_since_when(self):
        organization = OrganizationFactory()
        for status, attempts in [
            ("waiting", 0),
            ("waiting", 0),
            ("waiting", 2),
            ("unreadable", 1),
            ("unattributed", 1),
            ("read", 1),
        ]:
            RawPayloadFactory(organization=organization, status=status, attempts=attempts)
        RawPayloadFactory(received_at=THE_PAST - timedelta(hours=1))

        assert metrics() == {
            'mailwright_inbox_payloads{state="unread"}': 3,
            'mailwright_inbox_payloads{state="retried"}': 1,
            'mailwright_inbox_payloads{state="unreadable"}': 1,
            'mailwright_inbox_payloads{state="unattributed"}': 1,
            "mailwright_inbox_oldest_unread_timestamp_seconds": (
                THE_PAST - timedelta(hours=1)
            ).timestamp(),
        }

    def test_say_that_nothing_waits(self):
        assert set(metrics().values()) == {0}

    def test_are_shown_without_the_inbox_while_the_database_is_away(self):
        def away(*_):
            raise OperationalError("connection refused")

        with connection.execute_wrapper(away):
            assert metrics() == {}
