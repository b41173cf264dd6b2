"""How an organization stands right now: what runs, what needs somebody, today against usual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Count, Q

import insights.queries.counts
import iprouting.models
from campaigns.models import (
    Campaign,
    CampaignKind,
    ContactList,
    Identity,
    ImportJob,
    ImportStatus,
    Organization,
    Recipient,
    Subscription,
    Template,
)
from campaigns.states import RUNNING, WAITING, CampaignState, RecipientState
from insights.events import EventType
from insights.models import CountCheck
from insights.periods import Bucket, Period
from iprouting.breakers import BreakerState
from warmup.models import WarmupSchedule
from warmup.progress import Status

SHOWN = 5  # campaigns or imports named in one place
RECENT = timedelta(days=30)  # for what is in doubt
RECENT_IMPORTS = timedelta(days=7)
DAY = timedelta(days=1)
USUAL_DAYS = 7  # before the last 24 hours
COMPARED = {
    EventType.SENT: ("sent",),
    EventType.BOUNCED: ("bounced",),
    EventType.OPENED: ("opens", "machine_opens"),
    EventType.CLICKED: ("clicks", "machine_clicks"),
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """How often something happened in the last 24 hours, and on an average day before.

    `usual` is None when nothing is known of the days before.
    """

    event_type: EventType
    today: int
    usual: float | None


@dataclass(frozen=True, slots=True)
class Setup:
    """What an organization has of what it takes to send."""

    has_transport: bool
    has_active_ip: bool
    has_identity: bool
    has_list: bool
    has_subscribers: bool
    has_template: bool
    has_campaign: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """What the first page needs.

    `running` and `in_doubt` are campaigns with how many people wait, or messages are in doubt;
    `miscounted` is the latest check of counts, if it found a difference.
    """

    running: list[tuple[Campaign, int]]
    scheduled: list[Campaign]
    failed: list[Campaign]
    held_up: list[Campaign]
    in_doubt: list[tuple[Campaign, int]]
    imports: list[ImportJob]
    unreachable: list[iprouting.models.SendingIP]
    breakers: list[iprouting.models.Breaker]
    paused_warmups: list[WarmupSchedule]
    miscounted: CountCheck | None
    setup: Setup


def overview(organization: Organization, *, now: datetime) -> Overview:
    """Return how the organization stands."""
    campaigns = Campaign.objects.filter(organization=organization)
    going = campaigns.exclude(kind=CampaignKind.TRANSACTIONAL).filter(
        state__in=[*RUNNING, CampaignState.PAUSED]
    )
    running = list(going.order_by("-started_at")[:SHOWN])
    unreachable = iprouting.models.SendingIP.objects.filter(
        organization=organization, active=True, unreachable_until__gt=now
    )
    waiting = waiting_counts([campaign.pk for campaign in running])
    return Overview(
        running=[(campaign, waiting[campaign.pk]) for campaign in running],
        scheduled=list(
            campaigns.filter(state=CampaignState.SCHEDULED).order_by("scheduled_at")[:SHOWN]
        ),
        failed=list(campaigns.filter(state=CampaignState.FAILED).order_by("-updated_at")[:SHOWN]),
        held_up=[campaign for campaign in running if campaign.problem],
        in_doubt=_in_doubt(organization, now=now),
        imports=_imports(organization, now=now),
        unreachable=list(unreachable.defer("transport")),
        breakers=_breakers(organization, now=now),
        paused_warmups=list(
            WarmupSchedule.objects.filter(organization=organization, status=Status.PAUSED)
            .select_related("ip")
            .order_by("pk")[:SHOWN]
        ),
        miscounted=CountCheck.objects.filter(organization=organization, differences__gt=0).first(),
        setup=_setup(organization),
    )


def _breakers(organization: Organization, *, now: datetime) -> list[iprouting.models.Breaker]:
    """Return those that hold mail back now, the ones that hold it longest first."""
    holding = iprouting.models.Breaker.objects.filter(
        organization=organization,
        state__in=[BreakerState.SUSPENDED, BreakerState.SLOWED],
        until__gt=now,
    )
    return list(holding.order_by("-until"))


def waiting_counts(campaign_ids: Sequence[int]) -> dict[int, int]:
    """Return how many people still wait in each campaign.

    Those who wait and those who are being mailed are found by an index each, so this stays fast
    where counting everybody would not.
    """
    waiting = dict.fromkeys(campaign_ids, 0)
    for state in WAITING if campaign_ids else ():
        rows = Recipient.objects.filter(campaign__in=campaign_ids, state=state.value)
        counted = rows.values_list("campaign").annotate(number=Count("*")).order_by()
        for campaign_id, number in counted:
            waiting[campaign_id] += number
    return waiting


def _in_doubt(organization: Organization, *, now: datetime) -> list[tuple[Campaign, int]]:
    """Return recent campaigns with messages that may or may not have been taken."""
    recent = Campaign.objects.filter(organization=organization, created_at__gte=now - RECENT)
    rows = Recipient.objects.filter(
        campaign__in=list(recent.values_list("pk", flat=True)), state=RecipientState.IN_DOUBT
    )
    counted = rows.values_list("campaign").annotate(number=Count("pk")).order_by("-number")
    counts: dict[int, int] = dict(counted[:SHOWN])
    found = Campaign.objects.in_bulk(counts)
    return [(found[pk], number) for pk, number in counts.items()]


def _imports(organization: Organization, *, now: datetime) -> list[ImportJob]:
    """Return recent imports that failed or refused rows."""
    rows = ImportJob.objects.filter(organization=organization, dry_run=False)
    amiss = Q(status=ImportStatus.FAILED) | Q(status=ImportStatus.FINISHED, refused_count__gt=0)
    return list(
        rows.filter(amiss, created_at__gte=now - RECENT_IMPORTS).order_by("-created_at")[:SHOWN]
    )


def compared(organization: Organization, *, now: datetime) -> list[Comparison]:
    """Return the last 24 hours, of full hours, against the days before."""
    recent = _happened(organization, begin=now - DAY, end=now)
    whole = _happened(organization, begin=now - (1 + USUAL_DAYS) * DAY, end=now)
    known = whole != recent
    return [
        Comparison(kind, recent[kind], (whole[kind] - recent[kind]) / USUAL_DAYS if known else None)
        for kind in COMPARED
    ]


def _happened(
    organization: Organization, *, begin: datetime, end: datetime
) -> dict[EventType, int]:
    """Return how often something happened, whoever opened or clicked."""
    period = Period(begin, end, Bucket.DAY, UTC)
    totals = insights.queries.counts.insights(organization.pk, period=period).totals
    return {kind: sum(int(totals[name] or 0) for name in names) for kind, names in COMPARED.items()}


def _miscounted(organization: Organization) -> CountCheck | None:
    latest = CountCheck.objects.filter(organization=organization).order_by("-compared_at").first()
    return latest if latest and latest.differences else None


def _setup(organization: Organization) -> Setup:
    ips = iprouting.models.SendingIP.objects.filter(organization=organization, active=True)
    own = {"organization": organization}
    return Setup(
        has_transport=iprouting.models.Transport.objects.filter(**own).exists(),
        has_active_ip=ips.exists(),
        has_identity=Identity.objects.filter(**own).exists(),
        has_list=ContactList.objects.filter(**own).exists(),
        has_subscribers=Subscription.objects.filter(list__organization=organization).exists(),
        has_template=Template.objects.filter(**own).exists(),
        has_campaign=Campaign.objects.filter(**own).exists(),
    )
