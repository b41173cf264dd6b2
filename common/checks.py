"""System checks of the services that everything runs on; `manage.py check` runs them."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.db import connections

ENGINES: Final = (
    "django.db.backends.postgresql",
    "django_prometheus.db.backends.postgresql",
)
SCHEMES: Final = ("redis://", "rediss://", "unix://")
OLDEST_POSTGRESQL: Final = (15,)  # the first one with NULLS NOT DISTINCT


def check_database(**_: Any) -> list[CheckMessage]:
    """Return an error unless the database is PostgreSQL."""
    if settings.DATABASES["default"].get("ENGINE") in ENGINES:
        return []
    return [
        Error(
            "The database is not PostgreSQL.",
            hint="Set DATABASE_URL to postgres://user:password@host:5432/name.",
            id="common.E001",
        )
    ]


def check_database_version(
    *, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Return an error for each database server that is too old; with `check --database` only."""
    return [
        Error(
            f"The PostgreSQL server of the database {alias} is older than version "
            f"{OLDEST_POSTGRESQL[0]}.",
            hint="Mailwright needs PostgreSQL 15 or later, without any extension.",
            id="common.E002",
        )
        for alias in databases or ()
        if connections[alias].get_database_version() < OLDEST_POSTGRESQL
    ]


def check_redis(**_: Any) -> list[CheckMessage]:
    """Return an error unless the address of Valkey or Redis can be one."""
    if str(settings.REDIS_URL).startswith(SCHEMES):
        return []
    return [
        Error(
            "REDIS_URL is not the address of a Valkey or Redis server.",
            hint="Set it to redis://:password@host:6379/0, or rediss:// for an encrypted one.",
            id="common.E003",
        )
    ]


def check_outgoing_networks(**_: Any) -> list[CheckMessage]:
    """Return an error for each allowed network that is none."""
    return [
        Error(
            f"MAILWRIGHT_OUTGOING_NETWORKS names {text!r}, which is no network.",
            hint="Write networks with their length, separated by commas: 127.0.0.0/8,fd00::/8.",
            id="common.E004",
        )
        for text in settings.MAILWRIGHT["OUTGOING_NETWORKS"]
        if not _is_network(text)
    ]


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True
