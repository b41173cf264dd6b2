"""Lines of CSV files that spreadsheet programs open without harm."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Final

BYTE_ORDER_MARK: Final = "\ufeff"  # without it spreadsheet programs garble accents
_FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r")


def csv_line(cells: Iterable[object]) -> str:
    """Return one line. Cells that begin like a formula are made plain text."""
    line = io.StringIO()
    csv.writer(line).writerow(map(_plain, cells))
    return line.getvalue()


def _plain(cell: object) -> str:
    text = str(cell)
    return f"'{text}" if text.startswith(_FORMULA_SIGNS) else text
