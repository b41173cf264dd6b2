"""Signed tokens for everything the public sees: links, pixels, unsubscribe addresses, return paths.

A token is `<key id><recipient id in hex>.<signature>`. One keyed BLAKE2b (RFC 7693) per message is
cut into one slice per purpose, so that a click link does not give away the unsubscribe link.
"""

from __future__ import annotations

import base64
import enum
import hashlib
import hmac
import string
from binascii import b2a_base64
from collections.abc import Mapping
from typing import NamedTuple

_KEY_IDS = string.digits + string.ascii_lowercase
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_SIGNATURE_BYTES = 12  # 96 bit: not to be guessed online
_VERP_BYTES = 10  # 80 bit, in hex: mail systems fold the case of local parts
_HEX = frozenset("0123456789abcdef")
_MAXIMUM_ID_CHARACTERS = 16  # 2**63 in hex


class Purpose(enum.IntEnum):
    """What a token allows; the value is the offset of its slice in the digest."""

    OPENED = 0
    CLICKED = 12
    UNSUBSCRIBE = 24
    PREFERENCES = 36
    RETURN_PATH = 48


class MessageTokens(NamedTuple):
    """The tokens of one message."""

    opened: str
    clicked: str
    unsubscribe: str
    preferences: str
    return_path: str


class TokenSigner:
    """Makes and reads tokens. `keys` maps one-character key ids to secrets; the first one signs."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys or any(len(key_id) != 1 or key_id not in _KEY_IDS for key_id in keys):
            raise ValueError("token keys are named by one digit or lower-case letter each")
        self._keys = {key_id: hashlib.sha512(secret).digest() for key_id, secret in keys.items()}
        self._current = next(iter(keys))

    def for_message(self, recipient_id: int) -> MessageTokens:
        """Return the tokens of one message."""
        digest = self._digest(self._current, b"message:%d" % recipient_id)
        head = f"{self._current}{recipient_id:x}."
        encoded = b2a_base64(digest[:48], newline=False).translate(_URL_SAFE).decode()
        return MessageTokens(
            head + encoded[:16],
            head + encoded[16:32],
            head + encoded[32:48],
            head + encoded[48:],
            head[:-1] + "-" + digest[48 : 48 + _VERP_BYTES].hex(),
        )

    def sign_url(self, recipient_id: int, number: int, url: str) -> str:
        """Return the token of a link whose address differs from recipient to recipient.

        The address itself travels in the token, so that the redirect can only go where the
        message pointed.
        """
        target = base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
        head = f"{self._current}{recipient_id:x}.{number:x}.{target}"
        digest = self._digest(self._current, b"url:" + head.encode())
        return head + "." + base64.urlsafe_b64encode(digest[:_SIGNATURE_BYTES]).decode()

    def read(self, token: str, *, purpose: Purpose) -> int | None:
        """Return the recipient id of a token, or None when it is forged, foreign or damaged."""
        head, separator, _ = token.rpartition("-" if purpose is Purpose.RETURN_PATH else ".")
        if purpose is Purpose.RETURN_PATH:
            token = token.lower()
            head = head.lower()
        recipient_id = _recipient_of(head) if separator else None
        if recipient_id is None or token[0] not in self._keys:
            return None
        expected = self._expected(token[0], recipient_id, purpose)
        given = token[len(head) + 1 :]
        return recipient_id if hmac.compare_digest(given.encode(), expected.encode()) else None

    def read_url(self, token: str) -> tuple[int, int, str] | None:
        """Return recipient id, link number and address of a signed link, or None."""
        head, _, given = token.rpartition(".")
        parts = head.split(".")
        if len(parts) != 3 or not head.isascii() or head[:1] not in self._keys:  # noqa: PLR2004
            return None
        digest = self._digest(head[0], b"url:" + head.encode())
        expected = base64.urlsafe_b64encode(digest[:_SIGNATURE_BYTES])
        if not hmac.compare_digest(given.encode(), expected):
            return None
        padded = parts[2] + "=" * (-len(parts[2]) % 4)
        return int(parts[0][1:], 16), int(parts[1], 16), base64.urlsafe_b64decode(padded).decode()

    def _expected(self, key_id: str, recipient_id: int, purpose: Purpose) -> str:
        digest = self._digest(key_id, b"message:%d" % recipient_id)
        if purpose is Purpose.RETURN_PATH:
            return digest[48 : 48 + _VERP_BYTES].hex()
        part = digest[purpose : purpose + _SIGNATURE_BYTES]
        return base64.urlsafe_b64encode(part).decode()

    def _digest(self, key_id: str, message: bytes) -> bytes:
        return hashlib.blake2b(message, key=self._keys[key_id]).digest()


def _recipient_of(head: str) -> int | None:
    """Return the recipient id in `<key id><hex>`; exactly one spelling is accepted."""
    digits = head[1:]
    if not digits or len(digits) > _MAXIMUM_ID_CHARACTERS or not _HEX.issuperset(digits):
        return None
    number = int(digits, 16)
    return number if f"{number:x}" == digits else None
