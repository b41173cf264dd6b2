"""The rows that an installation begins with, put back after every test that commits.

Migrations fill tables: rules, limits, the beat table, permissions. Django empties all tables
after a test that commits, and those rows would be missing from then on. Here they are kept aside
in the test database, and after such a test only what it wrote is undone.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

ASIDE = "kept_aside"  # the schema of the copies
# Dead rows stay in a table's files until they are vacuumed; past this size it is truncated.
LARGE_BYTES = 1024 * 1024

_TABLES = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relispartition = %s
ORDER BY relname
"""
_LARGE = """
SELECT EXISTS (
    SELECT FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
    AND pg_relation_size(oid) > %s AND relname <> ALL (%s)
)
"""
_COLUMNS = """
SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
"""


@dataclass(frozen=True, slots=True)
class InstalledRows:
    """Which tables were empty after the migrations, and what the others held."""

    empty: tuple[str, ...]
    columns: dict[str, str]  # of each table that was not
    partitions: frozenset[str]

    def put_back(self) -> None:
        """Leave in every table exactly the rows that the installation began with.

        No trigger and no foreign key is asked on the way: the outcome satisfies them as before.
        """
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            for name in set(_tables(cursor, partitions=True)) - self.partitions:
                cursor.execute(f'DROP TABLE "{name}"')
            self._remove_foreign_rows(cursor)
            for name in _found(cursor, {name: self._difference(name) for name in self.columns}):
                columns = self.columns[name]
                cursor.execute(f'DELETE FROM "{name}"')
                cursor.execute(
                    f'INSERT INTO "{name}" ({columns}) OVERRIDING SYSTEM VALUE'
                    f' SELECT {columns} FROM {ASIDE}."{name}"'
                )

    def _remove_foreign_rows(self, cursor: CursorWrapper) -> None:
        """Empty the tables that were empty: row by row, which is quicker while they are small."""
        cursor.execute(_LARGE, [LARGE_BYTES, list(self.columns)])
        if cursor.fetchone() == (True,):
            everything = ", ".join(f'"{name}"' for name in (*self.empty, *self.columns))
            cursor.execute(f"TRUNCATE {everything}")
            return
        for name in _found(cursor, {name: f'SELECT FROM "{name}"' for name in self.empty}):
            cursor.execute(f'DELETE FROM "{name}"')

    def _difference(self, name: str) -> str:
        """Return a query for the rows that are there and were not, or were there and are not."""
        row = f"SELECT ROW({self.columns[name]})::text FROM"
        now, then = f'{row} "{name}"', f'{row} {ASIDE}."{name}"'
        return f"({now} EXCEPT ALL {then}) UNION ALL ({then} EXCEPT ALL {now})"


def keep_aside() -> InstalledRows:
    """Return what the tables hold now, which is copied within the database."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {ASIDE} CASCADE")
        cursor.execute(f"CREATE SCHEMA {ASIDE}")
        names = _tables(cursor, partitions=False)
        filled = _found(cursor, {name: f'SELECT FROM "{name}"' for name in names})
        for name in filled:
            cursor.execute(f'CREATE TABLE {ASIDE}."{name}" AS TABLE "{name}"')
        return InstalledRows(
            empty=tuple(name for name in names if name not in filled),
            columns={name: _columns(cursor, name) for name in filled},
            partitions=frozenset(_tables(cursor, partitions=True)),
        )


def _tables(cursor: CursorWrapper, *, partitions: bool) -> list[str]:
    """Return the names of all partitions, or of all tables that are none."""
    cursor.execute(_TABLES, [partitions])
    return [name for (name,) in cursor.fetchall()]


def _columns(cursor: CursorWrapper, name: str) -> str:
    """Return the columns that can be written, as SQL wants them."""
    cursor.execute(_COLUMNS, [f'"{name}"'])
    return str(cursor.fetchone()[0])


def _found(cursor: CursorWrapper, queries: dict[str, str]) -> list[str]:
    """Return the names whose query finds a row."""
    cursor.execute(
        " UNION ALL ".join(
            f"SELECT '{name}' WHERE EXISTS ({query})" for name, query in queries.items()
        )
    )
    return [name for (name,) in cursor.fetchall()]
