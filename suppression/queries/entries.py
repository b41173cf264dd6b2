"""Who must not be mailed, and why. Addresses are compared by their normalized key."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Q, QuerySet, Value, When

from campaigns.models import Contact, Stream
from common.addresses import normalize_address
from suppression.matching import LIFTED_BY, STRENGTH
from suppression.models import Suppression
from suppression.reasons import Reason, Scope

_AMONG = """
SELECT email, reason, list_id FROM suppression_list
WHERE org_id = %(organization)s AND email = ANY(string_to_array(%(emails)s, E'\\n'))
    AND (scope = ANY(%(scopes)s) OR (scope = 'list' AND list_id = ANY(%(lists)s)))
    AND (expires_at IS NULL OR expires_at > %(now)s)
"""
_WEAKEST = len(STRENGTH)


@dataclass(frozen=True, slots=True)
class Explanation:
    """One entry for an address, and whether it stops the mail that was asked about."""

    suppression: Suppression
    applies: bool
    why: str  # a sentence: why it applies, or why it does not
    lifted_by: str  # a sentence: what would have to happen


def suppressed_among(
    email_keys: Collection[str],
    *,
    organization_id: int,
    stream: str,
    now: datetime,
    list_ids: Mapping[str, Collection[int]] | None,
) -> dict[str, str]:
    """Return those of the addresses that must not be mailed, each with its strongest reason.

    `list_ids` says for which lists an address is mailed; entries for a single list count only for
    those. One query, whatever the number of addresses.
    """
    if not email_keys:
        return {}
    lists = {} if list_ids is None or stream == Stream.TRANSACTIONAL else list_ids
    bound: dict[str, Any] = {
        "organization": organization_id,
        "emails": "\n".join(email_keys),  # quicker to hand over than a list, and no key has one
        "scopes": _scopes(stream),
        "lists": list({list_id for several in lists.values() for list_id in several}),
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_AMONG, bound)
        return _strongest(
            (email, reason)
            for email, reason, list_id in cursor.fetchall()
            if list_id is None or list_id in lists.get(email, ())
        )


def _scopes(stream: str) -> list[str]:
    """Return the scopes, but for lists, that stop mail of this stream."""
    if stream == Stream.TRANSACTIONAL:
        return [Scope.ALL.value]
    return [Scope.ALL.value, Scope.MARKETING.value]


def _strongest(entries: Iterable[tuple[str, str]]) -> dict[str, str]:
    strongest: dict[str, str] = {}
    for email, reason in entries:
        known = strongest.get(email)
        if known is None or STRENGTH[Reason(reason)] < STRENGTH[Reason(known)]:
            strongest[email] = reason
    return strongest


def in_force(organization_id: int, *, stream: str, now: datetime) -> QuerySet[Suppression]:
    """Return the entries that stop every mail of a stream; those for single lists are not in it."""
    return Suppression.objects.filter(_unexpired(now), organization=organization_id).filter(
        scope__in=_scopes(stream)
    )


def _unexpired(now: datetime) -> Q:
    return Q(expires_at__isnull=True) | Q(expires_at__gt=now)


def not_suppressed(*, organization_id: int, stream: str, now: datetime) -> Q:
    """Return the filter on contacts whom mail of this stream may reach.

    Who left a single list is not its subscriber any more, so lists need no look here.
    """
    entries = in_force(organization_id, stream=stream, now=now)
    return ~Q(Exists(entries.filter(email=OuterRef("email_key"))))


def suppression_counts(
    contacts: QuerySet[Contact], *, organization_id: int, stream: str, now: datetime
) -> dict[str, int]:
    """Return how many of the contacts mail of this stream may not reach, by strongest reason."""
    strength = Case(
        *[When(reason=reason.value, then=Value(place)) for reason, place in STRENGTH.items()],
        default=Value(_WEAKEST),
        output_field=IntegerField(),
    )
    entries = in_force(organization_id, stream=stream, now=now)
    strongest = (
        entries.filter(email__in=contacts.order_by().values("email_key"))
        .order_by("email", strength)
        .distinct("email")
    )
    counted = Suppression.objects.filter(pk__in=strongest.values("pk")).values_list("reason")
    return dict(counted.annotate(contacts=Count("pk")).order_by("-contacts"))


def explain(
    organization_id: int, *, email: str, stream: str, list_id: int | None, now: datetime
) -> list[Explanation]:
    """Return every entry for an address, those first that stop this mail. Raises AddressError."""
    entries = Suppression.objects.filter(
        organization=organization_id, email=normalize_address(email).key
    ).select_related("list")
    explained = [_explained(entry, stream=stream, list_id=list_id, now=now) for entry in entries]
    return sorted(explained, key=_importance)


def _importance(explanation: Explanation) -> tuple[bool, int]:
    return not explanation.applies, STRENGTH[Reason(explanation.suppression.reason)]


def _explained(
    entry: Suppression, *, stream: str, list_id: int | None, now: datetime
) -> Explanation:
    obstacle = next(_obstacles(entry, stream=stream, list_id=list_id, now=now), "")
    return Explanation(
        suppression=entry,
        applies=not obstacle,
        why=obstacle or _reach(entry),
        lifted_by=LIFTED_BY[Reason(entry.reason)],
    )


def _obstacles(
    entry: Suppression, *, stream: str, list_id: int | None, now: datetime
) -> Iterator[str]:
    """Yield the sentences that say why an entry does not stop this mail."""
    if entry.expires_at is not None and entry.expires_at <= now:
        yield "It has expired."
    if stream == Stream.TRANSACTIONAL and entry.scope != Scope.ALL:
        yield "It does not stop transactional mail."
    if entry.scope == Scope.LIST and entry.list_id != list_id:
        yield f"It stops the mail of the list {entry.list} only."


def _reach(entry: Suppression) -> str:
    match entry.scope:
        case Scope.LIST:
            return f"It stops the mail of the list {entry.list}."
        case Scope.MARKETING:
            return "It stops everything but transactional mail."
        case _:
            return "It stops every mail."
