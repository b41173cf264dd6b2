"""Full names taken apart."""

from __future__ import annotations

from typing import Final

# Words that begin a family name of several words.
_PARTICLES: Final = frozenset(
    {
        "von", "vom", "van", "zu", "zum", "zur", "de", "del", "della", "der", "den", "di", "da",
        "das", "do", "dos", "du", "des", "la", "le", "lo", "los", "las", "ten", "ter", "af", "av",
        "bin", "ibn", "ben", "al", "el", "st", "saint", "mac",
    }
)  # fmt: skip


def split_name(full: str) -> tuple[str, str]:
    """Return (first name, last name) of a name written in Western order or as `Last, First`.

    A single word is a first name, since that is what a greeting uses.
    """
    before, comma, after = full.partition(",")
    if comma and before.strip() and after.strip():
        return after.strip(), before.strip()
    words = full.replace(",", " ").split()
    if len(words) < 2:  # noqa: PLR2004
        return " ".join(words), ""
    start = next(
        (position for position, word in enumerate(words[1:-1], 1) if word in _PARTICLES),
        len(words) - 1,
    )
    return " ".join(words[:start]), " ".join(words[start:])
