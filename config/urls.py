"""Routes of the whole project."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.defaults import server_error
from django.views.generic import RedirectView
from health_check.views import HealthCheckView

from common.api.problems import CONTENT_TYPE, Problem

API = "api/"
HEALTH_CHECKS = ["health_check.checks.Database", "health_check.checks.Cache"]

admin.autodiscover()

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path(API, include("config.api_urls")),
    path("", include("sending.urls")),
    path("", include("suppression.urls")),
    re_path("^healthz/?$", HealthCheckView.as_view(checks=HEALTH_CHECKS), name="healthz"),
    path("", include("django_prometheus.urls")),
]


def unforeseen(request: HttpRequest) -> HttpResponse:
    """Answer an error that nobody foresaw: to programs in the API's shape, to people as a page."""
    if not request.path.startswith(f"/{API}"):
        return server_error(request)
    problem = Problem(500, "unforeseen", "Something went wrong here. It has been written down.")
    return JsonResponse(problem.body(), status=problem.status, content_type=CONTENT_TYPE)


handler500 = unforeseen
