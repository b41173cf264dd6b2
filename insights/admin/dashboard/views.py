"""The pages of figures: all campaigns, one campaign, two campaigns; and their files."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from campaigns.models import Campaign, Organization
from common.admin import organization_of, pill
from common.errors import DomainError
from insights.admin.dashboard import board, export, filters
from insights.admin.dashboard.asked import Asked, asked
from insights.queries import choices

_STATE_KINDS = {"sent": "good", "failed": "bad", "paused": "warning", "sending": "active"}


def overview(request: HttpRequest) -> HttpResponse:
    """Answer with the figures of all campaigns."""
    organization = organization_of(request)
    found = _asked(request, organization)
    context = {
        "title": "Insights",
        "page": "overview",
        "csv_url": reverse("admin:insights_dashboard_csv") + found.query(),
    }
    return _answer(request, organization, found, context)


def campaign(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """Answer with the report of one campaign."""
    organization = organization_of(request)
    one = _campaign(organization, campaign_id)
    found = _asked(request, organization, campaign=one)
    context = {
        "title": "Campaigns",
        "subtitle": one.name,
        "page": "campaign",
        "original": one,
        "campaign": one,
        "tab": "insights",
        "state": pill(one.get_state_display(), _STATE_KINDS.get(one.state, "neutral")),
        "compare_url": f"{reverse('admin:insights_compare')}?a={one.pk}",
        "csv_url": reverse("admin:insights_campaign_csv", args=[one.pk]) + found.query(),
    }
    return _answer(request, organization, found, context)


def overview_file(request: HttpRequest) -> StreamingHttpResponse | HttpResponse:
    """Answer with the table of all campaigns as a file."""
    organization = organization_of(request)
    return _file(request, organization, _asked(request, organization))


def campaign_file(request: HttpRequest, campaign_id: int) -> StreamingHttpResponse | HttpResponse:
    """Answer with the table of one campaign as a file."""
    organization = organization_of(request)
    one = _campaign(organization, campaign_id)
    return _file(request, organization, _asked(request, organization, campaign=one))


def _asked(
    request: HttpRequest, organization: Organization, *, campaign: Campaign | None = None
) -> Asked:
    zone = zone_of(organization)
    return asked(request.GET.dict(), now=timezone.now(), zone=zone, campaign=campaign)


def zone_of(organization: Organization) -> tzinfo:
    """Return the organization's time zone."""
    return ZoneInfo(str(organization.timezone))


def _campaign(organization: Organization, campaign_id: int) -> Campaign:
    rows = Campaign.objects.filter(organization=organization).select_related("identity")
    one = rows.defer("html", "text").filter(pk=campaign_id).first()
    if one is None:
        raise Http404("There is no such campaign here.")
    return one


def _answer(
    request: HttpRequest, organization: Organization, found: Asked, context: dict[str, Any]
) -> HttpResponse:
    context |= {"asked": found, "address": request.path, "body": "admin/insights/board.html"}
    try:
        read = board.read(found, organization_id=organization.pk)
    except DomainError as refusal:
        read, context["refusal"] = None, refusal.message
    context["filters"] = filters.bar(found, read, organization_id=organization.pk)
    if read and read.is_empty:
        campaign_id = found.campaign.pk if found.campaign else None
        last = choices.last_hour(organization.pk, campaign_id=campaign_id)
        week = board.last_days(last, period=found.period) if last else {}
        context |= {"empty": True, "last": last, "last_url": found.query(**week) if last else ""}
        context["campaigns_url"] = reverse("admin:campaigns_campaign_changelist")
    elif read:
        context |= board.shown(read, organization=organization)
    return page(request, context, query=found.query())


def page(request: HttpRequest, context: dict[str, Any], *, query: str) -> HttpResponse:
    """Answer with a page, or with its changing part alone where htmx asked for that."""
    htmx: Any = request.htmx  # type: ignore[attr-defined]  # set by the middleware
    part = bool(htmx) and not htmx.history_restore_request and not htmx.boosted
    if part:
        response = render(request, context["body"], context)
        response["HX-Push-Url"] = f"{request.path}{query}" if query != "?" else request.path
    else:
        whole = {**admin.site.each_context(request), **context}
        response = render(request, "admin/insights/page.html", whole)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _file(
    request: HttpRequest, organization: Organization, found: Asked
) -> StreamingHttpResponse | HttpResponse:
    try:
        read = board.read(found, organization_id=organization.pk)
    except DomainError as refusal:
        return HttpResponse(refusal.message, status=400, content_type="text/plain; charset=utf-8")
    return export.download(export.board_rows(read), name=export.board_name(read))
