"""Languages and time zones as people write them, in the form that the product keeps."""

from __future__ import annotations

import re
from functools import cache
from typing import Final
from zoneinfo import available_timezones

# RFC 5646 2.1: language, then script, region and variants; extensions are of no use to a mailing.
_TAG: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|\d{3}))?(?:-\w{5,8})*")
MAX_LANGUAGE_CHARS: Final = 35  # RFC 5646 4.4.1
_REGION_CHARS: Final = 2
_SCRIPT_CHARS: Final = 4


def normalize_language(raw: str) -> str | None:
    """Return a language tag such as `pt-BR` in its usual case, or None when it is none.

    `de_DE` and `de_DE.UTF-8` are understood as well.
    """
    tag = raw.strip().partition(".")[0].replace("_", "-")
    if len(tag) > MAX_LANGUAGE_CHARS or not tag.isascii() or not _TAG.fullmatch(tag):
        return None
    language, *rest = tag.split("-")
    return "-".join([language.lower(), *map(_subtag, rest)])


def normalize_timezone(raw: str) -> str | None:
    """Return the name of a time zone in the tz database, in its own spelling, or None."""
    return _zones().get(raw.strip().replace(" ", "_").lower())


def _subtag(part: str) -> str:
    if len(part) == _REGION_CHARS:
        return part.upper()
    return part.title() if len(part) == _SCRIPT_CHARS else part.lower()


@cache
def _zones() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones() if name != "localtime"}
