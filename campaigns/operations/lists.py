"""Writes of lists."""

from __future__ import annotations

from django.utils.text import slugify

from campaigns.models import ContactList, Organization
from common.errors import DomainError

SLUG_LENGTH = 40  # leaves room for the number that tells two lists of like names apart
UNNAMED_SLUG = "list"


def list_named(organization: Organization, *, name: str) -> ContactList:
    """Return the organization's list of this name, made now if there is none.

    Raises DomainError for an empty name.
    """
    name = " ".join(name.split())
    if not name:
        raise DomainError("list_name_missing", "Give the new list a name.", {"field": "new_list"})
    found = ContactList.objects.filter(organization=organization, name__iexact=name).first()
    if found is not None:
        return found
    return ContactList.objects.create(
        organization=organization, name=name[:200], slug=_free_slug(organization, name)
    )


def _free_slug(organization: Organization, name: str) -> str:
    wanted = slugify(name)[:SLUG_LENGTH] or UNNAMED_SLUG
    taken = set(
        ContactList.objects.filter(organization=organization, slug__startswith=wanted).values_list(
            "slug", flat=True
        )
    )
    slug, number = wanted, 1
    while slug in taken:
        number += 1
        slug = f"{wanted}-{number}"
    return slug
