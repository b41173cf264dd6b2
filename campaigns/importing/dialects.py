"""How a text file separates and quotes its cells."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

SEPARATOR_NAMES: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
SAMPLE_LINES: Final = 50
_DECLARED: Final = re.compile(r"sep=(.)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Dialect:
    """The separator, the quotation mark, and whether a first line `sep=;` declared them."""

    separator: str = ","
    quote: str = '"'
    declared: bool = False

    def split(self, record: str) -> list[str]:
        """Return the cells of one whole record, quoted line breaks included."""
        return next(
            csv.reader(
                [record], delimiter=self.separator, quotechar=self.quote, skipinitialspace=True
            ),
            [],
        )


def declared_separator(line: str) -> str | None:
    """Return the separator that spreadsheet programs announce as `sep=;` in the first line."""
    match = _DECLARED.fullmatch(line.strip("\r\n \ufeff"))
    return match[1] if match else None


def guess_dialect(lines: Sequence[str]) -> Dialect:
    """Return the dialect in which the first lines of a file fall into the most even columns."""
    declared = declared_separator(lines[0]) if lines else None
    if declared:
        return Dialect(separator=declared, declared=True)
    filled = [line for line in lines if line.strip()][:SAMPLE_LINES]
    if not filled:
        return Dialect()
    candidates = [Dialect(separator, _quote(filled[0], separator)) for separator in SEPARATOR_NAMES]
    return max(candidates, key=lambda dialect: _evenness(filled, dialect))


def _evenness(lines: Sequence[str], dialect: Dialect) -> tuple[float, int]:
    """Return (share of lines as wide as the first, width); all zero with a single column."""
    widths = [len(dialect.split(line)) for line in lines]
    if widths[0] < 2:  # noqa: PLR2004
        return 0.0, 0
    return round(widths.count(widths[0]) / len(widths), 1), widths[0]


def _quote(first_line: str, separator: str) -> str:
    cells = [cell.strip() for cell in first_line.split(separator)]
    single = all(len(cell) > 1 and cell[0] == cell[-1] == "'" for cell in cells)
    return "'" if single else '"'
