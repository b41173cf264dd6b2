"""What staff do to a warm-up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.models import AuditEntry
from common.errors import DomainError
from tests.factories.iprouting import SendingIPFactory
from tests.warmup.operations.test_progress import count
from warmup.models import WarmupSchedule
from warmup.operations.progress import advance
from warmup.operations.schedules import abort_warmup, pause_warmup, resume_warmup, start_warmup
from warmup.progress import Status

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BAD = {"sent": 400, "delivered": 380, "bounced": 20}


@pytest.fixture
def schedule():
    """A warm-up on its first day."""
    return start_warmup(SendingIPFactory(), now=NOON)


class TestStart:
    def test_refuses_a_time_that_has_passed(self):
        with pytest.raises(DomainError) as refused:
            start_warmup(SendingIPFactory(), now=NOON, starts_at=NOON - HOUR)

        assert refused.value.code == "start_in_past"
        assert not WarmupSchedule.objects.exists()

    def test_refuses_an_ip_that_is_warming(self, schedule):
        with pytest.raises(DomainError) as refused:
            start_warmup(schedule.ip, now=NOON)

        assert refused.value.code == "already_warming"

    def test_is_possible_again_once_one_has_ended(self, schedule):
        abort_warmup(schedule.pk, now=NOON)

        assert start_warmup(schedule.ip, now=NOON).current_day == 1


class TestResume:
    def test_forgives_the_figures_that_stopped_it(self, schedule):
        count(schedule, NOON, **BAD)
        assert advance(schedule.pk, now=NOON).status == Status.PAUSED

        resumed = resume_warmup(schedule.pk, now=NOON + HOUR)

        assert resumed.status == Status.ACTIVE

    def test_still_watches_what_comes_after(self, schedule):
        count(schedule, NOON, **BAD)
        advance(schedule.pk, now=NOON)
        resume_warmup(schedule.pk, now=NOON + HOUR)

        count(schedule, NOON + 2 * HOUR, **BAD)

        assert advance(schedule.pk, now=NOON + 2 * HOUR).status == Status.PAUSED

    def test_of_what_staff_paused_forgives_nothing(self, schedule):
        pause_warmup(schedule.pk, reason="", actor="ann", now=NOON)
        count(schedule, NOON, **BAD)

        assert resume_warmup(schedule.pk, now=NOON + HOUR).status == Status.PAUSED

    def test_refuses_what_is_not_paused(self, schedule):
        with pytest.raises(DomainError, match="active"):
            resume_warmup(schedule.pk, now=NOON)


class TestAbort:
    def test_refuses_what_has_ended(self, schedule):
        abort_warmup(schedule.pk, now=NOON)

        with pytest.raises(DomainError, match="aborted"):
            abort_warmup(schedule.pk, now=NOON)


class TestAuditLog:
    def test_says_who_did_what(self, schedule):
        pause_warmup(schedule.pk, reason="moving", actor="ann", now=NOON)
        resume_warmup(schedule.pk, actor="ben", now=NOON)
        abort_warmup(schedule.pk, actor="eva", now=NOON)

        entries = AuditEntry.objects.order_by("pk")
        assert [(entry.actor, entry.action) for entry in entries] == [
            ("system", "warmup.started"),
            ("ann", "warmup.paused"),
            ("ben", "warmup.resumed"),
            ("eva", "warmup.aborted"),
        ]
        assert {entry.subject for entry in entries} == {f"warm-up of {schedule.ip.address}"}
        assert entries[1].details == {"day": 1, "reason": "moving"}
