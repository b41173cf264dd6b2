"""The page that puts two campaigns side by side, and its file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from campaigns.models import Campaign, Organization
from common.admin import organization_of
from insights.admin.dashboard import comparison, export
from insights.admin.dashboard.comparison import LENGTHS, METRICS, USUAL_LENGTH, Comparison
from insights.admin.dashboard.filters import Menu
from insights.admin.dashboard.views import page, zone_of
from insights.admin.dashboard.words import COUNT_WORDS
from insights.queries import choices


def compare(request: HttpRequest) -> HttpResponse:
    """Answer with two campaigns side by side, or with the choice of them."""
    organization = organization_of(request)
    pair = _pair(request, organization)
    hours, metric = _length(request), _metric(request)
    context: dict[str, Any] = {
        "title": "Compare campaigns",
        "page": "compare",
        "address": request.path,
        "body": "admin/insights/compare.html",
        "menus": _menus(request, organization, hours=hours, metric=metric),
        "same": pair is not None and pair[0] == pair[1],
    }
    if pair and pair[0] != pair[1]:
        found = _compared(pair, hours=hours, organization=organization)
        csv_url = reverse("admin:insights_compare_csv")
        context |= {
            "found": found,
            "lines": comparison.lines(found),
            "chart": comparison.chart(found, metric=metric),
            "csv_url": f"{csv_url}{_query(request)}",
        }
    return page(request, context, query=_query(request))


def compare_file(request: HttpRequest) -> StreamingHttpResponse:
    """Answer with the figures of both campaigns as a file."""
    organization = organization_of(request)
    pair = _pair(request, organization)
    if pair is None:
        raise Http404("Choose two campaigns that have been started.")
    found = _compared(pair, hours=_length(request), organization=organization)
    first, second = (side.campaign.pk for side in found.sides)
    return export.download(_rows(found), name=f"campaigns-{first}-and-{second}.csv")


def _compared(
    pair: tuple[Campaign, Campaign], *, hours: str, organization: Organization
) -> Comparison:
    return comparison.compare(
        pair, hours=int(hours), now=timezone.now(), zone=zone_of(organization)
    )


def _rows(found: Comparison) -> Iterator[list[object]]:
    yield ["campaign", "name", "started", "hours", *export.METRICS]
    for side in found.sides:
        metrics = [side.figures.totals[name] for name in export.METRICS]
        shown = ["" if value is None else value for value in metrics]
        start = side.figures.start.isoformat()
        yield [side.campaign.pk, side.campaign.name, start, found.hours, *shown]


def _pair(request: HttpRequest, organization: Organization) -> tuple[Campaign, Campaign] | None:
    """Return the two campaigns that were chosen; None unless both are here and have started."""
    ids = [_number(request.GET.get(name, "")) for name in ("a", "b")]
    started = Campaign.objects.filter(organization=organization, started_at__isnull=False)
    found = started.defer("html", "text").in_bulk([pk for pk in ids if pk is not None])
    chosen = [found[pk] for pk in ids if pk in found]
    return (chosen[0], chosen[1]) if len(chosen) == len(ids) else None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None  # noqa: PLR2004  fits into the database


def _length(request: HttpRequest) -> str:
    hours = request.GET.get("hours", "")
    return hours if hours in LENGTHS else USUAL_LENGTH


def _metric(request: HttpRequest) -> str:
    metric = request.GET.get("metric", "")
    return metric if metric in METRICS else METRICS[0]


def _menus(
    request: HttpRequest, organization: Organization, *, hours: str, metric: str
) -> list[Menu]:
    started = choices.campaigns_sent(organization.pk)
    words = [(name, COUNT_WORDS[name]) for name in METRICS]
    return [
        Menu("a", "First campaign", "Choose one", started, request.GET.get("a", "")),
        Menu("b", "Second campaign", "Choose one", started, request.GET.get("b", "")),
        Menu("hours", "Over the first", "", list(LENGTHS.items()), hours),
        Menu("metric", "Shown in the chart", "", words, metric),
    ]


def _query(request: HttpRequest) -> str:
    given = {name: request.GET.get(name, "") for name in ("a", "b", "hours", "metric")}
    usual = {"hours": USUAL_LENGTH, "metric": METRICS[0]}
    kept = {name: value for name, value in given.items() if value and value != usual.get(name)}
    return f"?{urlencode(kept)}" if kept else "?"
