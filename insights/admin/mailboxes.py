"""The domains of contacts: what was found out about their mail; and the same for any domain."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget

import insights.conf
import insights.operations.mailboxes
import insights.queries.mailboxes
from campaigns.models import Contact
from campaigns.roles import Role
from common.addresses import AddressError
from common.admin import (
    OrganizationScopedAdmin,
    ReadOnlyAdmin,
    gateway_name,
    moment,
    pill,
    provider_name,
    require_role,
    unknown,
)
from common.providers import UNKNOWN
from insights.lookups import Finding
from insights.mailboxes import Rule, RuleKind
from insights.models import DomainStatus, MailDomain
from insights.queries.mailboxes import Examination

STATUS_WORDS = {
    DomainStatus.WAITING: ("To be looked up", "info"),
    DomainStatus.NAMED: ("Known by name", "good"),
    DomainStatus.SERVERS: ("Has mail servers", "good"),
    DomainStatus.ADDRESS: ("Takes mail without MX", "warning"),
    DomainStatus.NULL_MX: ("Takes no mail", "bad"),
    DomainStatus.NO_ADDRESS: ("Has no mail server", "bad"),
    DomainStatus.MISSING: ("Does not exist", "bad"),
}
FINDING_SENTENCES = {
    Finding.SERVERS: "Mail for it goes to these servers, the first one first:",
    Finding.ADDRESS: "It names no mail server, so mail goes to the address of the domain itself.",
    Finding.NULL_MX: "It says that it takes no mail: whatever is sent there comes back.",
    Finding.NO_ADDRESS: "It has neither a mail server nor an address: mail cannot be delivered.",
    Finding.MISSING: "There is no such domain: mail cannot be delivered. Is it misspelled?",
    Finding.NO_ANSWER: "No nameserver gave a usable answer. Contacts there are tried again later.",
}


class WhichForm(forms.Form):
    """The domain that is asked about."""

    domain = forms.CharField(
        label="Domain or address",
        max_length=320,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="Such as example.com. The DNS is asked now; nothing is changed.",
    )


@admin.register(MailDomain)
class MailDomainAdmin(ReadOnlyAdmin):
    """The domains that contacts of the organization have addresses at."""

    empty_icon = "alternate_email"
    empty_title = "No mail domains yet"
    empty_text = "Once there are contacts, the domains of their addresses are looked up by itself."
    list_display = ("domain", "status_shown", "provider_shown", "gateway_shown", "looked_up")
    list_filter = ("status",)
    search_fields = ("^domain",)
    search_help_text = "Search by the beginning of a domain"
    ordering = ("domain",)
    sortable_by = ("domain",)
    actions = ("look_up_again",)
    actions_list = ("which",)
    fieldsets = (
        (None, {"fields": ("domain", "status_shown", "provider_shown", "gateway_shown")}),
        ("How that is known", {"fields": ("servers", "rules_shown")}),
        ("Lookups", {"fields": ("looked_up", "next_lookup", "problem_shown")}),
    )
    readonly_fields = (
        "status_shown",
        "provider_shown",
        "gateway_shown",
        "servers",
        "rules_shown",
        "looked_up",
        "next_lookup",
        "problem_shown",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[MailDomain, MailDomain]:
        """Return the domains of the organization's own contacts; the table serves all."""
        rows = super(OrganizationScopedAdmin, self).get_queryset(request)
        access: Any = getattr(request, "access", None)
        if not access:
            return rows.none()  # type: ignore[no-any-return]
        own = Contact.objects.filter(organization=access.organization, domain=OuterRef("domain"))
        return rows.filter(Exists(own))  # type: ignore[no-any-return]

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Say whether domains may be looked up again."""
        return self.may(request, Role.OPERATOR)

    def has_ask_permission(self, request: HttpRequest) -> bool:
        """Say whether the DNS may be asked about any domain."""
        return self.may(request, Role.EDITOR)

    @action(  # type: ignore[untyped-decorator]  # the library is untyped
        description="Look up again", permissions=["operate"]
    )
    def look_up_again(self, request: HttpRequest, chosen: QuerySet[MailDomain, MailDomain]) -> None:
        """Have the chosen domains looked up at once instead of when their entries expire."""
        count = insights.operations.mailboxes.look_up_again(chosen, now=timezone.now())
        words = "1 domain is" if count == 1 else f"{count} domains are"
        self.message_user(request, f"{words} looked up in a moment.", messages.SUCCESS)

    @action(  # type: ignore[untyped-decorator]  # the library is untyped
        description="Which provider is a domain?", icon="search", permissions=["ask"]
    )
    def which(self, request: HttpRequest) -> HttpResponse:
        """Go to the page that tells who filters the mail of any domain."""
        return self.ask(request)  # type: ignore[no-any-return]

    @require_role(Role.EDITOR)
    def ask(self, request: HttpRequest) -> HttpResponse:
        """Show what the DNS and the rules say of a domain, if one is given."""
        form = WhichForm(request.GET if "domain" in request.GET else None)
        found = None
        if form.is_valid():
            try:
                found = insights.queries.mailboxes.examine(
                    form.cleaned_data["domain"], nameservers=insights.conf.nameservers()
                )
            except AddressError:
                form.add_error("domain", "This is no domain. Check it for typing errors.")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Which provider is a domain?",
            "form": form,
            "found": _shown(found) if found else None,
            "rules_url": reverse("admin:insights_providerrule_changelist")
            if request.user.is_superuser
            else "",
        }
        return render(request, "insights/maildomain/which.html", context)

    @admin.display(description="State")
    def status_shown(self, row: MailDomain) -> SafeString:
        """Return what is known of its mail, as a coloured word."""
        if row.status == DomainStatus.WAITING and row.failures:
            return pill("No answer yet", "warning")
        return pill(*STATUS_WORDS[DomainStatus(row.status)])

    @admin.display(description="Mailbox provider")
    def provider_shown(self, row: MailDomain) -> str:
        """Return who filters its mail, in words."""
        return _provider(row.provider)

    @admin.display(description="Security gateway")
    def gateway_shown(self, row: MailDomain) -> str:
        """Return what stands in front, in words."""
        return gateway_name(row.gateway) or unknown("None that is known")

    @admin.display(description="Mail servers")
    def servers(self, row: MailDomain) -> str:
        """Return the names of its mail servers, one below the other."""
        if not row.mx_hosts:
            return unknown("None was looked up, or it has none")
        return format_html_join("", "<div><code>{}</code></div>", ((h,) for h in row.mx_hosts))

    @admin.display(description="Rules that fit")
    def rules_shown(self, row: MailDomain) -> str:
        """Return the rules that fit it now."""
        verdict = insights.queries.mailboxes.judged(
            row.domain,
            insights.queries.mailboxes.answer_in(row),
            book=insights.queries.mailboxes.rule_book(),
        )
        if not verdict.rules:
            return unknown("No rule fits")
        return format_html_join("", "<div>{}</div>", ((_rule(rule),) for rule in verdict.rules))

    @admin.display(description="Looked up")
    def looked_up(self, row: MailDomain) -> SafeString:
        """Return when the DNS last said something about it."""
        return moment(row.looked_up_at, reason="Not yet, or not needed")

    @admin.display(description="Looked up next")
    def next_lookup(self, row: MailDomain) -> SafeString:
        """Return when it is looked up again."""
        return moment(row.due_at, reason="A rule names it, so the DNS is not asked")

    @admin.display(description="What went wrong last")
    def problem_shown(self, row: MailDomain) -> str:
        """Return why the last lookup gave nothing."""
        if not row.problem:
            return unknown("Nothing")
        times = "once" if row.failures == 1 else f"{row.failures} times in a row"
        return f"{row.problem} ({times})"


def _provider(key: str) -> str:
    return unknown("Not known yet") if key == UNKNOWN else provider_name(key)


def _rule(rule: Rule) -> str:
    looks_at = "The domain" if rule.kind is RuleKind.DOMAIN else "A mail server ending in"
    said = [provider_name(rule.provider)] if rule.provider else []
    said += [f"gateway {gateway_name(rule.gateway)}"] if rule.gateway else []
    return format_html("{} <code>{}</code>: {}", looks_at, rule.pattern, ", ".join(said))


def _shown(found: Examination) -> dict[str, Any]:
    """Return what was found out about a domain, in words."""
    return {
        "domain": found.domain,
        "provider": _provider(found.verdict.provider),
        "gateway": gateway_name(found.verdict.gateway) or unknown("None that is known"),
        "rules": [_rule(rule) for rule in found.verdict.rules],
        "sentence": FINDING_SENTENCES[found.answer.finding],
        "hosts": found.answer.hosts,
        "problem": found.answer.problem,
        "needs_dns": found.needs_dns,
    }
