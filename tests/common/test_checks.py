"""Services that everything runs on."""

import pytest
from django.core.checks import registry

from common.checks import (
    check_database,
    check_database_version,
    check_outgoing_networks,
    check_redis,
)


class TestCheckDatabase:
    @pytest.mark.parametrize(
        ("engine", "expected"),
        [
            ("django.db.backends.postgresql", []),
            ("django.db.backends.sqlite3", ["common.E001"]),
            ("django.db.backends.mysql", ["common.E001"]),
        ],
    )
    def test_wants_postgresql(self, settings, monkeypatch, engine, expected):
        monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", engine)

        assert [message.id for message in check_database()] == expected


@pytest.mark.django_db
class TestCheckDatabaseVersion:
    def test_takes_the_server_of_the_tests(self):
        assert check_database_version(databases=["default"]) == []

    def test_asks_no_server_unless_told_to(self, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert check_database_version() == []

    def test_refuses_an_older_one(self, monkeypatch):
        monkeypatch.setattr("common.checks.OLDEST_POSTGRESQL", (99,))

        (message,) = check_database_version(databases=["default"])

        assert message.id == "common.E002"


class TestCheckRedis:
    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("redis://:password@127.0.0.1:6379/0", []),
            ("rediss://valkey.example.com", []),
            ("unix:///run/valkey.sock", []),
            ("", ["common.E003"]),
            ("127.0.0.1:6379", ["common.E003"]),
        ],
    )
    def test_wants_an_address_of_one(self, settings, url, expected):
        settings.REDIS_URL = url

        assert [message.id for message in check_redis()] == expected


class TestCheckOutgoingNetworks:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("127.0.0.0/8", []),
            ("fd00::/8", []),
            ("127.0.0.1", []),
            ("127.0.0.1/8", ["common.E004"]),
            ("localhost", ["common.E004"]),
        ],
    )
    def test_wants_networks(self, settings, text, expected):
        settings.MAILWRIGHT = settings.MAILWRIGHT | {"OUTGOING_NETWORKS": [text]}

        assert [message.id for message in check_outgoing_networks()] == expected


class TestRegistration:
    def test_is_done(self):
        registered = registry.registry.registered_checks

        assert {
            check_database,
            check_redis,
            check_database_version,
            check_outgoing_networks,
        } <= registered
