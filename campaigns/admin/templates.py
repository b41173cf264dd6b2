"""Templates, with a preview that follows what is typed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.options import HORIZONTAL
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from unfold.widgets import UnfoldAdminTextareaWidget

import campaigns.operations.templates
from campaigns.models import Template, TemplateFormat
from campaigns.roles import Role
from common.admin import OrganizationScopedAdmin, ScopedForm, moment, pill, require_role
from common.errors import DomainError

CODE = {"class": "mw-code", "spellcheck": "false", "wrap": "off"}


class TemplateForm(ScopedForm):
    """A template, its source in a font made for it."""

    class Meta:
        model = Template
        fields = ("name", "format", "subject", "preheader", "source", "inline_css", "text")
        widgets = {
            "source": UnfoldAdminTextareaWidget(attrs={**CODE, "rows": 24}),
            "text": UnfoldAdminTextareaWidget(attrs={**CODE, "rows": 8, "wrap": "soft"}),
        }


@admin.register(Template)
class TemplateAdmin(OrganizationScopedAdmin):
    """Messages to build campaigns from."""

    form = TemplateForm
    list_display = ("name", "subject", "format_shown", "changed")
    list_filter = ("format",)
    search_fields = ("name", "subject")
    search_help_text = "Search by name or subject"
    ordering = ("name",)
    radio_fields = {"format": HORIZONTAL}
    fieldsets = (
        (None, {"fields": ("name", "subject", "preheader")}),
        ("Content", {"fields": ("format", "source", "inline_css")}),
        ("Plain text", {"fields": ("text",), "classes": ("collapse",)}),
    )
    change_form_after_template = "admin/campaigns/template/preview.html"

    def get_urls(self) -> list[URLPattern]:
        """Return the routes, with the preview."""
        view = self.admin_site.admin_view(require_POST(self.preview))
        return [path("preview/", view, name="campaigns_template_preview"), *super().get_urls()]
