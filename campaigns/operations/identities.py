"""Writes of sending domains and of identities on them."""

from __future__ import annotations

import re

from django.db import IntegrityError, transaction

from campaigns.models import Identity, SendingDomain
from common.addresses import Address, AddressError, normalize_address
from common.errors import DomainError

_HOST_ONLY = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?")


def save_domain(domain: SendingDomain) -> SendingDomain:
    """Return the domain, stored in its ASCII form.

    Raises DomainError for what is no domain, a tracking address that is more than a host, a name
    that is taken, or a new name while identities use the old one.
    """
    domain.name = _domain_name(domain.name, field="name")
    if domain.return_path_domain:
        domain.return_path_domain = _domain_name(
            domain.return_path_domain, field="return_path_domain"
        )
    domain.tracking_url = _tracking_url(domain.tracking_url)
    _refuse_renaming_in_use(domain)
    try:
        with transaction.atomic():
            domain.save()
    except IntegrityError as error:
        raise DomainError(
            "domain_taken", f"The domain {domain.name} is there already.", {"field": "name"}
        ) from error
    return domain


def save_identity(identity: Identity) -> Identity:
    """Return the identity, stored. Raises DomainError unless its address is on its domain."""
    address = _address(identity.from_address, field="from_address")
    _check_domain(identity, address)
    identity.from_address = address.email
    if identity.reply_to:
        identity.reply_to = _address(identity.reply_to, field="reply_to").email
    identity.from_name = " ".join(identity.from_name.split())
    try:
        with transaction.atomic():
            identity.save()
    except IntegrityError as error:
        raise DomainError(
            "identity_taken",
            f"There is an identity for {address.email} in this stream already.",
            {"field": "from_address"},
        ) from error
    return identity


def _check_domain(identity: Identity, address: Address) -> None:
    domain = identity.domain
    if domain.organization_id != identity.organization_id:
        raise DomainError("foreign_domain", "There is no such domain.", {"field": "domain"})
    if address.domain != domain.name:
        raise DomainError(
            "address_not_on_domain",
            f"The address must be on {domain.name}, such as news@{domain.name}.",
            {"field": "from_address"},
        )


def _address(text: str, *, field: str) -> Address:
    try:
        return normalize_address(text)
    except AddressError as error:
        raise AddressError(error.code, error.message, {"field": field}) from error


def _domain_name(text: str, *, field: str) -> str:
    """Return a domain by the same rules as one in an address."""
    try:
        return normalize_address(f"postmaster@{text.strip()}").domain
    except AddressError as error:
        message = "This is not a domain name. It should look like news.example.com."
        raise DomainError("domain_invalid", message, {"field": field}) from error


def _tracking_url(text: str) -> str:
    """Return scheme and host; anything more could not stand before the paths of links."""
    url = text.strip().rstrip("/")
    if url and not _HOST_ONLY.fullmatch(url):
        raise DomainError(
            "tracking_url_invalid",
            "Give the scheme and the host only, such as https://links.example.com.",
            {"field": "tracking_url"},
        )
    return url


def _refuse_renaming_in_use(domain: SendingDomain) -> None:
    if domain.pk and domain.identities.exclude(from_address__iendswith=f"@{domain.name}").exists():
        raise DomainError(
            "domain_in_use",
            "Identities use addresses on this domain. Add the other one as a new domain.",
            {"field": "name"},
        )
