"""Loads the demo organization, once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

import campaigns.operations.organizations
from campaigns.models import Membership, Organization, User
from campaigns.roles import Role
from common.errors import DomainError
from insights.events import Source
from insights.models import InboxKey
from iprouting.models import Transport
from sandbox.demo import shop
from sandbox.operations.audience import make_audience
from sandbox.operations.mailboxes import make_mail_domains
from sandbox.operations.mailings import make_campaigns, make_templates
from sandbox.operations.past import make_past
from sandbox.operations.senders import (
    SANDBOX_TRANSPORT,
    make_identities,
    make_ips,
    make_new_ip,
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of the demo organization."""

    created: bool
    contact_count: int


def load_demo(
    *, password: str, port: int, inbox_key: str, now: datetime, force: bool, with_past: bool
) -> Loaded:
    """Make the demo organization with everything in it, or bring an old one up to date.

    Of one that is there, only the login's password, the port of the sandbox and the key of the
    address that its mails are posted to are changed; without a key there is no such address.
    `with_past` adds campaigns of the last days, with what came back.
    Raises DomainError without a password, and, unless `force`, where other organizations are.
    """
    if not password:
        raise DomainError(
            "password_needed",
            "Give the password of the demo's login in MAILWRIGHT_DEMO_PASSWORD.",
        )
    organization = Organization.objects.filter(slug=shop.SLUG).first()
    with transaction.atomic():
        created = organization is None
        if organization is None:
            _refuse_among_others(force=force)
            organization = _make(port=port, now=now, with_past=with_past)
        _let_in(organization, password=password)
        Transport.objects.filter(organization=organization, name=SANDBOX_TRANSPORT).update(
            port=port, final_hop=True
        )
        _open_inbox(organization, key=inbox_key)
    return Loaded(created, organization.contacts.count())


def _refuse_among_others(*, force: bool) -> None:
    if not force and Organization.objects.exists():
        raise DomainError(
            "not_a_demo",
            "This database has organizations of its own: the demo, with its well-known login, does "
            "not belong here. Use --force if it does.",
        )


def _make(*, port: int, now: datetime, with_past: bool) -> Organization:
    organization = campaigns.operations.organizations.create_organization(
        name=shop.NAME, slug=shop.SLUG, timezone=shop.TIMEZONE
    )
    organization.postal_address = shop.POSTAL_ADDRESS
    organization.save(update_fields=["postal_address"])
    make_ips(organization, port=port)
    identities = make_identities(organization)
    audience = make_audience(organization, now=now)
    templates = make_templates(organization)
    make_mail_domains()
    _tell_the_planner()
    if with_past:
        make_past(
            organization, identities=identities, audience=audience, templates=templates, now=now
        )
    # After the past, in which it was not there.
    make_new_ip(organization, now=now)
    make_campaigns(organization, identities=identities, audience=audience, templates=templates)
    return organization


def _tell_the_planner() -> None:
    """Let PostgreSQL look at the new rows now: it would by itself, but a start may come sooner."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE campaigns_contact, campaigns_subscription, suppression_list")


def _open_inbox(organization: Organization, *, key: str) -> None:
    if key:
        InboxKey.objects.update_or_create(
            organization=organization,
            source=Source.MAIL.value,
            name=SANDBOX_TRANSPORT,
            defaults={"key": key},
        )


def _let_in(organization: Organization, *, password: str) -> None:
    user, _ = User.objects.get_or_create(
        username=shop.LOGIN,
        defaults={"email": shop.LOGIN_EMAIL, "is_staff": True, "is_superuser": True},
    )
    if not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])
    Membership.objects.get_or_create(
        organization=organization, user=user, defaults={"role": Role.ADMIN.value}
    )
