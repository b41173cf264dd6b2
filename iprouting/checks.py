"""System checks of sending IPs; `manage.py check --database default` runs them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning
from django.db import DatabaseError, connection

import iprouting.marks

HINT: Final = (
    "Give each of them a bind address, a return path domain, a header or a transport with a port "
    "of its own, and have the server choose by it: docs/connecting.md."
)


def check_ips_can_be_told_apart(
    databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Return a warning for each group of IPs that their server cannot tell apart."""
    if connection.alias not in (databases or ()):
        return []
    try:
        groups = iprouting.marks.alike()
    except DatabaseError:  # before the first migration there is nothing to check
        return []
    return [
        CheckWarning(
            f"Nothing tells {group[0].transport} which of {_listed(group)} a message is to leave "
            "from.",
            hint=HINT,
            id="iprouting.W001",
        )
        for group in groups
    ]


def _listed(group: Sequence[object]) -> str:
    *first, last = map(str, group)
    return f"{', '.join(first)} and {last}"
