"""Why somebody must not be mailed, and how far that reaches."""

from __future__ import annotations

import enum


class Reason(enum.StrEnum):
    """Why an address is on the suppression list."""

    HARD_BOUNCE = "hard_bounce"  # the mailbox does not exist
    COMPLAINT = "complaint"  # marked a message as spam
    UNSUBSCRIBE = "unsubscribe"  # asked to be left alone
    MANUAL = "manual"  # entered by staff
    SOFT_BOUNCE_LIMIT = "soft_bounce_limit"  # too many temporary refusals in a row
    IMPORT = "import"  # came with a list of addresses not to mail
    ERASED = "erased"  # asked for their data to be deleted


class Scope(enum.StrEnum):
    """How far a suppression reaches."""

    ALL = "all"  # every mail
    MARKETING = "marketing"  # everything but transactional mail
    LIST = "list"  # the mail of one list


DEFAULT_SCOPE: dict[Reason, Scope] = {
    Reason.HARD_BOUNCE: Scope.ALL,
    Reason.COMPLAINT: Scope.ALL,
    Reason.UNSUBSCRIBE: Scope.MARKETING,
    Reason.MANUAL: Scope.ALL,
    Reason.SOFT_BOUNCE_LIMIT: Scope.ALL,
    Reason.IMPORT: Scope.ALL,
    Reason.ERASED: Scope.ALL,
}


class Origin(enum.StrEnum):
    """Who put the address there."""

    RECIPIENT = "recipient"
    PROVIDER = "provider"
    STAFF = "staff"
    SYSTEM = "system"
