"""Sixty days of several IPs, eight workers at once, more to send than there is room every day."""

from __future__ import annotations

import itertools
import threading
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from tests.factories.campaigns import OrganizationFactory
from tests.factories.iprouting import SendingIPFactory
from tests.warmup.parallel import at_once
from warmup.models import DailyAllowance, Reservation, WarmupSchedule
from warmup.operations.progress import advance_due
from warmup.operations.reservations import reserve, settle
from warmup.operations.schedules import start_warmup
from warmup.progress import Status
from warmup.schedule import PRESETS, STANDARD

FIRST = datetime(2026, 3, 1, 12, tzinfo=UTC)  # clocks change on the 8th and on the 29th
DAY = timedelta(days=1)
MIX = ["gmail", "outlook", "gmail"]
DAYS = 60
WORKERS = 8
# Zone and the day on which the warm-up of an IP begins; the last one ends on the last day.
IPS = (("Europe/Berlin", 0), ("America/New_York", 3), ("Asia/Kathmandu", DAYS - 28))
LIMITS = PRESETS[STANDARD].limits


def limit_on(day: int, *, first: int) -> int | None:
    """Return what an IP may send on a day whose warm-up began on the day `first`."""
    number = day - first
    if number < 0:
        return 0
    return LIMITS[number] if number < len(LIMITS) else None


class Campaign:
    """More to send than all the room; every message is handed out once."""

    def __init__(self, firsts: dict[int, int]) -> None:
        self.firsts = firsts  # IP -> the day on which it begins
        self.days = itertools.count()
        self.today = 0
        self.gate = threading.Barrier(WORKERS, action=self.dawn)
        self.numbers = itertools.count()

    def dawn(self) -> None:
        """Begin the next day, as beat does; once, while all workers wait."""
        self.today = next(self.days)
        advance_due(now=FIRST + self.today * DAY)

    def work(self) -> Counter:
        """Return what one of the workers sent, by day and IP."""
        try:
            return self.days_of(next(self.numbers))
        except BaseException:
            self.gate.abort()  # nobody waits for one who failed
            raise

    def days_of(self, worker: int) -> Counter:
        """Return what one of the workers sent on all days."""
        sent: Counter = Counter()
        for day in range(DAYS):
            self.gate.wait(60)
            gives_back = True  # its first batch is only half handed over
            while took := self.turn(day, worker, gives_back=gives_back):
                sent.update({(day, ip_id): number for ip_id, number in took.items()})
                gives_back = False
        return sent

    def turn(self, day: int, worker: int, *, gives_back: bool) -> dict[int, int]:
        """Return what was sent of one batch, by IP; nothing once there is no room."""
        owner = uuid.uuid4()
        wanted = {
            ip_id: MIX * (limit // (worker + 2) // len(MIX) + 1)
            for ip_id, first in self.firsts.items()
            if (limit := limit_on(day, first=first)) is not None
        }
        granted = reserve(wanted, owner=owner, now=FIRST + day * DAY)
        assert granted.keys() == wanted.keys()
        handed_over = {
            (ip_id, provider): number - number // 2 if gives_back else number
            for ip_id, by_provider in granted.items()
            for provider, number in by_provider.items()
        }
        settle(handed_over, owner=owner)
        sent: Counter = Counter()
        for (ip_id, _), number in handed_over.items():
            sent[ip_id] += number
        return +sent


@pytest.mark.django_db(transaction=True)
class TestSixtyDays:
    def test_are_the_standard_schedule_exactly(self):
        firsts = {}
        for zone, first in IPS:
            ip = SendingIPFactory(organization=OrganizationFactory(timezone=zone))
            start_warmup(ip, now=FIRST, starts_at=FIRST + first * DAY if first else None)
            firsts[ip.pk] = first
        campaign = Campaign(firsts)

        sent = sum(at_once(campaign.work, times=WORKERS), Counter())

        assert sent == Counter(
            {
                (day, ip_id): limit
                for ip_id, first in firsts.items()
                for day in range(DAYS)
                if (limit := limit_on(day, first=first))
            }
        )
        for ip_id in firsts:
            used = DailyAllowance.objects.filter(schedule__ip=ip_id).order_by("date")
            assert tuple(used.values_list("used", flat=True)) == LIMITS
        advance_due(now=FIRST + DAYS * DAY)
        assert set(WarmupSchedule.objects.values_list("status", flat=True)) == {Status.COMPLETED}
        assert not Reservation.objects.exists()
