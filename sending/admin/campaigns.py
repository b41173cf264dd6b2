"""Campaigns: the list, the form, and the way to the pages of one campaign."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextareaWidget

from campaigns.models import Campaign, CampaignKind
from campaigns.roles import Role
from campaigns.states import EDITABLE, CampaignState
from common.admin import (
    OrganizationScopedAdmin,
    PlainChangeList,
    ScopedForm,
    count,
    moment,
    require_role,
    share_bar,
    unknown,
)
from sending.admin import moves, overview, preview, recipients
from sending.admin.words import campaign_pill
from sending.queries.overview import waiting_counts

CODE = {"class": "mw-code", "spellcheck": "false"}
ALL_DONE = frozenset({CampaignState.SENT})
UNDER_WAY = frozenset(
    {
        CampaignState.SENDING,
        CampaignState.TESTING,
        CampaignState.PAUSED,
        CampaignState.CANCELLED,
        CampaignState.FAILED,
    }
)
Page = Callable[["CampaignAdmin", HttpRequest, Campaign], HttpResponse]
# Route below the campaign -> the page, and the role it needs.
PAGES: dict[str, tuple[Page, Role]] = {
    "overview": (overview.show, Role.VIEWER),
    "preflight": (overview.preflight, Role.VIEWER),
    "progress": (overview.progress, Role.VIEWER),
    "preview": (preview.show, Role.VIEWER),
    "message": (preview.message, Role.VIEWER),
    "contacts": (preview.contacts, Role.VIEWER),
    "test": (preview.test, Role.EDITOR),
    "recipients": (recipients.show, Role.VIEWER),
    **{name: (move.page, move.role) for name, move in moves.MOVES.items()},
}


class CampaignForm(ScopedForm):
    """What a campaign says and to whom."""

    class Meta:
        model = Campaign
        fields = "__all__"
        widgets = {
            "html": UnfoldAdminTextareaWidget(attrs={**CODE, "rows": 16, "wrap": "off"}),
            "text": UnfoldAdminTextareaWidget(attrs={**CODE, "rows": 8}),
        }


class CampaignList(PlainChangeList):
    """A page of campaigns, each running one with the share that is done."""

    def get_results(self, request: HttpRequest) -> None:
        """Fetch the page; count who still waits in those under way, all of them at once."""
        super().get_results(request)
        self.result_list = list(self.result_list)
        under_way = [c.pk for c in self.result_list if CampaignState(c.state) in UNDER_WAY]
        waiting = waiting_counts(under_way)
        for campaign in self.result_list:
            campaign.waiting_count = waiting.get(campaign.pk)

    def url_for_result(self, result: Campaign) -> str:
        """Return the way to a campaign's own page; its form is one tab of that."""
        return reverse("admin:campaigns_campaign_overview", args=[result.pk])


@admin.register(Campaign)
class CampaignAdmin(OrganizationScopedAdmin):
    """Mailings. Their state changes through the moves, never through the form."""

    form = CampaignForm
    empty_icon = "campaign"
    empty_title = "No campaigns yet"
    empty_text = (
        "A campaign is one mailing to lists or segments. Write one, look at it, then start it."
    )
    add_words = "Write a campaign"
    list_display = ("name", "state_shown", "audience", "sent_share", "sender", "started")
    list_filter = ("state", "kind")
    list_select_related = ("identity",)
    search_fields = ("name", "subject")
    search_help_text = "Search by name or subject"
    ordering = ("-created_at",)
    autocomplete_fields = ("identity", "template", "lists", "segments")
    change_form_outer_before_template = "sending/campaign/tabs.html"
    fieldsets = (
        (None, {"fields": ("name", "identity")}),
        (
            "Who gets it",
            {
                "fields": ("lists", "segments"),
                "description": "Suppressed people are always left out. The next page says how "
                "many this reaches.",
            },
        ),
        (
            "What it says",
            {
                "fields": ("template", "subject", "preheader", "html", "text"),
                "description": "Choose a template and leave the rest empty, or write it here.",
            },
        ),
        (
            "Details",
            {
                "fields": (
                    ("track_opens", "track_clicks", "hidden_link"),
                    "start_before",
                    "deadline_at",
                    "in_doubt_policy",
                    "maximum_attempts",
                ),
                "classes": ("collapse",),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Campaign, Campaign]:
        """Return the campaigns with what their pages name."""
        rows: QuerySet[Campaign, Campaign] = super().get_queryset(request)
        return rows.select_related("identity__domain", "template", "organization")

    def get_changelist(self, request: HttpRequest, **_: Any) -> type[CampaignList]:
        """Return the class behind the list."""
        return CampaignList

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Say whether it may be changed: not once it has been started."""
        editable = not isinstance(obj, Campaign) or CampaignState(obj.state) in EDITABLE
        return editable and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Say whether it may be deleted: a record of mail that went out stays."""
        draft = isinstance(obj, Campaign) and obj.state == CampaignState.DRAFT
        return draft and super().has_delete_permission(request, obj)

    def get_urls(self) -> list[URLPattern]:
        """Return the routes, with the pages of one campaign."""
        extra = [
            path(
                f"<path:object_id>/{name}/",
                self.admin_site.admin_view(self._page(page, role)),
                name=f"campaigns_campaign_{name}",
            )
            for name, (page, role) in PAGES.items()
        ]
        return [*extra, *super().get_urls()]

    def _page(self, page: Page, role: Role) -> Callable[..., HttpResponse]:
        @require_role(role)
        def view(admin_: CampaignAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
            return page(admin_, request, admin_.scoped_object(request, object_id))

        return lambda request, object_id: view(self, request, object_id)

    def page_context(self, request: HttpRequest, campaign: Campaign, tab: str) -> dict[str, Any]:
        """Return what every page of a campaign shows around itself."""
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": campaign,
            "campaign": campaign,
            "title": "Campaigns",
            "subtitle": campaign.name,
            "tab": tab,
            "state": campaign_pill(campaign.state),
            "can_change": self.has_change_permission(request, campaign),
        }

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show or save the form, as the tab that it is."""
        return super().changeform_view(
            request, object_id, form_url, {**(extra_context or {}), "tab": "form"}
        )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show the form below the name and state of its campaign."""
        original = context.get("original")
        state = campaign_pill(original.state) if original else ""
        return super().render_change_form(request, {**context, "state": state}, *args, **kwargs)

    def response_add(
        self, request: HttpRequest, obj: Campaign, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Go on to the campaign's page, where the next step is."""
        super().response_add(request, obj, post_url_continue)
        return HttpResponseRedirect(reverse("admin:campaigns_campaign_overview", args=[obj.pk]))

    def response_change(self, request: HttpRequest, obj: Campaign) -> HttpResponse:
        """Go back to the campaign's page, or stay in the form when that was asked for."""
        response: HttpResponse = super().response_change(request, obj)
        if "_continue" in request.POST:
            return response
        return HttpResponseRedirect(reverse("admin:campaigns_campaign_overview", args=[obj.pk]))

    def save_model(
        self, request: HttpRequest, obj: Campaign, form: ModelForm[Any], change: Any
    ) -> None:
        """Save the campaign, unless somebody started it meanwhile."""
        moves.require_editable(obj, change=change)
        super().save_model(request, obj, form, change)

    @admin.display(description="State", ordering="state")
    def state_shown(self, campaign: Campaign) -> SafeString:
        """Return the state as a coloured word, with what is amiss."""
        problem = campaign.problem or campaign.state_reason
        if not problem:
            return campaign_pill(campaign.state)
        return format_html(
            '{} <span class="mw-hint" title="{}">!</span>', campaign_pill(campaign.state), problem
        )

    @admin.display(description="Audience", ordering="audience_count")
    def audience(self, campaign: Campaign) -> SafeString:
        """Return how many get it."""
        return count(campaign.audience_count, reason="Counted when it is started")

    @admin.display(description="Done")
    def sent_share(self, campaign: Any) -> SafeString:
        """Return the share of the audience that is done with, as a bar."""
        if campaign.kind == CampaignKind.TRANSACTIONAL:
            return unknown("Goes on for as long as messages are asked for")
        if CampaignState(campaign.state) in ALL_DONE:
            return share_bar(1.0, label="100 %")
        if not campaign.audience_count or campaign.waiting_count is None:
            return unknown("Not started")
        share = max(0.0, 1 - campaign.waiting_count / campaign.audience_count)
        return share_bar(share, label=f"{100 * share:.1f} %")

    @admin.display(description="From", ordering="identity__from_name")
    def sender(self, campaign: Campaign) -> str:
        """Return who it is from."""
        return campaign.identity.from_name

    @admin.display(description="Started", ordering="started_at")
    def started(self, campaign: Campaign) -> SafeString:
        """Return when it was started, or is to start."""
        if campaign.state == CampaignState.SCHEDULED and campaign.scheduled_at:
            return moment(campaign.scheduled_at)
        return moment(campaign.started_at, reason="Not started")
