"""Databases of the bench's own, beside whatever is on the server, fresh for every run."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import psycopg
from psycopg import sql

# Names a database of the same server whose migrations are done; a copy is there at once.
TEMPLATE = "MAILWRIGHT_BENCH_TEMPLATE"


@contextlib.contextmanager
def fresh_database(server_url: str, *, name: str, ours: bool = False) -> Iterator[str]:
    """Yield the URL of a new, empty database; it is dropped at the end.

    One for `ours` is not empty but a copy where the environment names a template.
    """
    _recreate(server_url, name, template=os.environ.get(TEMPLATE) if ours else None)
    try:
        yield _with_name(server_url, name)
    finally:
        _drop(server_url, name)


def _recreate(server_url: str, name: str, *, template: str | None) -> None:
    _drop(server_url, name)
    source = sql.Identifier(template or "template1")
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), source)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(statement)


def _drop(server_url: str, name: str) -> None:
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )


def _with_name(url: str, name: str) -> str:
    """Return the URL with another database; urllib would lose the slashes of an empty host."""
    address, question, options = url.partition("?")
    server, _, _ = address.rpartition("/")
    return f"{server}/{name}{question}{options}"
