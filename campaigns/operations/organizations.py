"""Writes of organizations and of the keys to their API."""

from __future__ import annotations

import uuid
import zoneinfo

from django.core.validators import slug_re
from django.db import IntegrityError, transaction

from campaigns.models import ApiKey, Organization, User
from campaigns.roles import Role
from common.errors import DomainError

KEY_HOLDER_PREFIX = "api-key-"  # of the user names that no person has


def create_organization(*, name: str, slug: str, timezone: str = "UTC") -> Organization:
    """Return a new organization.

    Raises DomainError when the slug is taken or no slug, or there is no such time zone.
    """
    if not slug_re.match(slug):
        raise DomainError(
            "slug_invalid",
            "A slug is made of letters, digits, hyphens and underscores.",
            {"field": "slug"},
        )
    if timezone not in zoneinfo.available_timezones():
        raise DomainError(
            "timezone_unknown",
            f'There is no time zone called "{timezone}". Use a name like Europe/Berlin.',
            {"field": "timezone"},
        )
    try:
        with transaction.atomic():
            return Organization.objects.create(name=name, slug=slug, timezone=timezone)
    except IntegrityError as error:
        raise DomainError(
            "slug_taken",
            f'There is an organization with the slug "{slug}" already. Choose another.',
            {"field": "slug"},
        ) from error


def create_api_key(organization: Organization, *, role: Role, name: str) -> tuple[ApiKey, str]:
    """Return a new key of an organization and what it reads, which is stored nowhere.

    Each key has a user of its own, who cannot log in and is a member of nothing: the key alone
    says for which organization and in which role it works.
    """
    with transaction.atomic():
        holder = User(username=f"{KEY_HOLDER_PREFIX}{uuid.uuid4().hex}", first_name=name[:150])
        holder.set_unusable_password()
        holder.save()
        key, secret = ApiKey.objects.create(  # type: ignore[no-untyped-call]
            holder, organization=organization, role=role.value, name=name
        )
    return key, secret
