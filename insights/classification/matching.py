"""One thing that servers say in many ways, and how such things are looked for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from insights.events import BounceClass

_NOT_WORDS: Final = re.compile(r"https?://[^\s<>]{1,500}|[^\s<>\"]{1,100}@[^\s<>\",;:]{1,255}")
_SPACES: Final = re.compile(r"[ \t]{2,}")


@dataclass(frozen=True, slots=True)
class Wording:
    """One thing that servers say."""

    name: str
    meaning: BounceClass
    pattern: re.Pattern[str]


def wording(name: str, meaning: BounceClass, *phrases: str) -> Wording:
    """Return the wording that any of some phrases is; they are case-blind patterns."""
    return Wording(name, meaning, re.compile("|".join(phrases), re.IGNORECASE))


def words_of(response: str) -> str:
    """Return a response without its links and addresses: what they spell means nothing."""
    return _SPACES.sub(" ", _NOT_WORDS.sub("", response))


def first_of(wordings: Iterable[Wording], words: str) -> Wording | None:
    """Return the first of some wordings that some words hold, or None."""
    return next((known for known in wordings if known.pattern.search(words)), None)
