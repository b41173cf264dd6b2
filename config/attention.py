"""What waits for somebody on the first page: what, why, and where to go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime

from common.providers import provider_name
from iprouting.breakers import BreakerState
from iprouting.models import Breaker
from sending.queries.overview import Overview
from warmup.models import WarmupSchedule


@dataclass(frozen=True, slots=True)
class Attention:
    """One thing that waits for somebody: what, why, and the button that leads there."""

    kind: str
    title: str
    text: str
    button: str
    url: str


def attention(found: Overview) -> list[Attention]:
    """Return what waits for somebody, the most pressing first."""
    return [
        *(
            Attention(
                "bad",
                f"{campaign.name} failed",
                campaign.state_reason or "It could not go on.",
                "Look at it",
                campaign_url("overview", campaign.pk),
            )
            for campaign in found.failed
        ),
        *(
            Attention(
                "warning",
                f"{campaign.name} is held up",
                campaign.problem,
                "Look at it",
                campaign_url("overview", campaign.pk),
            )
            for campaign in found.held_up
        ),
        *_about_ips(found),
        *(_about_warmup(schedule) for schedule in found.paused_warmups),
        *_about_breakers(found.breakers),
        *(
            Attention(
                "warning",
                f"{number_format(number)} {'message' if number == 1 else 'messages'} in doubt",
                f"{campaign.name}: handed over when the connection broke, so nobody knows whether "
                "the server took them.",
                "See who",
                f"{campaign_url('recipients', campaign.pk)}?state=in_doubt",
            )
            for campaign, number in found.in_doubt
        ),
        *(
            Attention(
                "bad" if job.failure else "info",
                f"{job.file_name}: the import failed"
                if job.failure
                else f"{job.file_name}: {number_format(job.refused_count)} rows did not go in",
                job.failure or "The report names each row and the reason.",
                "See the report",
                reverse("admin:campaigns_importjob_change", args=[job.pk]),
            )
            for job in found.imports
        ),
        *_about_counts(found),
    ]


def _about_counts(found: Overview) -> list[Attention]:
    check = found.miscounted
    if check is None:
        return []
    return [
        Attention(
            "warning",
            f"{number_format(check.differences)} counts differ from the events",
            f"{check.examples[0]}. Whoever runs the server makes the counts anew with "
            "manage.py rebuild_rollups.",
            "See the check",
            reverse("admin:insights_countcheck_changelist"),
        )
    ]


def _about_ips(found: Overview) -> list[Attention]:
    url = reverse("admin:iprouting_sendingip_changelist")
    missing = [
        Attention(
            "bad",
            "No active sending IP",
            "Nothing can be sent until there is one.",
            "Sending IPs",
            url,
        )
    ]
    if found.setup.has_campaign and not found.setup.has_active_ip:
        return missing
    return [
        Attention(
            "bad",
            f"{ip.address} cannot be reached",
            ip.unreachable_reason or "Its server does not answer.",
            "Send a test message",
            reverse("admin:iprouting_sendingip_probe", args=[ip.pk]),
        )
        for ip in found.unreachable
    ]


def _about_warmup(schedule: WarmupSchedule) -> Attention:
    return Attention(
        "warning",
        f"Warm-up of {schedule.ip.address} is paused",
        schedule.paused_reason or "Somebody paused it.",
        "Look at it",
        reverse("admin:warmup_warmupschedule_change", args=[schedule.pk]),
    )


def _about_breakers(breakers: Sequence[Breaker]) -> list[Attention]:
    """Return one thing for each provider, however many IPs it holds back."""
    providers: dict[str, list[Breaker]] = {}
    for breaker in breakers:
        providers.setdefault(breaker.provider, []).append(breaker)
    return [_about_provider(provider, held) for provider, held in providers.items()]


def _about_provider(provider: str, held: Sequence[Breaker]) -> Attention:
    longest, *others = held
    stopped = any(breaker.state == BreakerState.SUSPENDED for breaker in held)
    ips = longest.ip + (f" and {len(others)} more" if others else "")
    until = date_format(localtime(longest.until), "D H:i") if longest.until else ""
    return Attention(
        "warning",
        f"{provider_name(provider)}: mail is {'held back' if stopped else 'slowed down'}",
        f"From {ips}, until {until} at the latest. {longest.reason}",
        "See why",
        f"{reverse('admin:iprouting_breaker_changelist')}?{urlencode({'provider': provider})}",
    )


def campaign_url(page: str, pk: int) -> str:
    """Return the address of a page of a campaign."""
    return reverse(f"admin:campaigns_campaign_{page}", args=[pk])
