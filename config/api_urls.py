"""Routes of the API: one table of every resource."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.urls import URLPattern, URLResolver, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

import iprouting.api
import suppression.api
import warmup.api
from campaigns.api.campaigns import CampaignViewSet
from campaigns.api.contacts import ContactViewSet
from campaigns.api.identities import DomainViewSet, IdentityViewSet
from campaigns.api.imports import ImportViewSet
from campaigns.api.lists import ListMembers, ListViewSet
from campaigns.api.segments import SegmentViewSet
from campaigns.api.templates import TemplateViewSet
from common.api.problems import CONTENT_TYPE, Problem
from common.api.routing import Router
from insights.api.insights import CampaignInsights, OrganizationInsights
from insights.api.webhooks import WebhookViewSet
from sending.api.exports import ExportViewSet
from sending.api.following import CampaignFollowing, CampaignRecipients
from sending.api.imports import ListImports
from sending.api.messages import MessageViewSet
from sending.api.moves import CampaignMoves
from sending.api.routing import RoutingViewSet

router = Router()
router.register("contacts", ContactViewSet)
router.register("lists", ListViewSet)
router.register("lists", ListImports, basename="list-import")
router.register(
    "lists/(?P<list_id>[0-9]+)/subscriptions", ListMembers, basename="list-subscription"
)
router.register("segments", SegmentViewSet)
router.register("templates", TemplateViewSet)
router.register("domains", DomainViewSet)
router.register("identities", IdentityViewSet)
router.register("campaigns", CampaignViewSet)
router.register("campaigns", CampaignMoves, basename="campaign-move")
router.register("campaigns", CampaignFollowing, basename="campaign-following")
router.register(
    "campaigns/(?P<campaign_id>[0-9]+)/recipients",
    CampaignRecipients,
    basename="recipient",
)
router.register("campaigns", CampaignInsights, basename="campaign-insights")
router.register("insights", OrganizationInsights, basename="insights")
router.register("imports", ImportViewSet)
router.register("messages", MessageViewSet, basename="message")
router.register("exports", ExportViewSet)
router.register("pools", iprouting.api.PoolViewSet)
router.register("transports", iprouting.api.TransportViewSet)
router.register("ips", iprouting.api.SendingIPViewSet)
router.register("routing", RoutingViewSet, basename="routing")
router.register("breakers", iprouting.api.BreakerViewSet)
router.register("webhooks", WebhookViewSet)
router.register("suppressions", suppression.api.SuppressionViewSet)
router.register("warmup", warmup.api.WarmupViewSet, basename="warmup")


def not_found(request: HttpRequest, **_: object) -> JsonResponse:
    """Answer a path of the API that does not exist, in the API's own shape."""
    problem = Problem(404, "not_found", f"There is nothing at {request.path}.")
    return JsonResponse(problem.body(), status=problem.status, content_type=CONTENT_TYPE)


urlpatterns: list[URLPattern | URLResolver] = [
    re_path("^schema/?$", SpectacularAPIView.as_view(), name="schema"),
    re_path("^docs/?$", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    *router.urls,
    re_path("", not_found),
]
