"""Warm-ups."""

import factory
from factory.django import DjangoModelFactory

from tests.factories.campaigns import THE_PAST
from tests.factories.iprouting import SendingIPFactory
from warmup.models import WarmupSchedule
from warmup.progress import Status


class WarmupFactory(DjangoModelFactory):
    """A warm-up that has not begun; `advance` makes it begin."""

    class Meta:
        model = WarmupSchedule

    ip = factory.SubFactory(SendingIPFactory)
    organization = factory.SelfAttribute("ip.organization")
    started_at = THE_PAST
    status = Status.SCHEDULED.value
