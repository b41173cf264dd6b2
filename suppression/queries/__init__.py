"""Reads of the suppression list, and of what somebody chose about themselves."""

from suppression.queries.entries import (
    Explanation,
    explain,
    in_force,
    not_suppressed,
    suppressed_among,
    suppression_counts,
)
from suppression.queries.preferences import (
    Choice,
    Preferences,
    contact_of,
    email_keys,
    list_of,
    preferences,
)

__all__ = [
    "Choice",
    "Explanation",
    "Preferences",
    "contact_of",
    "email_keys",
    "explain",
    "in_force",
    "list_of",
    "not_suppressed",
    "preferences",
    "suppressed_among",
    "suppression_counts",
]
