"""Writes of the suppression list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

import campaigns.operations.contacts
from campaigns.models import AuditEntry, Contact, ContactList, Organization
from common.addresses import AddressError, normalize_address
from common.errors import DomainError
from suppression.models import Suppression
from suppression.reasons import DEFAULT_SCOPE, Origin, Reason, Scope

IMPORT_BATCH = 5_000  # addresses of one statement

# An entry that ends is made to last longer by a later one; a lasting one stays as it is.
_ADD = """
INSERT INTO suppression_list (
    org_id, email, reason, scope, list_id, origin, source_recipient_id, note, added_at, expires_at)
SELECT %(organization)s, email, %(reason)s, %(scope)s, %(list)s, %(origin)s, %(recipient)s,
    %(note)s, %(now)s, %(expires_at)s::timestamptz
FROM unnest(%(emails)s::text[]) AS email
ON CONFLICT (org_id, email, reason, scope, list_id) DO UPDATE
SET expires_at = EXCLUDED.expires_at, added_at = EXCLUDED.added_at, origin = EXCLUDED.origin,
    source_recipient_id = EXCLUDED.source_recipient_id, note = EXCLUDED.note
WHERE suppression_list.expires_at < COALESCE(EXCLUDED.expires_at, 'infinity')
RETURNING email
"""


@dataclass(frozen=True, slots=True)
class RefusedAddress:
    """A line of an import that is no address; `line` counts from 1."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class ImportedSuppressions:
    """What an import did: how many addresses are new on the list, were there, were refused."""

    added: int
    known: int
    refused: tuple[RefusedAddress, ...]


def suppress(  # noqa: PLR0913  an entry has this many sides, and callers name each
    organization_id: int,
    *,
    email_key: str,
    reason: Reason,
    scope: Scope | None = None,
    list_id: int | None = None,
    origin: Origin,
    note: str = "",
    source_recipient_id: int | None = None,
    now: datetime,
    expires_at: datetime | None = None,
) -> bool:
    """Keep mail from an address and return whether that is new, or lasts longer than before.

    Without a scope the reason decides. The scope `list` also ends the subscription to that list.
    Raises AddressError, and DomainError when scope and list do not go together.
    """
    key = normalize_address(email_key).key
    reach = scope or DEFAULT_SCOPE[reason]
    _require_matching_list(organization_id, reach, list_id)
    entry: dict[str, Any] = {
        "organization": organization_id,
        "reason": reason.value,
        "scope": reach.value,
        "list": list_id,
        "origin": origin.value,
        "recipient": source_recipient_id,
        "note": note[:500],
        "now": now,
        "expires_at": expires_at,
    }
    with transaction.atomic():
        added = _add([key], entry)
        if list_id is not None:
            _leave_list(organization_id, key, list_id, now=now)
    return bool(added)


def _require_matching_list(organization_id: int, scope: Scope, list_id: int | None) -> None:
    if (scope is Scope.LIST) != (list_id is not None):
        raise DomainError(
            "list_and_scope",
            "Name a list for an entry that stops one list, and for no other.",
            {"field": "list"},
        )
    if list_id is None:
        return
    if not ContactList.objects.filter(pk=list_id, organization=organization_id).exists():
        raise DomainError("foreign_list", "There is no such list.", {"field": "list"})


def _add(emails: Sequence[str], entry: dict[str, Any]) -> int:
    """Insert an entry for each address and return how many are new or renewed.

    In the order of the addresses, so that two imports at once cannot wait for each other.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ADD, entry | {"emails": sorted(emails)})
        return len(cursor.fetchall())


def _leave_list(organization_id: int, email_key: str, list_id: int, *, now: datetime) -> None:
    contact = Contact.objects.filter(organization=organization_id, email_key=email_key).first()
    if contact is not None:
        list_ = ContactList.objects.get(pk=list_id)
        campaigns.operations.contacts.unsubscribe(contact, list_, now=now)


def release(suppression: Suppression, *, actor: str, now: datetime) -> None:
    """Take an entry off the list, and note who did it. Subscriptions stay as they are."""
    with transaction.atomic():
        AuditEntry.objects.create(
            organization_id=suppression.organization_id,
            actor=actor,
            action="suppression.released",
            subject=suppression.email[:200],
            details={
                "reason": suppression.reason,
                "scope": suppression.scope,
                "list": suppression.list_id,
                "added_at": suppression.added_at.isoformat(),
            },
            at=now,
        )
        suppression.delete()


def import_suppressions(
    organization: Organization,
    *,
    addresses: Iterable[str],
    reason: Reason = Reason.IMPORT,
    scope: Scope = Scope.ALL,
    note: str = "",
    now: datetime,
) -> ImportedSuppressions:
    """Put many addresses on the list and return what became of them. Blank lines are passed over.

    All of them go in, or, when the database fails in between, none.
    """
    keys: set[str] = set()
    refused: list[RefusedAddress] = []
    for line, text in enumerate(addresses, start=1):
        if not text.strip():
            continue
        try:
            keys.add(normalize_address(text).key)
        except AddressError as error:
            refused.append(RefusedAddress(line, text[:200], error.message))
    entry: dict[str, Any] = {
        "organization": organization.pk,
        "reason": reason.value,
        "scope": scope.value,
        "list": None,
        "origin": Origin.STAFF.value,
        "recipient": None,
        "note": note[:500],
        "now": now,
        "expires_at": None,
    }
    added = _add_in_batches(sorted(keys), entry)
    return ImportedSuppressions(added=added, known=len(keys) - added, refused=tuple(refused))


def _add_in_batches(emails: Sequence[str], entry: dict[str, Any]) -> int:
    with transaction.atomic():
        return sum(
            _add(emails[start : start + IMPORT_BATCH], entry)
            for start in range(0, len(emails), IMPORT_BATCH)
        )
