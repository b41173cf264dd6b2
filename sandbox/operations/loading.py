"""Loads the demo organization, once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

import campaigns.operations.organizations
from campaigns.models import Membership, Organization, User
from campaigns.roles import Role
from common.errors import DomainError
from iprouting.models import Transport
from sandbox.demo import shop
from sandbox.operations.audience import make_audience
from sandbox.operations.mailboxes import make_mail_domains
from sandbox.operations.mailings import make_campaigns, make_templates
from sandbox.operations.senders import SANDBOX_TRANSPORT, make_identities, make_ips


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of the demo organization."""

    created: bool
    contact_count: int


def load_demo(*, password: str, port: int, now: datetime, force: bool) -> Loaded:
    """Make the demo organization with everything in it, or bring an old one up to date.

    Of one that is there, only the login's password and the port of the sandbox are changed.
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
            organization = _make(port=port, now=now)
        _let_in(organization, password=password)
        Transport.objects.filter(organization=organization, name=SANDBOX_TRANSPORT).update(
            port=port
        )
    return Loaded(created, organization.contacts.count())


def _refuse_among_others(*, force: bool) -> None:
    if not force and Organization.objects.exists():
        raise DomainError(
            "not_a_demo",
            "This database has organizations of its own: the demo, with its well-known login, does "
            "not belong here. Use --force if it does.",
        )


def _make(*, port: int, now: datetime) -> Organization:
    organization = campaigns.operations.organizations.create_organization(
        name=shop.NAME, slug=shop.SLUG, timezone=shop.TIMEZONE
    )
    organization.postal_address = shop.POSTAL_ADDRESS
    organization.save(update_fields=["postal_address"])
    make_ips(organization, port=port)
    make_campaigns(
        organization,
        identities=make_identities(organization),
        audience=make_audience(organization, now=now),
        templates=make_templates(organization),
    )
    make_mail_domains()
    _tell_the_planner()
    return organization


def _tell_the_planner() -> None:
    """Let PostgreSQL look at the new rows now: it would by itself, but a start may come sooner."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE campaigns_contact, campaigns_subscription, suppression_list")


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
