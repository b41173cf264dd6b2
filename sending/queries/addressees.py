"""Whose mail it is that comes in at an address of ours."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.db.models import Q

from campaigns.models import Identity, Recipient, SendingDomain
from common.conf import token_signer
from common.tokens import Purpose
from insights.providers.mail.references import RETURN_PATH_TOKEN, UNSUBSCRIBE_TOKEN
from iprouting.models import SendingIP

_TOKENS = {
    Purpose.RETURN_PATH: re.compile(RETURN_PATH_TOKEN, re.IGNORECASE),
    Purpose.UNSUBSCRIBE: re.compile(UNSUBSCRIBE_TOKEN),
}


def organization_of(address: str) -> int | None:
    """Return the organization that mail to an address belongs to, or None where it is not ours.

    What is in the address decides: a token of one of our messages, else a sender or reply address,
    else the return path domain, if it is that of one organization alone.
    """
    address = address.encode("utf-8", "replace").decode().replace("\0", "")
    local, _, domain = address.rpartition("@")
    if not local:
        return None
    return _of_token(local) or _of_identity(address) or _of_domain(domain)


def _of_token(local: str) -> int | None:
    for purpose, shape in _TOKENS.items():
        for token in shape.findall(local):
            recipient_id = token_signer().read(token, purpose=purpose)
            if recipient_id is not None:
                rows = Recipient.objects.filter(pk=recipient_id)
                return rows.values_list("organization", flat=True).first()
    return None


def _of_identity(address: str) -> int | None:
    ours = Q(from_address__iexact=address) | Q(reply_to__iexact=address)
    return _only(Identity.objects.filter(ours).values_list("organization", flat=True))


def _of_domain(domain: str) -> int | None:
    domains = SendingDomain.objects.filter(return_path_domain__iexact=domain)
    ips = SendingIP.objects.filter(return_path_domain__iexact=domain)
    return _only(
        [
            *domains.values_list("organization", flat=True),
            *ips.values_list("organization", flat=True),
        ]
    )


def _only(organization_ids: Iterable[int]) -> int | None:
    """Return the organization if there is one only."""
    found = set(organization_ids)
    return found.pop() if len(found) == 1 else None
