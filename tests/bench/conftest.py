"""What the benches need that is made once."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from bench.databases import TEMPLATE, fresh_database


@pytest.fixture(scope="module")
def migrated(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[dict[str, str]]:
    """The environment of a bench, with a template that saves it the migrations."""
    name = f"bench_of_{connection.settings_dict['NAME']}"
    server = os.environ["DATABASE_URL"]
    with django_db_blocker.unblock(), fresh_database(server, name=name):
        connection.close()  # nobody may use a database while it is copied
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE "{name}"')
            admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{connection.settings_dict["NAME"]}"')
        yield {**os.environ, TEMPLATE: name}
