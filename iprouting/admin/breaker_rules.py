"""What makes an IP leave a provider alone, and how much it sends there at the most."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from unfold.decorators import action
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

import iprouting.queries.breakers
from common.admin import PlatformAdmin, ScopedForm, moment, pill, provider_name, unknown
from common.admin.display import duration
from common.admin.scoping import runs_installation
from iprouting.admin.pace_words import slow_words
from iprouting.breakers import LONGEST_PATTERN_CHARS, Action, PatternError, PatternKind, compiled
from iprouting.models import BreakerRule, ProviderLimit
from iprouting.queries.breakers import Trial

KINDS = [
    (PatternKind.WORDS.value, "Words"),
    (PatternKind.EXPRESSION.value, "Regular expression"),
]


class RuleForm(ScopedForm):
    """A rule whose pattern can be used."""

    class Meta:
        model = BreakerRule
        fields = (
            "name", "provider", "kind", "pattern", "answer_count", "window_seconds", "effect",
            "duration_seconds", "rate_per_minute", "connections", "active",
        )  # fmt: skip

    def clean(self) -> dict[str, Any] | None:
        """Return the input; the pattern is tried, and slowing down needs a pace."""
        cleaned = super().clean() or {}
        _check_pattern(self, cleaned)
        slow = cleaned.get("effect") == Action.SLOW.value
        if slow and not (cleaned.get("rate_per_minute") or cleaned.get("connections")):
            self.add_error("rate_per_minute", "Say how many messages a minute, or connections.")
        return cleaned


class TrialForm(forms.Form):
    """A pattern to try."""

    provider = forms.CharField(
        required=False,
        max_length=40,
        widget=UnfoldAdminTextInputWidget(),
        help_text="Its key, such as gmail; empty is any provider.",
    )
    kind = forms.ChoiceField(choices=KINDS, widget=UnfoldAdminSelectWidget())
    pattern = forms.CharField(
        max_length=LONGEST_PATTERN_CHARS,
        strip=False,
        widget=UnfoldAdminTextareaWidget(attrs={"class": "mw-code", "rows": 3}),
    )

    def clean(self) -> dict[str, Any] | None:
        """Return the input; the pattern can be used."""
        cleaned = super().clean() or {}
        _check_pattern(self, cleaned)
        return cleaned


def _check_pattern(form: forms.BaseForm, cleaned: dict[str, Any]) -> None:
    if "pattern" not in cleaned or "kind" not in cleaned:
        return
    try:
        compiled(cleaned["kind"], cleaned["pattern"])
    except PatternError as error:
        form.add_error("pattern", str(error))


@admin.register(BreakerRule)
class BreakerRuleAdmin(PlatformAdmin):
    """The table of wordings by which providers ask for less; one for the whole installation."""

    form = RuleForm
    empty_icon = "rule"
    empty_title = "No rules"
    empty_text = "Without a rule no refusal makes an IP slow down."
    add_words = "Add a rule"
    list_display = ("name", "provider_shown", "pattern_shown", "when", "what")
    list_filter = ("effect", "active")
    search_fields = ("name", "provider", "pattern")
    search_help_text = "Search by name, provider or pattern"
    ordering = ("provider", "name")
    actions_list = ("try_pattern",)
    actions_detail = ("would_fit",)
    conditional_fields = {
        "rate_per_minute": "effect == 'slow'",
        "connections": "effect == 'slow'",
    }
    fieldsets = (
        (
            None,
            {
                "fields": ("name", "provider", "kind", "pattern"),
                "description": "A rule for one provider goes before those for any. It counts for "
                "each IP by itself, and from the next batch on.",
            },
        ),
        ("How often", {"fields": ("answer_count", "window_seconds")}),
        (
            "What follows",
            {"fields": ("effect", "duration_seconds", "rate_per_minute", "connections", "active")},
        ),
    )

    def get_urls(self) -> list[URLPattern]:
        """Return the routes, with that of trying a pattern."""
        view = self.admin_site.admin_view(self.trial_page)
        return [path("try/", view, name="iprouting_breakerrule_try"), *super().get_urls()]

    @action(  # type: ignore[untyped-decorator]  # the library is untyped
        description="Try a pattern", icon="search"
    )
    def try_pattern(self, request: HttpRequest) -> HttpResponse:
        """Go to the page that tries a pattern."""
        return HttpResponseRedirect(reverse("admin:iprouting_breakerrule_try"))

    @action(  # type: ignore[untyped-decorator]  # the library is untyped
        description="What would it have matched?", icon="history"
    )
    def would_fit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Go to that page with the pattern of a rule."""
        rule = self.get_object(request, object_id)
        asked = {"provider": rule.provider, "kind": rule.kind, "pattern": rule.pattern}
        return HttpResponseRedirect(
            f"{reverse('admin:iprouting_breakerrule_try')}?{urlencode(asked)}"
        )

    def trial_page(self, request: HttpRequest) -> HttpResponse:
        """Show what a pattern would have matched among the last week's refusals."""
        if not runs_installation(request):
            raise PermissionDenied
        form = TrialForm(request.GET if "pattern" in request.GET else None)
        access: Any = getattr(request, "access", None)
        trial = None
        if form.is_valid() and access:
            trial = iprouting.queries.breakers.would_fit(
                access.organization.pk, now=timezone.now(), **form.cleaned_data
            )
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "What would a pattern have matched?",
            "subtitle": access.organization.name if access else "",
            "form": form,
            "trial": trial,
            "examples": _examples(trial),
            "back_url": reverse("admin:iprouting_breakerrule_changelist"),
        }
        return render(request, "iprouting/breakerrule/try.html", context)

    @admin.display(description="Mailbox provider", ordering="provider")
    def provider_shown(self, rule: BreakerRule) -> str:
        """Return the provider in words."""
        return provider_name(rule.provider) if rule.provider else "Any"

    @admin.display(description="Answer")
    def pattern_shown(self, rule: BreakerRule) -> SafeString:
        """Return the pattern."""
        return format_html("<code>{}</code>", rule.pattern)

    @admin.display(description="How often", ordering="answer_count")
    def when(self, rule: BreakerRule) -> str:
        """Return how many answers within how long it takes."""
        if rule.answer_count == 1:
            return "At once"
        return f"{rule.answer_count} times in {duration(rule.window_seconds)}"

    @admin.display(description="What follows", ordering="effect")
    def what(self, rule: BreakerRule) -> SafeString:
        """Return what an IP then does, as a coloured word, and for how long."""
        slow = rule.effect == Action.SLOW.value
        asked = iprouting.queries.breakers.rule_of(rule)
        pace = slow_words(asked.rate, asked.connections)
        word = pill(pace, "warning") if slow else pill("Stop", "bad")
        if not rule.active:
            return pill("Nothing: switched off")
        lasts = duration(rule.duration_seconds)
        return format_html('{} <span class="mw-nowrap">for {}</span>', word, lasts)


def _examples(trial: Trial | None) -> list[dict[str, Any]]:
    if trial is None:
        return []
    return [
        {
            "provider": provider_name(example.provider),
            "text": example.text,
            "count": example.count,
            "last_at": moment(example.last_at),
        }
        for example in trial.examples
    ]


@admin.register(ProviderLimit)
class ProviderLimitAdmin(PlatformAdmin):
    """How much each IP sends to a provider at the most; one table for the whole installation."""

    empty_icon = "speed"
    empty_title = "No limits"
    empty_text = "Mail goes to every provider as fast as it can."
    add_words = "Add a limit"
    list_display = (
        "provider_shown",
        "rate_shown",
        "connections_shown",
        "each_shown",
        "active_shown",
    )
    list_filter = ("active",)
    search_fields = ("provider",)
    search_help_text = "Search by provider"
    ordering = ("provider",)
    fieldsets = (
        (
            None,
            {
                "fields": ("provider", "active"),
                "description": "Counts for each sending IP by itself, over all workers. What has "
                "to wait goes out later, or through another IP that may; other providers' mail "
                "does not wait for it. The limits are those of handing over: a relay in between "
                "has connections of its own to the provider, so set them there too.",
            },
        ),
        ("How much", {"fields": ("rate_per_minute", "connections", "messages_per_connection")}),
    )

    @admin.display(description="Mailbox provider", ordering="provider")
    def provider_shown(self, limit: ProviderLimit) -> str:
        """Return the provider in words."""
        return provider_name(limit.provider) if limit.provider else "Any other"

    @admin.display(description="A minute", ordering="rate_per_minute")
    def rate_shown(self, limit: ProviderLimit) -> str:
        """Return how many messages a minute may go."""
        return f"{limit.rate_per_minute:,}" if limit.rate_per_minute else unknown("Any number")

    @admin.display(description="Connections", ordering="connections")
    def connections_shown(self, limit: ProviderLimit) -> str:
        """Return how many connections may carry mail at once."""
        return f"{limit.connections:,}" if limit.connections else unknown("Any number")

    @admin.display(description="Messages of each", ordering="messages_per_connection")
    def each_shown(self, limit: ProviderLimit) -> str:
        """Return how many messages a connection carries."""
        each = limit.messages_per_connection
        return f"{each:,}" if each else unknown("As the transport says")

    @admin.display(description="In use", ordering="active")
    def active_shown(self, limit: ProviderLimit) -> SafeString:
        """Return whether it counts."""
        return pill("Yes", "good") if limit.active else pill("Off")
