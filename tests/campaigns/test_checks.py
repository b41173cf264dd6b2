"""Settings that mails depend on, and what people are told about them."""

import pytest
from django.core.checks import registry

from campaigns.checks import (
    check_public_url,
    check_public_url_is_encrypted,
    check_secret_key,
    check_token_keys,
)

SECRET = "s" * 32


def ids(messages):
    """Return the ids of messages, each of which must say what to do."""
    assert all(message.hint for message in messages)
    return [message.id for message in messages]


class TestCheckSecretKey:
    @pytest.mark.parametrize(
        ("secret_key", "expected"),
        [("", ["campaigns.E001"]), ("short", ["campaigns.E002"]), (SECRET, [])],
    )
    def test_wants_a_long_one(self, settings, secret_key, expected):
        settings.SECRET_KEY = secret_key

        assert ids(check_secret_key()) == expected


class TestCheckTokenKeys:
    @pytest.mark.parametrize(
        ("keys", "mistakes"),
        [
            ([], 0),
            ([f"1:{SECRET}"], 0),
            ([f"2:{SECRET}:with:colons", f"1:{SECRET}"], 0),
            ([SECRET], 2),
            ([f"A:{SECRET}"], 1),
            ([f"10:{SECRET}"], 1),
            ([f":{SECRET}"], 1),
            (["1:short"], 1),
            ([f"1:{SECRET}", f"1:{SECRET}x"], 1),
        ],
    )
    def test_wants_named_secrets(self, settings, keys, mistakes):
        settings.MAILWRIGHT = settings.MAILWRIGHT | {"TOKEN_KEYS": keys}

        assert ids(check_token_keys()) == ["campaigns.E003"] * mistakes

    def test_never_prints_a_secret(self, settings):
        settings.MAILWRIGHT = settings.MAILWRIGHT | {"TOKEN_KEYS": ["A:confidential"]}

        assert "confidential" not in "".join(map(str, check_token_keys()))


class TestCheckPublicUrl:
    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("https://mail.example.com", []),
            ("https://mail.example.com:8443/", []),
            ("https://mail.example.com/below", []),
            ("", ["campaigns.E004"]),
            ("mail.example.com", ["campaigns.E004"]),
            ("ftp://mail.example.com", ["campaigns.E004"]),
            ("https://", ["campaigns.E004"]),
            ("https://[", ["campaigns.E004"]),
            ("https://mail.example.com?x=1", ["campaigns.E004"]),
            ("https://other.example.com", ["campaigns.E005"]),
        ],
    )
    def test_wants_an_address_that_this_site_answers_to(self, settings, url, expected):
        settings.ALLOWED_HOSTS = ["mail.example.com"]
        settings.MAILWRIGHT = settings.MAILWRIGHT | {"PUBLIC_URL": url}

        assert ids(check_public_url()) == expected


class TestCheckPublicUrlIsEncrypted:
    @pytest.mark.parametrize(
        ("url", "expected"),
        [("https://mail.example.com", []), ("http://127.0.0.1:8000", ["campaigns.W006"])],
    )
    def test_warns_before_a_deployment(self, settings, url, expected):
        settings.MAILWRIGHT = settings.MAILWRIGHT | {"PUBLIC_URL": url}

        assert ids(check_public_url_is_encrypted()) == expected

    def test_is_only_run_for_a_deployment(self):
        assert check_public_url_is_encrypted in registry.registry.deployment_checks
        assert check_public_url in registry.registry.registered_checks
