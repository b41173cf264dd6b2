"""How warm a sending IP is, in words that lead to the page where more is said."""

from __future__ import annotations

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from iprouting.models import SendingIP
from warmup.progress import Status
from warmup.queries import Standing


def warmth(ip: SendingIP, standing: Standing | None) -> SafeString:
    """Return where the warm-up of an IP stands, as a link; an IP without one is warm."""
    if standing is None:
        url = f"{reverse('admin:warmup_warmupschedule_changelist')}?q={ip.address}"
        return _link(url, "Warm")
    url = reverse("admin:warmup_warmupschedule_change", args=[standing.schedule.pk])
    return _link(url, _words(standing))


def _link(url: str, words: str) -> SafeString:
    return format_html(
        '<a href="{}" class="text-primary-600 dark:text-primary-500">{}</a>', url, words
    )


def _words(standing: Standing) -> str:
    schedule = standing.schedule
    if schedule.status == Status.SCHEDULED:
        return "Warm-up scheduled"
    state = "Warm-up paused" if schedule.status == Status.PAUSED else "Warming up"
    return (
        f"{state}, day {schedule.current_day} of {standing.day_count}, "
        f"{number_format(standing.used)} of {number_format(schedule.daily_limit or 0)} today"
    )
