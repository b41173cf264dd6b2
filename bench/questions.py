"""What dashboards and people ask of the world of bench/world.py, and how long that takes.

Figures are asked for by the function behind pages and API. Messages are searched through the API,
with all that it takes to answer. Needs Django.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse

import insights.queries.counts
import sending.queries.overview
from bench.world import LARGE_EVERY
from campaigns.models import Campaign, Organization, Recipient, User
from insights.figures import GroupBy
from insights.periods import Bucket, Period

FIGURES: Final = "figures"
SEARCH: Final = "search"
YARDSTICK: Final = "yardstick"
_RAW: Final = """
SELECT date_trunc('day', ts AT TIME ZONE %(zone)s), event_type, count(*),
    count(DISTINCT recipient_id)
FROM email_delivery_events
WHERE organization_id = %(organization)s AND ts >= %(begin)s AND ts < %(end)s GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Question:
    """Something that is asked."""

    kind: str
    name: str
    ask: Callable[[], Any]


def ask_all(rounds: int) -> dict[str, dict[str, list[float]]]:
    """Return how many seconds each question took in each round, by kind and name."""
    now = datetime.now(UTC)
    questions = list(_questions(Organization.objects.get(), now=now))
    taken: dict[str, dict[str, list[float]]] = {}
    for number in range(rounds + 1):
        for question in questions:
            began = time.perf_counter()
            question.ask()
            seconds = time.perf_counter() - began
            if number:  # the first round fills caches, as the first visitor of the day does
                taken.setdefault(question.kind, {}).setdefault(question.name, []).append(seconds)
    return taken


def _questions(organization: Organization, *, now: datetime) -> Iterator[Question]:
    yield Question(YARDSTICK, "30 days by day, from the events", _raw(organization, now=now))
    yield from _overviews(organization, now=now)
    large = Campaign.objects.order_by("-pk")[LARGE_EVERY * 3 : LARGE_EVERY * 4]
    campaign = next(one for one in large if one.pk % LARGE_EVERY == 0)
    yield from _of_campaign(organization, campaign)
    yield Question(
        FIGURES,
        "first page, today against usual",
        lambda: sending.queries.overview.compared(organization, now=now),
    )
    yield from _searches(campaign)


def _overviews(organization: Organization, *, now: datetime) -> Iterator[Question]:
    def last(days: int, bucket: Bucket = Bucket.DAY) -> Period:
        return Period(now - timedelta(days=days), now, bucket, organization.timezone)

    for by in GroupBy:
        if by is not GroupBy.HOUR:
            yield _figures(f"30 days by {by}", organization, period=last(30), by=by)
    hours = last(7, Bucket.HOUR)
    yield _figures("7 days by hour", organization, period=hours, by=GroupBy.HOUR)
    yield _figures("365 days by day", organization, period=last(365), by=GroupBy.DAY)
    gmail = {"provider": "gmail"}
    name = "30 days by day, one provider"
    yield _figures(name, organization, period=last(30), by=GroupBy.DAY, filters=gmail)


def _of_campaign(organization: Organization, campaign: Campaign) -> Iterator[Question]:
    start = campaign.started_at or datetime.now(UTC)
    week = Period(start, start + timedelta(days=7), Bucket.HOUR, organization.timezone)
    for by in GroupBy:
        if by is not GroupBy.CAMPAIGN:
            name = f"a campaign by {by}, hours"
            only = {"campaign": campaign.pk}
            yield _figures(name, organization, period=week, by=by, filters=only)


def _figures(
    name: str,
    organization: Organization,
    *,
    period: Period,
    by: GroupBy,
    filters: Mapping[str, int | str] | None = None,
) -> Question:
    return Question(
        FIGURES,
        name,
        lambda: insights.queries.counts.insights(
            organization.pk, period=period, group_by=by, filters=filters
        ),
    )


def _raw(organization: Organization, *, now: datetime) -> Callable[[], Any]:
    def ask() -> Any:
        with connection.cursor() as cursor:
            cursor.execute(
                _RAW,
                {
                    "organization": organization.pk,
                    "begin": now - timedelta(days=30),
                    "end": now,
                    "zone": str(organization.timezone),
                },
            )
            return cursor.fetchall()

    return ask


def _searches(campaign: Campaign) -> Iterator[Question]:
    somebody = Recipient.objects.filter(campaign=campaign).order_by("pk")[0]
    asked: dict[str, dict[str, Any]] = {
        "messages by address": {"email": somebody.email},
        "messages by Message-ID": {"q": somebody.message_id},
        "messages by campaign and event": {"campaign": campaign.pk, "event": "bounced"},
        "messages by SMTP code": {"smtp_code": 552},
        "messages by words": {"q": "reputation lists"},
        "messages by rare words": {"q": somebody.queue_id},
        "messages, the latest": {},
    }
    client = _client()
    for name, parameters in asked.items():
        yield Question(SEARCH, name, _search(client, parameters))


def _search(client: Client, parameters: dict[str, Any]) -> Callable[[], Any]:
    def ask() -> Any:
        answer = client.get(reverse("message-list"), parameters)
        if answer.status_code != 200:
            raise LookupError(f"{parameters}: {answer.status_code} {answer.content[:200]!r}")
        return answer

    return ask


def _client() -> Client:
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
    client = Client()
    client.force_login(User.objects.create_superuser("bench@mail.example", password=None))
    return client
