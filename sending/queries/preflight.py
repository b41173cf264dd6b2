"""What would happen if a campaign were started now: who gets it, who does not, what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count

import campaigns.queries.audience
import iprouting.queries
import sending.queries.audience
import suppression.queries
from campaigns.models import Campaign, CampaignKind, Stream
from campaigns.rendering import TemplateError, compile_message
from campaigns.rendering.problems import problems
from common.providers import NO_MAIL, UNKNOWN
from sending.mailing import content_of, sender_of, variables_of
from sending.queries.rooms import Forecast, forecast, named

SECONDS_A_DAY = 86_400
TYPICAL_RATE_PER_SECOND = 500  # of one worker through a relay; only for a first forecast


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to look at before starting; a blocking one has to be mended first."""

    code: str
    message: str
    blocking: bool
    field: str = ""


@dataclass(frozen=True, slots=True)
class Preflight:
    """The audience by count, the excluded by reason, and the problems.

    `excluded` counts contacts, each under one reason only. `forecast` is how many days it takes
    where all sending IPs are warming up.
    """

    audience_count: int
    excluded: dict[str, int]
    by_provider: dict[str, int]
    problems: tuple[Problem, ...]
    seconds_expected: int | None
    forecast: Forecast | None

    @property
    def days_expected(self) -> int | None:
        """On how many days somebody gets it; None if nobody can say."""
        if self.forecast is None:
            return 1 if self.audience_count else None
        return self.forecast.days

    @property
    def blocking(self) -> tuple[Problem, ...]:
        """The problems that must be mended before a start."""
        return tuple(problem for problem in self.problems if problem.blocking)


def preflight(campaign: Campaign, *, now: datetime) -> Preflight:
    """Return what starting a campaign now would do. Writes nothing."""
    by_provider = _by_provider(campaign, now=now)
    count = sum(by_provider.values())
    ips = iprouting.queries.configured_ips(campaign.organization_id, stream=campaign.stream)
    days = forecast({ip.pk: ip for ip in ips}, by_provider=by_provider, now=now)
    found = [
        *_content_problems(campaign),
        *_setup_problems(campaign, now=now),
        *_provider_problems(by_provider),
        *_pace_problems(campaign, days, now=now),
    ]
    if not count:
        found.append(
            Problem(
                "empty_audience",
                "Nobody would get this: choose a list with subscribers who are not suppressed.",
                blocking=True,
                field="lists",
            )
        )
    return Preflight(
        audience_count=count,
        excluded=_excluded(campaign, now=now),
        by_provider=by_provider,
        problems=tuple(found),
        seconds_expected=_seconds(count, days),
        forecast=days,
    )


def _seconds(count: int, days: Forecast | None) -> int | None:
    """Return how long it takes, at least; None for nobody, or if nobody can say."""
    if not count or (days is not None and days.days is None):
        return None
    waiting = (days.days - 1) * SECONDS_A_DAY if days and days.days else 0
    return waiting + count // TYPICAL_RATE_PER_SECOND + 1


def _pace_problems(
    campaign: Campaign, days: Forecast | None, *, now: datetime
) -> Iterator[Problem]:
    """Yield what is amiss about how fast it goes out while IPs warm up."""
    if days is None:
        return
    ends_at = now + timedelta(days=(days.days or 1) - 1)
    if days.days is None:
        yield Problem(
            "warmup_paused",
            f"Nothing leaves until the warm-up of {named(days.addresses)} is resumed.",
            blocking=False,
        )
    elif days.days > 1 and campaign.deadline_at and ends_at > campaign.deadline_at:
        yield Problem(
            "deadline_too_early",
            f"It goes out over {days.words}; who is not mailed by the deadline is left out.",
            blocking=False,
            field="deadline_at",
        )


def _by_provider(campaign: Campaign, *, now: datetime) -> dict[str, int]:
    mailable = sending.queries.audience.mailable(campaign, now=now)
    counted = mailable.values_list("provider").annotate(people=Count("pk"))
    return dict(counted.order_by("-people"))


def _excluded(campaign: Campaign, *, now: datetime) -> dict[str, int]:
    """Return how many contacts are left out, by suppression reason or subscription status."""
    subscribed = campaigns.queries.audience.subscribed(campaign, now=now)
    suppressed = suppression.queries.suppression_counts(
        subscribed,
        organization_id=campaign.organization_id,
        stream=campaign.stream,
        now=now,
    )
    not_subscribed = campaigns.queries.audience.not_subscribed_counts(campaign)
    return {**suppressed, **{status: n for status, n in not_subscribed.items() if n}}


def _content_problems(campaign: Campaign) -> Iterator[Problem]:
    content = content_of(campaign)
    if not content.subject.strip():
        yield Problem("no_subject", "Write a subject.", blocking=True, field="subject")
    if not content.html.strip() and not content.text.strip():
        yield Problem(
            "no_content", "Write the content, or choose a template.", blocking=True, field="html"
        )
        return
    try:
        compile_message(content, sender=sender_of(campaign), variables=variables_of(campaign))
    except TemplateError as error:
        yield Problem("content_error", str(error), blocking=True, field=error.part)
        return
    for problem in problems(content, sender=sender_of(campaign)):
        yield Problem(problem.code, problem.message, blocking=False, field=problem.part)


def _provider_problems(by_provider: Mapping[str, int]) -> Iterator[Problem]:
    """Name who will be mailed without knowing whose mailbox it is, and who has none."""
    if unknown := by_provider.get(UNKNOWN):
        yield Problem(
            "providers_unknown",
            f"{unknown:,} of them are at domains whose mailbox provider is not known yet. "
            "They are mailed all the same; wait a minute for a better choice of sending IP.",
            blocking=False,
        )
    if without := by_provider.get(NO_MAIL):
        yield Problem(
            "domains_without_mail",
            f"{without:,} of them are at domains that take no mail: theirs will come back.",
            blocking=False,
        )


def _setup_problems(campaign: Campaign, *, now: datetime) -> Iterator[Problem]:
    if campaign.kind == CampaignKind.BROADCAST and campaign.stream != Stream.MARKETING:
        yield Problem(
            "wrong_stream", "A broadcast goes out as marketing mail.", blocking=True, field="stream"
        )
    if campaign.identity.stream != campaign.stream:
        yield Problem(
            "wrong_identity",
            f"Choose an identity for {campaign.stream} mail: this one is for another stream.",
            blocking=True,
            field="identity",
        )
    if not iprouting.queries.configured_ips(
        campaign.organization_id, stream=campaign.stream
    ).exists():
        yield Problem(
            "no_ip",
            f"There is no active sending IP for {campaign.stream} mail. Add one first.",
            blocking=True,
        )
    if campaign.deadline_at is not None and campaign.deadline_at <= now:
        yield Problem(
            "deadline_passed",
            "The deadline has passed, so nobody would be mailed. Move it, or clear it.",
            blocking=True,
            field="deadline_at",
        )
