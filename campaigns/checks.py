"""System checks of the settings that mails depend on; `manage.py check` runs them."""

from __future__ import annotations

import string
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as Caution
from django.core.exceptions import ImproperlyConfigured
from django.http.request import validate_host

MIN_SECRET_CHARS: Final = 32  # as many as a 128-bit key in hexadecimal digits
_KEY_IDS: Final = frozenset(string.digits + string.ascii_lowercase)


def check_secret_key(**_: Any) -> list[CheckMessage]:
    """Return what is wrong with the key that signs sessions and encrypts stored passwords."""
    hint = (
        "Set SECRET_KEY to a long random text and keep it: stored passwords are encrypted with it. "
        "`python -c 'import secrets; print(secrets.token_urlsafe(48))'` makes one."
    )
    try:
        secret_key = settings.SECRET_KEY
    except ImproperlyConfigured:
        return [Error("There is no SECRET_KEY.", hint=hint, id="campaigns.E001")]
    if len(secret_key) < MIN_SECRET_CHARS:
        message = f"SECRET_KEY is shorter than {MIN_SECRET_CHARS} characters."
        return [Error(message, hint=hint, id="campaigns.E002")]
    return []


def check_token_keys(**_: Any) -> list[CheckMessage]:
    """Return what is wrong with the keys that sign the links in mails."""
    pairs = [str(pair).partition(":") for pair in settings.MAILWRIGHT["TOKEN_KEYS"]]
    return [
        Error(
            f"MAILWRIGHT_TOKEN_KEYS cannot be used: {mistake}.",
            hint="Give pairs such as 1:long-random-text, separated by commas. The first one signs; "
            "keep the old ones behind it, so that links in mails that are out go on working.",
            id="campaigns.E003",
        )
        for mistake in _mistakes([(key_id, secret) for key_id, _, secret in pairs])
    ]


def _mistakes(keys: list[tuple[str, str]]) -> Iterator[str]:
    names = [key_id for key_id, _ in keys]
    if any(name not in _KEY_IDS for name in names):
        yield "each key is named by one digit or small letter before its colon"
    if len(set(names)) < len(names):
        yield "two keys have the same name"
    if any(len(secret) < MIN_SECRET_CHARS for _, secret in keys):
        yield f"a key is shorter than {MIN_SECRET_CHARS} characters"


def check_public_url(**_: Any) -> list[CheckMessage]:
    """Return what is wrong with the address that links in mails point to."""
    url = settings.MAILWRIGHT["PUBLIC_URL"]
    host = _host(url)
    if host is None:
        return [
            Error(
                f'MAILWRIGHT_PUBLIC_URL is "{url}", which is no address of a site.',
                hint="Set it to how recipients reach this installation: https://mail.example.com.",
                id="campaigns.E004",
            )
        ]
    if not validate_host(host, settings.ALLOWED_HOSTS):
        return [
            Error(
                f"Links in mails lead to {host}, which is not in ALLOWED_HOSTS.",
                hint=f"Add {host} to ALLOWED_HOSTS, and the hosts of tracking addresses.",
                id="campaigns.E005",
            )
        ]
    return []


def _host(url: str) -> str | None:
    """Return the host of an http or https address without query, None for anything else."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or parts.query or parts.fragment:
        return None
    return parts.hostname


def check_public_url_is_encrypted(**_: Any) -> list[CheckMessage]:
    """Return a warning where mail programs could not offer their unsubscribe button (RFC 8058)."""
    if settings.MAILWRIGHT["PUBLIC_URL"].startswith("https://"):
        return []
    return [
        Caution(
            "Links in mails are not encrypted: mail programs offer no unsubscribe button.",
            hint="Set MAILWRIGHT_PUBLIC_URL to an https address.",
            id="campaigns.W006",
        )
    ]
