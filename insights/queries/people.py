"""Whose messages a search text means: found through contacts, which have the indexes for it."""

from __future__ import annotations

from typing import Final

from django.db.models import Q, QuerySet

from campaigns.models import Contact
from common.addresses import AddressError, normalize_address
from insights.criteria import Criteria, Meaning, meaning_of
from insights.queries.inbox import with_message_id

# Contacts whose messages are looked up one by one. Of more people than that every so many messages
# is one, so that going through messages from the newest on finds some soon.
PEOPLE_LISTED: Final = 2_000


def found_by_person(organization_id: int, criteria: Criteria) -> tuple[Meaning, Q] | None:
    """Return what is asked about whose message it is, as a filter of the ledger.

    None when the search is not about people: no text, a code, or words of an answer.
    """
    if criteria.email:
        return Meaning.ADDRESS, _to_address(organization_id, criteria.email)
    q = criteria.q
    match meaning_of(q) if q else Meaning.WORDS:
        case Meaning.MESSAGE_ID:
            message_id = q.strip("<>")
            named = with_message_id([message_id], organization_id=organization_id)
            return Meaning.MESSAGE_ID, Q(pk=named.get(message_id))
        case Meaning.DOMAIN:
            return Meaning.DOMAIN, _at_domain(organization_id, q.lstrip("@"))
        case Meaning.ADDRESS:
            return Meaning.ADDRESS, _beginning(organization_id, q)
        case Meaning.ANYTHING:
            return _whatever_fits(organization_id, q)
        case _:
            return None


def _whatever_fits(organization_id: int, q: str) -> tuple[Meaning, Q] | None:
    if _people(organization_id, {"email_key__istartswith": _key(q)}).exists():
        return Meaning.ADDRESS, _beginning(organization_id, q)
    if _people(organization_id, {"domain__startswith": q.lower()}).exists():
        return Meaning.DOMAIN, _at_domain(organization_id, q)
    return None


def _to_address(organization_id: int, email: str) -> Q:
    """Return the messages to one address, those of a contact that is gone among them."""
    key = _key(email)
    listed = _people(organization_id, {"email_key": key})
    gone = Q(contact__isnull=True, email__iexact=email.strip())
    return Q(contact__in=list(listed.values_list("pk", flat=True))) | gone


def _beginning(organization_id: int, beginning: str) -> Q:
    key = _key(beginning)
    gone = Q(contact__isnull=True, email__istartswith=beginning)
    return _to_people(organization_id, {"email_key__istartswith": key}) | gone


def _at_domain(organization_id: int, domain: str) -> Q:
    return _to_people(organization_id, {"domain__startswith": domain.lower()})


def _to_people(organization_id: int, wanted: dict[str, str]) -> Q:
    listed = _people(organization_id, wanted).values_list("pk", flat=True)
    few = list(listed[: PEOPLE_LISTED + 1])
    if len(few) <= PEOPLE_LISTED:
        return Q(contact__in=few)
    return Q(**{f"contact__{lookup}": value for lookup, value in wanted.items()})


def _people(organization_id: int, wanted: dict[str, str]) -> QuerySet[Contact]:
    return Contact.objects.filter(organization=organization_id, **wanted)


def _key(beginning: str) -> str:
    """Return an address as contacts are compared; what is none yet in small letters."""
    try:
        return normalize_address(beginning).key
    except AddressError:
        return beginning.strip().lower()
