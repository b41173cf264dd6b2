"""Who sent a batch."""

from __future__ import annotations

import base64
import hashlib
import hmac

from insights.providers.base import SignatureError


def verify(raw: bytes, *, signature: str | None, key: str) -> None:
    """Raise SignatureError unless `signature`, the header X-Signature, is that of the body.

    It is the base64 of an HMAC-SHA256 over the body and holds no time: a batch can be replayed, and
    only the natural keys of its reports keep it from counting again.
    """
    if not key:
        raise SignatureError("No key is set, so nothing can be verified.")
    if not signature:
        raise SignatureError("The header X-Signature is missing.")
    digest = hmac.new(key.encode(), raw, hashlib.sha256).digest()
    expected = base64.b64encode(digest)
    if not hmac.compare_digest(expected, signature.strip().encode("utf-8", "replace")):
        raise SignatureError("The signature does not fit the body and the key.")
