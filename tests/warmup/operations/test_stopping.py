"""What the figures of an IP do to its warm-up, to the minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from insights.events import BounceClass, EventType
from insights.operations.recording import record_events
from tests.factories.campaigns import OrganizationFactory, RecipientFactory
from tests.factories.insights import EventFactory
from tests.factories.iprouting import SendingIPFactory
from tests.factories.warmup import WarmupFactory
from tests.warmup.operations.test_progress import count
from warmup.models import DailyAllowance
from warmup.operations.progress import advance
from warmup.operations.schedules import resume_warmup
from warmup.progress import Status

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
INDIAN_MIDNIGHT = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
BAD = {"sent": 400, "delivered": 380, "bounced": 20}


def warming(*, zone: str = "UTC"):
    """Return a warm-up on its fifth day: 500 messages."""
    ip = SendingIPFactory(organization=OrganizationFactory(timezone=zone))
    return advance(WarmupFactory(ip=ip, current_day=5).pk, now=NOON)


def mailed(schedule, *, at, good, bad):
    """Record that so many messages were taken at a moment, and so many bounced at once."""
    organization = schedule.organization
    told = {"organization_id": organization.pk, "stream": "marketing", "ts": at}
    facts = {"provider": "gmail", "ip": schedule.ip.address, "campaign_id": 1, **told}
    record_events([EventFactory(event_type=EventType.SENT, **facts) for _ in range(good + bad)])
    people = [
        RecipientFactory(campaign__organization=organization, ip=schedule.ip.address)
        for _ in range(bad)
    ]
    record_events(
        [
            EventFactory(
                event_type=EventType.BOUNCED,
                bounce_class=BounceClass.HARD,
                **(facts | {"recipient_id": one.pk, "campaign_id": one.campaign_id}),
            )
            for one in people
        ]
    )


class TestTheTrailingDay:
    @pytest.mark.parametrize(("hours", "status"), [(24, Status.PAUSED), (25, Status.ACTIVE)])
    def test_reaches_back_to_the_full_hour(self, hours, status):
        schedule = warming()
        count(schedule, NOON - hours * HOUR, **BAD)

        assert advance(schedule.pk, now=NOON + 59 * MINUTE).status == status


class TestRefusedAtTheHandOver:
    def test_stops_an_ip_that_the_server_refuses_as_a_whole(self):
        schedule = warming()
        count(schedule, NOON, bounced=50, bounced_block=50)

        stopped = advance(schedule.pk, now=NOON)

        assert stopped.status == Status.PAUSED
        assert "(50 of 50) bounced" in stopped.paused_reason


class TestTheNextDay:
    def test_forgives_the_bad_day_and_is_watched_from_its_first_minute(self):
        schedule = warming(zone="Asia/Kolkata")
        DailyAllowance.objects.update(used=400)
        mailed(schedule, at=INDIAN_MIDNIGHT - 20 * MINUTE, good=94, bad=6)
        stopped = advance(schedule.pk, now=INDIAN_MIDNIGHT - 10 * MINUTE)

        resumed = advance(schedule.pk, now=INDIAN_MIDNIGHT)
        mailed(schedule, at=INDIAN_MIDNIGHT + MINUTE, good=95, bad=5)
        again = advance(schedule.pk, now=INDIAN_MIDNIGHT + 2 * MINUTE)

        assert "6.00% (6 of 100)" in stopped.paused_reason
        assert (resumed.status, resumed.current_day, resumed.daily_limit) == ("active", 5, 500)
        assert again.status == Status.PAUSED
        assert "5.00% (5 of 100)" in again.paused_reason


class TestResumedByStaff:
    def test_is_watched_from_that_minute_on(self):
        schedule = warming()
        mailed(schedule, at=NOON + MINUTE, good=94, bad=6)
        stopped = advance(schedule.pk, now=NOON + 2 * MINUTE)
        resumed = resume_warmup(schedule.pk, now=NOON + 5 * MINUTE)

        mailed(schedule, at=NOON + 6 * MINUTE, good=95, bad=5)

        assert (stopped.status, resumed.status) == (Status.PAUSED, Status.ACTIVE)
        assert advance(schedule.pk, now=NOON + 7 * MINUTE).status == Status.PAUSED
