"""Work that one worker at a time does, kept apart by advisory locks of the database.

A lock goes with the connection of a worker that dies, so nothing has to be cleaned up after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_KEYS = 2**31  # the second half of a lock's key is a signed number of 32 bits


def lock_key(space: int, number: int) -> list[int]:
    """Return the two numbers of the lock on one piece of work; `space` is any constant of ours."""
    return [space, number % _KEYS]


@contextmanager
def alone(space: int, number: int) -> Iterator[bool]:
    """Hold a piece of work for this connection; false when another one holds it."""
    key = lock_key(space, number)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        held = bool(cursor.fetchone()[0])
    try:
        yield held
    finally:
        if held and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)


def held_locks(space: int) -> set[tuple[int, int]]:
    """Return the keys of all work of a kind that somebody is at."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT classid::bigint, objid::bigint FROM pg_locks JOIN pg_database"
            " ON pg_database.oid = pg_locks.database"
            " WHERE locktype = 'advisory' AND granted AND datname = current_database()"
            " AND classid = %s",
            [space],
        )
        return {(found, key) for found, key in cursor.fetchall()}
