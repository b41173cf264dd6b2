"""Whether a refusal is of the address that a message was sent to, or of one it was forwarded to.

Who forwards their mail keeps a working address: what the next one refuses is recorded, and says
nothing about the first. RFC 3464 names both, 2.3.1 the original and 2.3.2 the final recipient.
"""

from __future__ import annotations

from common.addresses import AddressError, normalize_address


def is_of_addressee(refused: str, *, addressee: str) -> bool:
    """Return whether `refused`, as a report names it, is the mailbox of `addressee`.

    A report that names no address is of the addressee: nothing points elsewhere. Mail systems
    leave out what follows a plus sign, and name hosts within the domain.
    """
    told, ours = _mailbox(refused), _mailbox(addressee)
    if told is None or ours is None:
        return True
    return told[0] == ours[0] and _within(told[1], ours[1])


def _mailbox(address: str) -> tuple[str, str] | None:
    """Return local part without its tag and domain, as they are compared; None if it is none."""
    try:
        local, _, domain = normalize_address(address).key.rpartition("@")
    except AddressError:
        return None
    return local.partition("+")[0] or local, domain


def _within(domain: str, other: str) -> bool:
    """Return whether two domains are the same, or one lies within the other."""
    return domain == other or domain.endswith(f".{other}") or other.endswith(f".{domain}")
