"""Writes of the suppression list: entries as such, and what people ask for about themselves."""

from suppression.operations.entries import (
    ImportedSuppressions,
    RefusedAddress,
    import_suppressions,
    release,
    suppress,
)
from suppression.operations.wishes import leave_list, rejoin, save_preferences, unsubscribe

__all__ = [
    "ImportedSuppressions",
    "RefusedAddress",
    "import_suppressions",
    "leave_list",
    "rejoin",
    "release",
    "save_preferences",
    "suppress",
    "unsubscribe",
]
