"""What a search for messages asks for, and where a page of its results ends. Pure."""

from __future__ import annotations

import base64
import binascii
import enum
import re
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Final

_RENAMED: Final = {"begin": "from", "end": "to"}  # `from` is a word of Python
_MESSAGE_ID: Final = re.compile(r"<?[0-9a-f]{1,16}\.[0-9a-f]{8,}@[^\s<>]+>?", re.IGNORECASE)
_CODE: Final = re.compile(r"[2-5]\d\d")
_UNIT: Final = timedelta(microseconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST: Final = 2**63 - 1  # bigint
_LONGEST: Final = timedelta(days=365 * 1_000)  # from the epoch; a date in every zone


class Meaning(enum.StrEnum):
    """What a search text is taken for."""

    MESSAGE_ID = "message_id"
    CODE = "code"  # an SMTP reply code
    DOMAIN = "domain"  # part of an address: what stands behind its @
    ADDRESS = "address"  # an address, or how it begins
    WORDS = "words"  # of a server's answer
    ANYTHING = "anything"  # one word: an address if somebody has it, else a domain, else words


@dataclass(frozen=True, slots=True)
class Criteria:
    """What is asked of messages; what is left empty is not asked.

    What is asked about events must hold of one and the same event.
    """

    q: str = ""
    email: str = ""
    campaign: int | None = None
    provider: str = ""
    event: str = ""  # EventType
    actor: str = ""  # Actor; "machine" is everybody who is not a person for certain
    identity: int | None = None
    ip: str = ""
    list: int | None = None  # 0: what went to no list
    stream: str = ""
    variant: str = ""
    smtp_code: int | None = None
    begin: datetime | None = None  # inclusive
    end: datetime | None = None  # exclusive

    def as_json(self) -> dict[str, str | int]:
        """Return what is asked, by the names that an address of a page uses."""
        asked = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            _RENAMED.get(name, name): value.isoformat() if isinstance(value, datetime) else value
            for name, value in asked.items()
            if value not in (None, "")
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Criteria:
        """Return what `as_json` was made from."""
        named = {name: stored[_RENAMED.get(name, name)] for name in cls._names(stored)}
        for moment in _RENAMED:
            if moment in named:
                named[moment] = datetime.fromisoformat(named[moment])
        return cls(**named)

    @classmethod
    def _names(cls, stored: dict[str, Any]) -> tuple[str, ...]:
        return tuple(f.name for f in fields(cls) if _RENAMED.get(f.name, f.name) in stored)


def meaning_of(q: str) -> Meaning:
    """Return what a search text looks like; quotation marks make it words."""
    if q.startswith('"') or any(character.isspace() for character in q):
        return Meaning.WORDS
    if _MESSAGE_ID.fullmatch(q):
        return Meaning.MESSAGE_ID
    if _CODE.fullmatch(q):
        return Meaning.CODE
    if q.startswith("@"):
        return Meaning.DOMAIN
    return Meaning.ADDRESS if "@" in q else Meaning.ANYTHING


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends and the next one begins: `at` is None where order is by number alone.

    `back` leads towards the beginning.
    """

    number: int
    at: datetime | None = None
    back: bool = False

    @property
    def token(self) -> str:
        """The place as text for an address."""
        at = "" if self.at is None else str((self.at - _EPOCH) // _UNIT)
        text = f"{self.number}.{at}.{'b' if self.back else ''}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def of(cls, token: str) -> Place:
        """Return the place that a token stands for. Raises ValueError for one we did not make."""
        try:
            padded = token.encode("ascii") + b"=" * (-len(token) % 4)
            number, at, back = base64.urlsafe_b64decode(padded).decode("ascii").split(".")
        except binascii.Error as error:
            raise ValueError("no token") from error
        moment = _EPOCH + _bounded(at, _LONGEST // _UNIT) * _UNIT if at else None
        return cls(_bounded(number, _LARGEST), moment, back == "b")


def _bounded(digits: str, limit: int) -> int:
    """Return a number that the database can compare with. Raises ValueError for any other."""
    number = int(digits)
    if not 0 <= number <= limit:
        raise ValueError("out of range")
    return number
