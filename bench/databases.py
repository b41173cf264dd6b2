"""Databases of the bench's own, beside whatever is on the server, fresh for every run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import psycopg
from psycopg import sql


@contextlib.contextmanager
def fresh_database(server_url: str, *, name: str) -> Iterator[str]:
    """Yield the URL of a new, empty database; it is dropped at the end."""
    _recreate(server_url, name)
    try:
        yield _with_name(server_url, name)
    finally:
        _drop(server_url, name)


def _recreate(server_url: str, name: str) -> None:
    _drop(server_url, name)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


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
