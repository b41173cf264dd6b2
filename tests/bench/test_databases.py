"""Databases of the bench's own."""

from __future__ import annotations

import os

import psycopg
import pytest

from bench.databases import fresh_database

SERVER = os.environ.get("DATABASE_URL", "")


@pytest.mark.skipif(not SERVER, reason="DATABASE_URL names no server")
class TestFreshDatabase:
    def test_is_empty_and_vanishes_afterwards(self):
        with fresh_database(SERVER, name="mailwright_test_bench") as url:
            with psycopg.connect(url) as connection:
                connection.execute("CREATE TABLE left_behind ()")
                name = connection.execute("SELECT current_database()").fetchone()[0]
            with (
                fresh_database(SERVER, name="mailwright_test_bench") as again,
                psycopg.connect(again) as connection,
            ):
                found = connection.execute("SELECT to_regclass('left_behind')").fetchone()[0]

        assert name == "mailwright_test_bench"
        assert found is None
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url)
