"""Reads about how far back events are kept."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Max

from insights.models import DroppedMonth
from insights.partitions import month_of


def kept_since() -> datetime | None:
    """Return from when on all events are there; None if none was ever dropped."""
    latest: datetime | None = DroppedMonth.objects.aggregate(latest=Max("begin"))["latest"]
    return month_of(latest).end if latest else None
