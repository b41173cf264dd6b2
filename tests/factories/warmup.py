"""Warm-ups."""

import factory
from factory.django import DjangoModelFactory

from tests.factories.campaigns import THE_PAST
from tests.factories.iprouting import SendingIPFactory
from warmup.models import DailyAllowance, WarmupSchedule
from warmup.progress import Status


class WarmupFactory(DjangoModelFactory):
    """A warm-up that has not begun; `advance` makes it begin."""

    class Meta:
        model = WarmupSchedule

    ip = factory.SubFactory(SendingIPFactory)
    organization = factory.SelfAttribute("ip.organization")
    started_at = THE_PAST
    status = Status.SCHEDULED.value


class EndedWarmupFactory(WarmupFactory):
    """A warm-up that is over, with the one day that it had."""

    class Meta:
        skip_postgeneration_save = True

    status = Status.COMPLETED.value
    current_day = 29
    ended_at = THE_PAST

    @factory.post_generation
    def day(self, create, extracted, **_):
        """Add its day."""
        DailyAllowance.objects.create(
            schedule=self, date=THE_PAST.date(), day=28, daily_limit=50_000, used=12_345
        )
