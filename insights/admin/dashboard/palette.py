"""Colours that people with any kind of sight can tell apart, on white and on black.

The first ones are those of Okabe and Ito (2008); a provider has the same one on every chart.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Final

BLUE: Final = "#2b83ba"
ORANGE: Final = "#e69f00"
GREEN: Final = "#009e73"
VERMILION: Final = "#d55e00"
PINK: Final = "#cc79a7"
SKY: Final = "#56b4e9"
GREY: Final = "#8b919a"
PALE_BLUE: Final = "#a3c8e2"
PALE_ORANGE: Final = "#f2cf87"

ORDER: Final = (BLUE, ORANGE, GREEN, PINK, SKY, VERMILION)
REST: Final = GREY
_PROVIDERS: Final[Mapping[str, str]] = {
    "gmail": VERMILION,
    "google_workspace": ORANGE,
    "outlook": BLUE,
    "microsoft365": SKY,
    "yahoo": PINK,
    "apple": GREEN,
    "other": "#a0785a",
}
# For every other provider one of these, always the same.
_FURTHER: Final = ("#7b6fd0", "#999933", "#44aa99", "#b0568a", "#5f8a3a", "#c76b6b")


def provider_colour(provider: str) -> str:
    """Return the colour of a provider."""
    number = zlib.crc32(provider.encode()) % len(_FURTHER)
    return _PROVIDERS.get(provider, _FURTHER[number])
