"""Typed view of the settings that several apps need; with sending/conf.py their only reader."""

from __future__ import annotations

import functools
import hashlib

from django.conf import settings

from common.tokens import TokenSigner


def public_url() -> str:
    """Return the address of this installation as recipients reach it, without a final slash."""
    return str(settings.MAILWRIGHT["PUBLIC_URL"]).rstrip("/")


@functools.cache
def _signer(pairs: tuple[str, ...], secret_key: str) -> TokenSigner:
    if not pairs:
        derived = hashlib.sha256(b"mailwright tokens:" + secret_key.encode()).digest()
        return TokenSigner({"0": derived})
    return TokenSigner({key: value.encode() for key, _, value in (p.partition(":") for p in pairs)})


def token_signer() -> TokenSigner:
    """Return the signer of public tokens; without token keys it derives one from SECRET_KEY."""
    return _signer(tuple(settings.MAILWRIGHT["TOKEN_KEYS"]), settings.SECRET_KEY)
