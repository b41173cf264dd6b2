"""How values look in the admin: states, times, counts, shares."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

DASH = "\N{EN DASH}"
# Largest unit first; the word is put behind a number, or behind "in" and a number.
_UNITS = (
    (timedelta(days=365), "year"),
    (timedelta(days=30), "month"),
    (timedelta(days=7), "week"),
    (timedelta(days=1), "day"),
    (timedelta(hours=1), "hour"),
    (timedelta(minutes=1), "minute"),
)


def pill(word: str, kind: str = "neutral") -> SafeString:
    """Return a state as a word with a colour: neutral, info, active, good, warning or bad."""
    return format_html('<span class="mw-pill mw-pill-{}">{}</span>', kind, word)


def unknown(reason: str) -> SafeString:
    """Return a dash that says, when pointed at, why there is nothing to show."""
    return format_html('<span class="mw-unknown" title="{}">{}</span>', reason, DASH)


def count(number: int | None, *, reason: str = "Not known yet") -> SafeString:
    """Return a number with its thousands separated, or a dash with the reason."""
    if number is None:
        return unknown(reason)
    return format_html('<span class="mw-number">{}</span>', number_format(number))


def moment(at: datetime | None, *, reason: str = "Never") -> SafeString:
    """Return how long ago (or ahead) a time is, with the exact time on hover."""
    if at is None:
        return unknown(reason)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        timezone.localtime(at).isoformat(timespec="seconds"),
        exact_time(at),
        relative(at, now=timezone.now()),
    )


def exact_time(at: datetime) -> str:
    """Return a time on the organization's clock, to the second."""
    local = timezone.localtime(at)
    return f"{date_format(local, 'D j M Y, H:i:s')} {local.tzname()}"


def relative(at: datetime, *, now: datetime) -> str:
    """Return a distance in time as people say it: "just now", "3 hours ago", "in 2 days"."""
    distance = abs(now - at)
    for length, word in _UNITS:
        number = distance // length
        if number:
            text = f"{number} {word}{'s' if number > 1 else ''}"
            return f"{text} ago" if at < now else f"in {text}"
    return "just now" if at <= now else "in a moment"


def duration(seconds: int) -> str:
    """Return a length of time in its two largest units, such as "2 h 5 min"."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    shown = [f"{number} {unit}" for number, unit in parts if number]
    return " ".join(shown[:2]) or "0 s"


def share_bar(share: float | None, *, label: str, reason: str = "Not started") -> SafeString:
    """Return a small bar for a share between 0 and 1, with its label beside it."""
    if share is None:
        return unknown(reason)
    percent = round(100 * share, 1)
    return format_html(
        '<span class="mw-share"><span class="mw-bar" aria-hidden="true">'
        '<span class="mw-bar-part mw-fill-good" style="width:{}%"></span></span>'
        '<span class="mw-number">{}</span></span>',
        percent,
        label,
    )
