"""The frame around every page of the admin: sidebar, organization switcher, labels."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.urls import reverse

from campaigns.access import Access, organizations_of
from campaigns.roles import Role

# Group -> (title, icon, name of the list, role from which on it is offered).
GROUPS: tuple[tuple[str, tuple[tuple[str, str, str, Role], ...]], ...] = (
    (
        "Send",
        (
            ("Campaigns", "campaign", "campaigns_campaign", Role.VIEWER),
            ("Templates", "draft", "campaigns_template", Role.VIEWER),
        ),
    ),
    (
        "Audience",
        (
            ("Contacts", "person", "campaigns_contact", Role.VIEWER),
            ("Lists", "list_alt", "campaigns_contactlist", Role.VIEWER),
            ("Segments", "filter_alt", "campaigns_segment", Role.VIEWER),
            ("Imports", "upload_file", "campaigns_importjob", Role.VIEWER),
            ("Suppression", "block", "suppression_suppression", Role.VIEWER),
            ("Mail domains", "alternate_email", "insights_maildomain", Role.VIEWER),
        ),
    ),
    (
        "Deliverability",
        (
            ("Insights", "monitoring", "insights_dashboard", Role.VIEWER),
            ("Messages", "mark_email_read", "insights_messages", Role.VIEWER),
            ("Events", "mail", "insights_deliveryevent", Role.VIEWER),
            ("Inbox", "inbox", "insights_rawpayload", Role.VIEWER),
            ("Warm-up", "thermostat", "warmup_warmupschedule", Role.VIEWER),
            ("IPs and routing", "alt_route", "iprouting_board", Role.VIEWER),
            ("Sending IPs", "dns", "iprouting_sendingip", Role.VIEWER),
            ("IP reputation", "query_stats", "iprouting_ipreputation", Role.VIEWER),
            ("Breakers", "electric_bolt", "iprouting_breaker", Role.VIEWER),
            ("Pools", "hub", "iprouting_pool", Role.VIEWER),
            ("Transports", "swap_horiz", "iprouting_transport", Role.VIEWER),
            ("Domains", "language", "campaigns_sendingdomain", Role.VIEWER),
            ("Identities", "badge", "campaigns_identity", Role.VIEWER),
        ),
    ),
    (
        "Settings",
        (
            ("Organization", "apartment", "campaigns_organization", Role.VIEWER),
            ("People", "group", "campaigns_membership", Role.VIEWER),
            ("API keys", "key", "campaigns_apikey", Role.ADMIN),
            ("Inbox addresses", "mail_lock", "insights_inboxkey", Role.ADMIN),
            ("Webhooks", "webhook", "insights_webhook", Role.VIEWER),
            ("Webhook deliveries", "outbox", "insights_webhookdelivery", Role.VIEWER),
            ("Audit log", "history", "campaigns_auditentry", Role.VIEWER),
        ),
    ),
)
# Of these names, the ones that are pages by themselves, not lists of a model.
PAGES = frozenset({"insights_dashboard", "insights_messages", "iprouting_board"})
# Only for whoever runs the installation.
INSTALLATION = (
    "Installation",
    (
        ("Schedules", "schedule", "django_celery_beat_periodictask"),
        ("Accounts", "manage_accounts", "campaigns_user"),
        ("Mailbox providers", "rule", "insights_providerrule"),
        ("Checks of counts", "rule_settings", "insights_countcheck"),
        ("Breaker rules", "electric_bolt", "iprouting_breakerrule"),
        ("Provider limits", "speed", "iprouting_providerlimit"),
    ),
)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the groups of the sidebar, with what this person may open."""
    access = _access(request)
    overview = {"title": "Overview", "icon": "home", "link": reverse("admin:index")}
    groups: list[dict[str, Any]] = [{"items": [overview]}]
    if access:
        groups += [_group(title, items, access) for title, items in GROUPS]
    if request.user.is_superuser:
        title, items = INSTALLATION
        groups.append({"title": title, "items": [_item(*item) for item in items]})
    return groups


def switcher(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the other organizations this person may work in, each as a button."""
    access = _access(request)
    if not access:
        return []
    others = [o for o in organizations_of(request.user) if o != access.organization]
    headers = json.dumps({"X-CSRFToken": get_token(request)}) if others else ""
    return [
        {
            "title": organization.name,
            "icon": "apartment",
            "link": "#",
            "attrs": {
                "hx-post": reverse("admin:campaigns_organization_work_in", args=[organization.pk]),
                "hx-headers": headers,
                "hx-target": "body",
            },
        }
        for organization in others
    ]


def organization_name(request: HttpRequest) -> str:
    """Return the name of the organization that is worked in, or what the product is."""
    access = _access(request)
    return access.organization.name if access else "E-mail campaigns that arrive"


def environment(_request: HttpRequest) -> tuple[str, str] | None:
    """Return a label for an installation that is not the real one."""
    return ("Development", "warning") if settings.DEBUG else None


def _access(request: HttpRequest) -> Access | None:
    return getattr(request, "access", None) or None


def _group(
    title: str, items: tuple[tuple[str, str, str, Role], ...], access: Access
) -> dict[str, Any]:
    allowed = [(label, icon, name) for label, icon, name, role in items if access.may(role)]
    return {"title": title, "items": [_item(*item) for item in allowed]}


def _item(title: str, icon: str, name: str) -> dict[str, Any]:
    page = name if name in PAGES else f"{name}_changelist"
    return {"title": title, "icon": icon, "link": reverse(f"admin:{page}")}
