"""Segments: rules over contacts, put together without writing them by hand."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST
from unfold.widgets import UnfoldAdminTextareaWidget

from campaigns.models import Campaign, Contact, ContactList, Organization, Segment
from campaigns.queries.segments import segment_filter
from campaigns.roles import Role
from campaigns.segments import validate_rules
from common.admin import (
    EstimatingPaginator,
    OrganizationScopedAdmin,
    ScopedForm,
    moment,
    organization_of,
    require_role,
)
from common.errors import DomainError

EXAMPLE_COUNT = 5  # contacts shown beside the number of matches
CAMPAIGNS_OFFERED = 200  # the newest ones, to choose from in a rule
FIRST_RULES = {"all": [{"engaged": {"within_days": 90}}]}


class SegmentForm(ScopedForm):
    """The rules as JSON; the page shows them as lines to choose from."""

    class Meta:
        model = Segment
        fields = ("name", "rules")
        help_texts = {"rules": "Looked at anew whenever a campaign that uses it is started."}
        widgets = {
            "rules": UnfoldAdminTextareaWidget(
                attrs={"class": "mw-code", "rows": 12, "spellcheck": "false"}
            )
        }

    def clean(self) -> dict[str, Any] | None:
        """Return the input; rules that cannot be understood are refused with their place."""
        cleaned = super().clean() or {}
        if "rules" in cleaned:
            try:
                validate_rules(cleaned["rules"])
            except DomainError as mistake:
                self.add_error("rules", mistake.message)
        return cleaned


@admin.register(Segment)
class SegmentAdmin(OrganizationScopedAdmin):
    """Segments, with a count of who matches while the rules are written."""

    form = SegmentForm
    empty_icon = "filter_alt"
    empty_title = "No segments yet"
    empty_text = (
        "A segment is a rule, such as: lives in Berlin and opened something in the last 90 days."
    )
    list_display = ("name", "rules_shown", "changed")
    search_fields = ("name",)
    search_help_text = "Search by name"
    ordering = ("name",)
    fields = ("name", "rules")
    change_form_after_template = "admin/campaigns/segment/matches.html"

    class Media:
        js = ("js/segment-rules.js",)

    def get_urls(self) -> list[URLPattern]:
        """Return the routes, with the count of matches."""
        view = self.admin_site.admin_view(require_POST(self.matches))
        return [path("matches/", view, name="campaigns_segment_matches"), *super().get_urls()]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show or save a segment; the page gets what its rules may name."""
        offered = {
            "rule_choices": _choices(organization_of(request)),
            "matches_url": reverse("admin:campaigns_segment_matches"),
        }
        return super().changeform_view(
            request, object_id, form_url, {**(extra_context or {}), **offered}
        )

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Return what a new segment begins with."""
        return {"rules": FIRST_RULES, **super().get_changeform_initial_data(request)}

    @require_role(Role.VIEWER)
    def matches(self, request: HttpRequest) -> HttpResponse:
        """Answer how many contacts the rules in the form match, and who some of them are."""
        template = "admin/campaigns/segment/matches_found.html"
        try:
            found = _matching(request.POST.get("rules", ""), organization_of(request))
        except (DomainError, ValueError) as mistake:
            return render(request, template, {"mistake": str(mistake)})
        return render(request, template, found)

    @admin.display(description="Rules")
    def rules_shown(self, segment: Segment) -> str:
        """Return how many conditions there are."""
        number = _condition_count(segment.rules)
        return "1 condition" if number == 1 else f"{number} conditions"

    @admin.display(description="Changed", ordering="updated_at")
    def changed(self, segment: Segment) -> str:
        """Return when the segment was last changed."""
        return moment(segment.updated_at)


def _condition_count(rule: dict[str, Any]) -> int:
    """Return how many conditions stand in a rule, those within groups included."""
    for group in ("all", "any", "none"):
        if group in rule:
            return sum(map(_condition_count, rule[group]))
    return _condition_count(rule["not"]) if "not" in rule else 1


def _matching(written: str, organization: Organization) -> dict[str, Any]:
    rules = json.loads(written)
    matching = Contact.objects.filter(
        segment_filter(rules, now=timezone.now()), organization=organization
    ).order_by("-id")
    pages = EstimatingPaginator(matching, EXAMPLE_COUNT)
    return {
        "count": pages.count,
        "estimated": pages.estimated,
        "examples": list(matching[:EXAMPLE_COUNT]),
    }


def _choices(organization: Organization) -> dict[str, list[Any]]:
    """Return the lists and campaigns that a rule may name."""
    lists = ContactList.objects.filter(organization=organization).order_by("name")
    campaigns = Campaign.objects.filter(organization=organization).order_by("-created_at")
    return {
        "lists": list(lists.values("id", "name")),
        "campaigns": list(campaigns.values("id", "name")[:CAMPAIGNS_OFFERED]),
    }
