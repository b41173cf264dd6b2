"""Where the pages of messages are, below the admin's own address."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import admin
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from sending.admin.messages import exports, one, search


def routes() -> list[URLPattern]:
    """Return the routes; all of them need a login."""
    return [
        _route("", search.show, "insights_messages"),
        _route("<int:recipient_id>/", one.show, "insights_message"),
        _route("exports/", exports.panel, "insights_exports"),
        _route("exports/start/", require_POST(exports.start), "insights_export_start"),
        _route("exports/<int:export_id>/", exports.file, "insights_export_file"),
    ]


def _route(address: str, view: Callable[..., HttpResponseBase], name: str) -> URLPattern:
    return path(f"insights/messages/{address}", admin.site.admin_view(view), name=name)
