"""What can be chosen on a page of figures, and what is chosen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from campaigns.models.content import Stream
from common.admin import provider_name
from insights.admin.dashboard.asked import Asked, pivots
from insights.admin.dashboard.board import Board
from insights.admin.dashboard.spans import LOOKING_BACK, SINCE_START, Preset
from insights.admin.dashboard.words import BY_WORDS, COUNT_WORDS, RATE_WORDS
from insights.figures import GroupBy
from insights.periods import Bucket
from insights.queries import choices
from insights.queries.choices import Choice

_CHIPS: Final = {"ip": "IP", "variant": "Variant"}  # chosen from tables, not from a menu


@dataclass(frozen=True, slots=True)
class Menu:
    """A choice of one; `nothing` is what the empty one is called."""

    name: str
    label: str
    nothing: str
    options: Sequence[Choice]
    chosen: str


def bar(asked: Asked, board: Board | None, *, organization_id: int) -> dict[str, Any]:
    """Return what stands above the figures."""
    presets = SINCE_START if asked.campaign else LOOKING_BACK
    first, last = days(asked)
    return {
        "presets": [(preset.value, word, preset is asked.span.preset)
                    for preset, word in presets.items()],
        "custom": asked.span.preset is Preset.CUSTOM,
        "first": first,
        "last": last,
        "problem": asked.span.problem,
        "buckets": _buckets(asked) if asked.span.by_hour else [],
        "menus": _menus(asked, board, organization_id=organization_id),
        "chips": [(f"{word} {asked.filters[name]}", asked.query(**{name: ""}))
                  for name, word in _CHIPS.items() if name in asked.filters],
        "clear": asked.query(**dict.fromkeys(asked.filters, "")) if asked.filters else "",
        "tabs": [(by.value, BY_WORDS[by], asked.query(by=_tab(by)), by is asked.by)
                 for by in pivots(asked.campaign)],
        "by": "" if asked.by is GroupBy.DAY else asked.by.value,
        "measures": [] if asked.by is GroupBy.DAY else _measures(asked),
        "period": period_text(asked),
    }  # fmt: skip


def days(asked: Asked) -> tuple[str, str]:
    """Return the first and the last day shown, as a date field wants them."""
    zone = asked.period.zone
    last = (asked.span.end - timedelta(microseconds=1)).astimezone(zone).date()
    first = asked.span.start.astimezone(zone).date()
    return asked.params.get("first") or str(first), asked.params.get("last") or str(last)


def period_text(asked: Asked) -> str:
    """Return the period as people say it, with the clock it is on."""
    period = asked.period
    start = period.first_hour.astimezone(period.zone)
    last = (period.end_hour - timedelta(microseconds=1)).astimezone(period.zone)
    each = "by the hour" if period.bucket is Bucket.HOUR else "by the day"
    first_day, last_day = _day(start), _day(last)
    whole = f"{first_day} to {last_day}" if first_day != last_day else first_day
    return f"{whole}, {each}, on the clock of {period.zone}"


def _day(at: datetime) -> str:
    return f"{at:%a} {at.day} {at:%b %Y}"


def _tab(by: GroupBy) -> str:
    return "time" if by is GroupBy.DAY else by.value


def _buckets(asked: Asked) -> list[tuple[str, str, bool]]:
    words = {Bucket.DAY: "By the day", Bucket.HOUR: "By the hour"}
    return [(each.value, word, each is asked.period.bucket) for each, word in words.items()]


def _menus(asked: Asked, board: Board | None, *, organization_id: int) -> list[Menu]:
    def menu(name: str, label: str, nothing: str, options: Iterable[Choice]) -> Menu:
        chosen = str(asked.filters.get(name, ""))
        offered = list(options)
        if chosen and chosen not in dict(offered):
            offered.append((chosen, chosen))
        return Menu(name, label, nothing, offered, chosen)

    groups = board.providers if board else []
    providers = sorted((group.key, provider_name(group.key)) for group in groups)
    menus = [
        menu("provider", "Provider", "All providers", providers),
        menu("list", "List", "All lists", choices.lists(organization_id)),
    ]
    if asked.campaign:
        return menus
    selected = asked.filters.get("campaign")
    started = choices.campaigns_sent(
        organization_id, selected=selected if isinstance(selected, int) else None
    )
    return [
        menu("campaign", "Campaign", "All campaigns", started),
        *menus,
        menu("identity", "Identity", "All identities", choices.identities(organization_id)),
        menu("stream", "Kind of mail", "All mail", Stream.choices),
    ]


def _measures(asked: Asked) -> list[Menu]:
    """Return what the two charts of a pivot can show."""
    return [
        Menu("count", "Shown in the bars", "", list(COUNT_WORDS.items()), asked.count),
        Menu("rate", "Shown in the lines", "", list(RATE_WORDS.items()), asked.rate),
    ]
