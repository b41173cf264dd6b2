"""Writes of messages in doubt: handed over without an answer, until somebody reports on them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import connection

# A worker that is still alive loses the row: its late answer must not count a second time.
_SETTLE = """
UPDATE campaigns_recipient AS r
SET state = 'sent', reason = '', sent_at = proof.at, lease_owner = NULL, lease_until = NULL
FROM unnest(%s::bigint[], %s::timestamptz[]) AS proof (id, at)
WHERE r.id = proof.id AND r.state = 'in_doubt'
RETURNING r.id, r.attempts
"""


def settle_doubtful(proofs: Mapping[int, datetime]) -> dict[int, int]:
    """Mark messages in doubt as sent, by when something was first heard of each.

    Returns the number of the attempt for those that were in doubt; all others stay as they are.
    """
    if not proofs:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, [list(proofs), list(proofs.values())])
        return dict(cursor.fetchall())
