"""Where the pages of figures are, below the admin's own address."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import admin
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path

from insights.admin.dashboard import comparing, views


def routes() -> list[URLPattern]:
    """Return the routes; all of them need a login."""
    return [
        _route("dashboard/", views.overview, "insights_dashboard"),
        _route("dashboard/csv/", views.overview_file, "insights_dashboard_csv"),
        _route("campaigns/<int:campaign_id>/", views.campaign, "insights_campaign"),
        _route("campaigns/<int:campaign_id>/csv/", views.campaign_file, "insights_campaign_csv"),
        _route("compare/", comparing.compare, "insights_compare"),
        _route("compare/csv/", comparing.compare_file, "insights_compare_csv"),
    ]


def _route(address: str, view: Callable[..., HttpResponseBase], name: str) -> URLPattern:
    return path(f"insights/{address}", admin.site.admin_view(view), name=name)
