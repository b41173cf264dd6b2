"""Typed view of the settings that several apps need; with sending/conf.py their only reader."""

from __future__ import annotations

import functools
import hashlib
import ipaddress

from django.conf import settings

from common.outgoing.networks import IPNetwork
from common.tokens import TokenSigner


def public_url() -> str:
    """Return the address of this installation as recipients reach it, without a final slash."""
    return str(settings.MAILWRIGHT["PUBLIC_URL"]).rstrip("/")


def outgoing_networks() -> tuple[IPNetwork, ...]:
    """Return the networks that are no public ones, but that requests may go to all the same."""
    return tuple(map(ipaddress.ip_network, settings.MAILWRIGHT["OUTGOING_NETWORKS"]))


def webhook_runners() -> int:
    """Return how many workers may wait for the servers of webhooks at the same time."""
    return int(settings.MAILWRIGHT["WEBHOOK_RUNNERS"])


@functools.cache
def _signer(pairs: tuple[str, ...], secret_key: str) -> TokenSigner:
    if not pairs:
        derived = hashlib.sha256(b"mailwright tokens:" + secret_key.encode()).digest()
        return TokenSigner({"0": derived})
    return TokenSigner({key: value.encode() for key, _, value in (p.partition(":") for p in pairs)})


def token_signer() -> TokenSigner:
    """Return the signer of public tokens; without token keys it derives one from SECRET_KEY."""
    return _signer(tuple(settings.MAILWRIGHT["TOKEN_KEYS"]), settings.SECRET_KEY)
