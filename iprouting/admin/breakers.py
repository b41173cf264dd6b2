"""Which sending IPs leave which mailbox providers alone, why, and how to overrule that."""

from __future__ import annotations

from datetime import datetime, timedelta

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import action
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

import iprouting.operations.breakers
from campaigns.roles import Role
from common.admin import (
    ReadOnlyAdmin,
    exact_time,
    moment,
    organization_of,
    pill,
    provider_name,
    require_role,
    unknown,
)
from common.admin.display import relative
from common.providers import NO_MAIL, PROVIDER_NAMES
from iprouting.admin.pace_words import slow_words
from iprouting.breakers import BreakerState
from iprouting.models import Breaker, SendingIP
from iprouting.queries.breakers import standing_of

STATE_WORDS = {
    BreakerState.CLOSED: ("Mail flows", "good"),
    BreakerState.SUSPENDED: ("Stopped", "bad"),
    BreakerState.SLOWED: ("Slowed down", "warning"),
    BreakerState.PROBING: ("Half open: probing", "info"),
}
STOP, RELEASE = "stop", "release"
USUAL_MINUTES, MOST_MINUTES = 60, 1440


class ByHandForm(forms.Form):
    """What somebody wants instead, for how long and why."""

    wanted = forms.ChoiceField(
        label="What to do",
        choices=[(RELEASE, "Let mail flow again now"), (STOP, "Stop sending now")],
        widget=UnfoldAdminSelectWidget(),
    )
    minutes = forms.IntegerField(
        label="For how many minutes",
        min_value=1,
        max_value=MOST_MINUTES,
        initial=USUAL_MINUTES,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text="Counts when sending is stopped. After that a few messages try whether it works.",
    )
    reason = forms.CharField(
        label="Why",
        max_length=500,
        widget=UnfoldAdminTextInputWidget(),
        help_text="Stays with the breaker and in the audit log.",
    )


class StopForm(ByHandForm):
    """The same for an IP and a provider that are named here."""

    wanted = None  # type: ignore[assignment]  # Django's way to leave a field out
    field_order = ("ip", "provider", "minutes", "reason")
    ip = forms.ChoiceField(label="Sending IP", widget=UnfoldAdminSelectWidget())
    provider = forms.ChoiceField(
        label="Mailbox provider",
        widget=UnfoldAdminSelectWidget(),
        choices=[(key, name) for key, name in PROVIDER_NAMES.items() if key != NO_MAIL],
    )


@admin.register(Breaker)
class BreakerAdmin(ReadOnlyAdmin):
    """How each sending IP treats each mailbox provider that ever asked for less."""

    empty_icon = "electric_bolt"
    empty_title = "No provider has asked for less"
    empty_text = "When a provider refuses an IP for going too fast, or for its reputation, that IP "
    empty_text += "leaves it alone for a while. It then stands here, with the reason."
    list_display = (
        "ip", "provider_shown", "state_shown", "until_shown", "reason_shown", "changed",
    )  # fmt: skip
    list_filter = ("state", "provider")
    search_fields = ("ip", "reason")
    search_help_text = "Search by IP or reason"
    ordering = ("-changed_at", "-pk")
    actions_list = ("stop",)
    actions_detail = ("overrule",)
    fieldsets = (
        (None, {"fields": ("ip", "provider_shown", "state_shown", "until_in_full", "pace")}),
        ("Why", {"fields": ("reason", "rule_shown", "seen_by", "evidence_shown")}),
        ("History", {"fields": ("times_shown", "opened", "changed", "changed_by_shown")}),
    )
    readonly_fields = (
        "provider_shown", "state_shown", "until_in_full", "pace", "rule_shown", "seen_by",
        "evidence_shown", "times_shown", "opened", "changed", "changed_by_shown",
    )  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        """Return the routes, with those of overruling."""
        wrap = self.admin_site.admin_view
        return [
            path("stop/", wrap(self.stop_page), name="iprouting_breaker_stop"),
            path(
                "<path:object_id>/overrule/",
                wrap(self.overrule_page),
                name="iprouting_breaker_overrule",
            ),
            *super().get_urls(),
        ]

    def has_operate_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        """Say whether breakers may be overruled."""
        return self.may(request, Role.OPERATOR)

    @action(  # type: ignore[untyped-decorator]  # the library is untyped
        description="Stop an IP at a provider", icon="block", permissions=["operate"]
    )
    def stop(self, request: HttpRequest) -> HttpResponse:
        """Go to the page that stops sending from an IP to a provider."""
        return HttpResponseRedirect(reverse("admin:iprouting_breaker_stop"))

    @action(  # type: ignore[untyped-decorator]  # the library is untyped
        description="Overrule", icon="gavel", permissions=["operate"]
    )
    def overrule(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Go to the page that opens or closes a breaker by hand."""
        return HttpResponseRedirect(reverse("admin:iprouting_breaker_overrule", args=[object_id]))

    @require_role(Role.OPERATOR)
    def stop_page(self, request: HttpRequest) -> HttpResponse:
        """Ask what to stop (GET); stop it (POST)."""
        form = StopForm(request.POST or None)
        addresses = SendingIP.objects.filter(organization=organization_of(request))
        found = addresses.order_by("address").values_list("address", flat=True).distinct()
        form.fields["ip"].choices = [(address, address) for address in found]  # type: ignore[attr-defined]
        if request.method == "POST" and form.is_valid():
            breaker = iprouting.operations.breakers.breaker_for(
                organization_of(request).pk,
                ip=form.cleaned_data["ip"],
                provider=form.cleaned_data["provider"],
                now=timezone.now(),
            )
            return self._overruled(request, breaker, form, wanted=STOP)
        return self._page(request, form, title="Stop an IP at a provider")

    @require_role(Role.OPERATOR)
    def overrule_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask what is wanted instead (GET); do it (POST)."""
        breaker = self.scoped_object(request, object_id)
        closed = standing_of(breaker).at(timezone.now()) is BreakerState.CLOSED
        form = ByHandForm(request.POST or None, initial={"wanted": STOP if closed else RELEASE})
        if request.method == "POST" and form.is_valid():
            return self._overruled(request, breaker, form, wanted=form.cleaned_data["wanted"])
        return self._page(request, form, title="Overrule a breaker", breaker=breaker)

    def _overruled(
        self, request: HttpRequest, breaker: Breaker, form: ByHandForm, *, wanted: str
    ) -> HttpResponse:
        given, now = form.cleaned_data, timezone.now()
        actor, reason = str(request.user), given["reason"]
        if wanted == STOP:
            lasts = timedelta(minutes=given["minutes"])
            iprouting.operations.breakers.open_by_hand(
                breaker, lasts=lasts, reason=reason, actor=actor, now=now
            )
            said = f"{_way(breaker)}: nothing is sent until {exact_time(now + lasts)}."
        else:
            iprouting.operations.breakers.close_by_hand(
                breaker, reason=reason, actor=actor, now=now
            )
            said = f"{_way(breaker)}: mail flows again."
        self.message_user(request, said, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:iprouting_breaker_change", args=[breaker.pk]))

    def _page(
        self, request: HttpRequest, form: forms.Form, *, title: str, breaker: Breaker | None = None
    ) -> HttpResponse:
        back = (
            reverse("admin:iprouting_breaker_change", args=[breaker.pk])
            if breaker
            else reverse("admin:iprouting_breaker_changelist")
        )
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": breaker,
            "title": title,
            "subtitle": _way(breaker) if breaker else "",
            "form": form,
            "back_url": back,
            "state": self.state_shown(breaker) if breaker else "",
            "breaker": breaker,
            "until": self.until_in_full(breaker) if breaker and _is_timed(breaker) else "",
        }
        return render(request, "iprouting/breaker/overrule.html", context)

    @admin.display(description="Mailbox provider", ordering="provider")
    def provider_shown(self, breaker: Breaker) -> str:
        """Return the provider in words."""
        return provider_name(breaker.provider)

    @admin.display(description="State", ordering="state")
    def state_shown(self, breaker: Breaker) -> SafeString:
        """Return what is the case now, as a coloured word."""
        return pill(*STATE_WORDS[standing_of(breaker).at(timezone.now())])

    @admin.display(description="Until", ordering="until")
    def until_shown(self, breaker: Breaker) -> SafeString:
        """Return when it comes back by itself."""
        standing, now = standing_of(breaker), timezone.now()
        match standing.at(now):
            case BreakerState.CLOSED:
                return unknown("Nothing is held back")
            case BreakerState.PROBING:
                return format_html("{}", "Its probes are taken")
            case _:
                return moment(breaker.until)

    @admin.display(description="Until")
    def until_in_full(self, breaker: Breaker) -> str:
        """Return when it comes back by itself, as a time and from now."""
        if breaker.until is None or not _is_timed(breaker):
            return self.until_shown(breaker)
        return f"{exact_time(breaker.until)} ({relative(breaker.until, now=timezone.now())})"

    @admin.display(description="Reason", ordering="reason")
    def reason_shown(self, breaker: Breaker) -> SafeString:
        """Return why, cut where it gets long."""
        return format_html('<span class="mw-clamp mw-anywhere">{}</span>', breaker.reason)

    @admin.display(description="Pace")
    def pace(self, breaker: Breaker) -> str:
        """Return how much is sent meanwhile."""
        match standing_of(breaker).at(timezone.now()):
            case BreakerState.CLOSED:
                return "As fast as it goes"
            case BreakerState.SUSPENDED:
                return "Nothing"
            case BreakerState.SLOWED:
                return slow_words(breaker.rate_per_minute, breaker.connections)
            case BreakerState.PROBING:
                return "A few messages, to see whether it works"

    @admin.display(description="Rule")
    def rule_shown(self, breaker: Breaker) -> str:
        """Return the name of the rule that opened it last."""
        return breaker.rule_name or unknown("By hand")

    @admin.display(description="Seen in")
    def seen_by(self, breaker: Breaker) -> str:
        """Return where the refusals came from."""
        if not breaker.evidence:
            return unknown("There were none")
        return "Reports of the mail server" if breaker.by_report else "Answers to our own hand-over"

    @admin.display(description="Last answers")
    def evidence_shown(self, breaker: Breaker) -> str:
        """Return the answers that counted last, newest first."""
        if not breaker.evidence:
            return unknown("There were none")
        lines = (
            (exact_time(datetime.fromisoformat(one["at"])), one["text"])
            for one in reversed(breaker.evidence)
        )
        return format_html_join(
            "",
            '<p class="mw-anywhere"><span class="mw-quiet">{}</span><br><code>{}</code></p>',
            lines,
        )

    @admin.display(description="Opened in a row")
    def times_shown(self, breaker: Breaker) -> str:
        """Return how often it opened without closing in between."""
        return str(breaker.times_opened)

    @admin.display(description="Opened")
    def opened(self, breaker: Breaker) -> SafeString:
        """Return when it opened last."""
        return moment(breaker.opened_at)

    @admin.display(description="Changed", ordering="changed_at")
    def changed(self, breaker: Breaker) -> SafeString:
        """Return when it changed last."""
        return moment(breaker.changed_at)

    @admin.display(description="Changed by")
    def changed_by_shown(self, breaker: Breaker) -> str:
        """Return who overruled it, if somebody did."""
        return breaker.changed_by or format_html("{}", "By itself")


def _is_timed(breaker: Breaker) -> bool:
    """Say whether a breaker holds mail back until a time."""
    held = standing_of(breaker).at(timezone.now())
    return held in {BreakerState.SUSPENDED, BreakerState.SLOWED}


def _way(breaker: Breaker) -> str:
    return f"{breaker.ip} at {provider_name(breaker.provider)}"
