"""Signed tokens for everything the public sees: links, pixels, unsubscribe addresses, return paths.

A token is `<key id><recipient id in base 36>.<signature>`. One HMAC-SHA512 per message is cut into
one slice per purpose, so that a click link does not give away the unsubscribe link.
"""

from __future__ import annotations

import base64
import enum
import hashlib
import hmac
import string
from collections.abc import Mapping
from dataclasses import dataclass

_DIGITS = string.digits + string.ascii_lowercase
_SIGNATURE_BYTES = 12  # 96 bit: not to be guessed online
_VERP_BYTES = 10  # 80 bit, 16 characters of base 32: mail systems fold the case of local parts
_MAXIMUM_ID_CHARACTERS = 13  # 2**63 in base 36


class Purpose(enum.IntEnum):
    """What a token allows; the value is the offset of its slice in the digest."""

    OPENED = 0
    CLICKED = 12
    UNSUBSCRIBE = 24
    PREFERENCES = 36
    RETURN_PATH = 48


@dataclass(frozen=True, slots=True)
class MessageTokens:
    """The tokens of one message."""

    opened: str
    clicked: str
    unsubscribe: str
    preferences: str
    return_path: str


def base36(number: int) -> str:
    """Return a non-negative integer in base 36, lower case."""
    if number < 0:
        raise ValueError("base36 takes no negative number")
    digits = ""
    while True:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
        if not number:
            return digits


class TokenSigner:
    """Makes and reads tokens. `keys` maps one-character key ids to secrets; the first one signs."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys or any(len(key_id) != 1 or key_id not in _DIGITS for key_id in keys):
            raise ValueError("token keys are named by one digit or lower-case letter each")
        self._prepared = {
            key_id: hmac.new(secret, digestmod=hashlib.sha512) for key_id, secret in keys.items()
        }
        self._current = next(iter(keys))

    def for_message(self, recipient_id: int) -> MessageTokens:
        """Return the tokens of one message."""
        digest = self._digest(self._current, b"message:%d" % recipient_id)
        head = self._current + base36(recipient_id) + "."
        encoded = base64.urlsafe_b64encode(digest[:48]).decode()
        verp = base64.b32encode(digest[48:58]).decode().lower()
        return MessageTokens(
            head + encoded[:16],
            head + encoded[16:32],
            head + encoded[32:48],
            head + encoded[48:64],
            head.replace(".", "-") + verp,
        )

    def sign_url(self, recipient_id: int, number: int, url: str) -> str:
        """Return the token of a link whose address differs from recipient to recipient.

        The address itself travels in the token, so that the redirect can only go where the
        message pointed.
        """
        target = base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
        head = f"{self._current}{base36(recipient_id)}.{base36(number)}.{target}"
        digest = self._digest(self._current, b"url:" + head.encode())
        return head + "." + base64.urlsafe_b64encode(digest[:_SIGNATURE_BYTES]).decode()

    def read(self, token: str, *, purpose: Purpose) -> int | None:
        """Return the recipient id of a token, or None when it is forged, foreign or damaged."""
        head, separator, _ = token.rpartition("-" if purpose is Purpose.RETURN_PATH else ".")
        if purpose is Purpose.RETURN_PATH:
            token = token.lower()
            head = head.lower()
        recipient_id = _recipient_of(head) if separator else None
        if recipient_id is None or token[0] not in self._prepared:
            return None
        expected = self._expected(token[0], recipient_id, purpose)
        given = token[len(head) + 1 :]
        return recipient_id if hmac.compare_digest(given.encode(), expected.encode()) else None

    def read_url(self, token: str) -> tuple[int, int, str] | None:
        """Return recipient id, link number and address of a signed link, or None."""
        head, _, given = token.rpartition(".")
        parts = head.split(".")
        if len(parts) != 3 or not head.isascii() or head[:1] not in self._prepared:  # noqa: PLR2004
            return None
        digest = self._digest(head[0], b"url:" + head.encode())
        expected = base64.urlsafe_b64encode(digest[:_SIGNATURE_BYTES])
        if not hmac.compare_digest(given.encode(), expected):
            return None
        padded = parts[2] + "=" * (-len(parts[2]) % 4)
        return int(parts[0][1:], 36), int(parts[1], 36), base64.urlsafe_b64decode(padded).decode()

    def _expected(self, key_id: str, recipient_id: int, purpose: Purpose) -> str:
        digest = self._digest(key_id, b"message:%d" % recipient_id)
        if purpose is Purpose.RETURN_PATH:
            return base64.b32encode(digest[48 : 48 + _VERP_BYTES]).decode().lower()
        part = digest[purpose : purpose + _SIGNATURE_BYTES]
        return base64.urlsafe_b64encode(part).decode()

    def _digest(self, key_id: str, message: bytes) -> bytes:
        prepared = self._prepared[key_id].copy()
        prepared.update(message)
        return prepared.digest()


def _recipient_of(head: str) -> int | None:
    """Return the recipient id in `<key id><base 36>`; exactly one spelling is accepted."""
    digits = head[1:]
    if not digits or len(digits) > _MAXIMUM_ID_CHARACTERS or any(c not in _DIGITS for c in digits):
        return None
    number = int(digits, 36)
    return number if base36(number) == digits else None
