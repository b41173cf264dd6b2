"""What enhanced status codes and SMTP codes say about the address, as data.

Sources: RFC 3463, RFC 5321, RFC 7372, RFC 7505 and the IANA registry of enhanced status codes.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from insights.events import BounceClass

# "x" stands for any class; a code that is not named follows its subject, see SUBJECTS.
ENHANCED_CODES: Final = MappingProxyType(
    {
        "5.1.1": BounceClass.HARD,  # no such mailbox
        "5.1.2": BounceClass.HARD,  # no such domain
        "5.1.3": BounceClass.HARD,  # no valid address
        "5.1.4": BounceClass.HARD,  # several mailboxes by that name
        "5.1.6": BounceClass.HARD,  # moved, nobody knows where
        "5.1.7": BounceClass.BLOCK,  # our sender address is malformed
        "5.1.8": BounceClass.BLOCK,  # our sender domain is bad
        "5.1.10": BounceClass.HARD,  # the domain takes no mail (null MX)
        "5.2.1": BounceClass.SOFT,  # disabled: may be opened again, so several in a row count
        "5.2.4": BounceClass.HARD,  # the list behind the address cannot be expanded
        "5.4.4": BounceClass.HARD,  # no route: the domain cannot be found
        "5.7.13": BounceClass.HARD,  # account disabled for good
        "5.7.17": BounceClass.HARD,  # the mailbox has another owner
        "5.7.18": BounceClass.HARD,  # the domain has another owner
        "x.2.2": BounceClass.SOFT,  # full
        "x.2.3": BounceClass.SOFT,  # this message is too large for the mailbox
        "x.3.1": BounceClass.SOFT,  # the whole system is full
        "x.3.4": BounceClass.SOFT,  # this message is too large for the system
        "x.4.7": BounceClass.EXPIRED,
    }
)  # fmt: skip
SUBJECTS: Final = MappingProxyType(
    {
        "5.6": BounceClass.BLOCK,  # content
        "4.7": BounceClass.BLOCK,  # policy: says nothing about the address
        "5.7": BounceClass.BLOCK,
    }
)
SMTP_CODES: Final = MappingProxyType({552: BounceClass.SOFT})  # storage; any other: see below
TEMPORARY_SMTP_CODES: Final = range(400, 500)


def class_of_enhanced(enhanced_code: str) -> BounceClass | None:
    """Return what an enhanced code alone says, or None when it says nothing."""
    kind, _, ending = enhanced_code.partition(".")
    subject = f"{kind}.{ending.partition('.')[0]}"
    return (
        ENHANCED_CODES.get(enhanced_code)
        or ENHANCED_CODES.get(f"x.{ending}")
        or SUBJECTS.get(subject)
    )


def class_of_code(code: int | None) -> BounceClass:
    """Return what an SMTP code alone says: never that an address is bad."""
    if code in TEMPORARY_SMTP_CODES:
        return BounceClass.EXPIRED
    return SMTP_CODES.get(code or 0, BounceClass.BLOCK)
