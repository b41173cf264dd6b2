"""The table of mailbox providers and security gateways."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action

import insights.operations.provider_rules
from common.admin import PlatformAdmin, gateway_name, provider_name, unknown
from insights.models import MailDomain, ProviderRule


@admin.register(ProviderRule)
class ProviderRuleAdmin(PlatformAdmin):
    """The table of mailbox providers and security gateways; one for the whole installation."""

    empty_icon = "rule"
    empty_title = "No rules"
    empty_text = "Without a rule every domain belongs to an unknown provider."
    add_words = "Add a rule"
    list_display = ("pattern", "kind", "provider_shown", "gateway_shown", "order", "active")
    list_filter = ("kind", "active")
    search_fields = ("pattern", "provider", "gateway")
    search_help_text = "Search by pattern, provider or gateway"
    ordering = ("kind", "pattern")
    actions_list = ("which",)
    fieldsets = (
        (
            None,
            {
                "fields": ("kind", "pattern"),
                "description": "Whose mailbox an address is, is told by the name of its domain, "
                "or else by the mail servers of the domain. A change reaches all contacts it "
                "concerns within some minutes, without new lookups; mail that has gone out keeps "
                "the provider it went to.",
            },
        ),
        ("What it says", {"fields": ("provider", "gateway")}),
        ("When it counts", {"fields": ("order", "active")}),
    )

    @action(  # type: ignore[untyped-decorator]  # the library is untyped
        description="Which provider is a domain?", icon="search"
    )
    def which(self, request: HttpRequest) -> HttpResponse:
        """Go to the page that tells who filters the mail of any domain."""
        pages: Any = self.admin_site.get_model_admin(MailDomain)
        return pages.ask(request)  # type: ignore[no-any-return]

    def save_model(
        self, request: HttpRequest, obj: ProviderRule, form: ModelForm[Any], change: Any
    ) -> None:
        """Save the rule; domains it concerns are judged again."""
        insights.operations.provider_rules.save_rule(obj)

    def delete_model(self, request: HttpRequest, obj: ProviderRule) -> None:
        """Delete the rule; likewise."""
        insights.operations.provider_rules.delete_rules([obj])

    def delete_queryset(
        self, request: HttpRequest, queryset: QuerySet[ProviderRule, ProviderRule]
    ) -> None:
        """Delete the chosen rules; likewise."""
        insights.operations.provider_rules.delete_rules(queryset)

    @admin.display(description="Mailbox provider", ordering="provider")
    def provider_shown(self, rule: ProviderRule) -> str:
        """Return the provider in words."""
        return provider_name(rule.provider) if rule.provider else unknown("Hidden by the gateway")

    @admin.display(description="Security gateway", ordering="gateway")
    def gateway_shown(self, rule: ProviderRule) -> str:
        """Return the gateway in words."""
        return gateway_name(rule.gateway) or unknown("None")
