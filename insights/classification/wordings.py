"""Every wording that is known, the first match wins.

What is about the sender or the content stands first: a refusal that names a block list is never
read as an unknown address, whatever else it says.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from insights.classification.exceptions import EXCEPTIONS
from insights.classification.failures import FAILURES
from insights.classification.matching import Wording, first_of
from insights.classification.refusals import REFUSALS
from insights.events import BounceClass

REMEMBERED: Final = 512  # responses; those of one provider repeat, and so does a report's text

WORDINGS: Final = EXCEPTIONS + REFUSALS + FAILURES
_BAD_ADDRESS: Final = tuple(known for known in WORDINGS if known.meaning is BounceClass.HARD)


@lru_cache(maxsize=REMEMBERED)
def wording_of(words: str) -> Wording | None:
    """Return the first wording of the tables that some words hold, or None."""
    return first_of(WORDINGS, words)


def exception_of(words: str) -> Wording | None:
    """Return the wording that some words hold of those that mean what no code says, or None."""
    return first_of(EXCEPTIONS, words)


def names_bad_address(words: str) -> bool:
    """Return whether some words say anywhere that the address is bad, beside what else they say."""
    return first_of(_BAD_ADDRESS, words) is not None
