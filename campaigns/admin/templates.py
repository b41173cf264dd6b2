"""Templates, with a preview that follows what is typed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.options import HORIZONTAL
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from unfold.widgets import UnfoldAdminTextareaWidget

import campaigns.operations.templates
from campaigns.admin.preview import preview
from campaigns.models import Template, TemplateFormat
from campaigns.roles import Role
from common.admin import (
    OrganizationScopedAdmin,
    ScopedForm,
    moment,
    organization_of,
    pill,
    require_role,
)
from common.errors import DomainError

CODE = {"class": "mw-code", "spellcheck": "false"}
PREVIEWED = ("subject", "preheader", "source", "text")


class TemplateForm(ScopedForm):
    """A template, its source in a font made for it."""

    class Meta:
        model = Template
        fields = ("name", "format", "subject", "preheader", "source", "inline_css", "text")
        labels = {"inline_css": "Write styles into the tags"}
        help_texts = {"inline_css": "As most mail programs need it."}
        widgets = {
            "source": UnfoldAdminTextareaWidget(attrs={**CODE, "rows": 24, "wrap": "off"}),
            "text": UnfoldAdminTextareaWidget(attrs={**CODE, "rows": 8}),
        }


@admin.register(Template)
class TemplateAdmin(OrganizationScopedAdmin):
    """Messages to build campaigns from."""

    form = TemplateForm
    empty_icon = "draft"
    empty_title = "No templates yet"
    empty_text = "A template is written once and used by many campaigns."
    add_words = "Write a template"
    list_display = ("name", "subject", "format_shown", "changed")
    list_filter = ("format",)
    search_fields = ("name", "subject")
    search_help_text = "Search by name or subject"
    ordering = ("name",)
    conditional_fields = {"inline_css": "format == 'html'"}
    radio_fields = {"format": HORIZONTAL}
    fieldsets = (
        (None, {"fields": ("name", "subject", "preheader")}),
        ("Content", {"fields": ("format", "source", "inline_css")}),
        ("Plain text", {"fields": ("text",), "classes": ("collapse",)}),
    )
    compressed_fields = False
    change_form_after_template = "admin/campaigns/template/preview.html"

    def get_urls(self) -> list[URLPattern]:
        """Return the routes, with the preview."""
        view = self.admin_site.admin_view(require_POST(self.preview))
        return [path("preview/", view, name="campaigns_template_preview"), *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show the form on the whole width: the preview stands beside it."""
        return super().render_change_form(request, {**context, "is_fullwidth": 1}, *args, **kwargs)

    @require_role(Role.VIEWER)
    def preview(self, request: HttpRequest) -> HttpResponse:
        """Answer with what is in the form as somebody would get it, or with what is wrong in it."""
        template = Template(
            organization=organization_of(request),
            format=request.POST.get("format", TemplateFormat.HTML),
            inline_css="inline_css" in request.POST,
            **{name: request.POST.get(name, "") for name in PREVIEWED},
        )
        page = "admin/campaigns/template/previewed.html"
        try:
            shown = preview(template)
        except DomainError as mistake:
            return render(request, page, {"mistake": mistake.message, **mistake.extra})
        return render(request, page, {"preview": shown})

    def save_model(
        self, request: HttpRequest, obj: Template, form: ModelForm[Any], change: Any
    ) -> None:
        """Save the template, made ready to be sent."""
        campaigns.operations.templates.save_template(obj)

    @admin.display(description="Written in", ordering="format")
    def format_shown(self, template: Template) -> SafeString:
        """Return how the source is written."""
        kind = "active" if template.format == TemplateFormat.MJML else "info"
        return pill(template.get_format_display(), kind)

    @admin.display(description="Changed", ordering="updated_at")
    def changed(self, template: Template) -> SafeString:
        """Return when it was last changed."""
        return moment(template.updated_at)
