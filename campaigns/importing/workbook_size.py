"""How much memory a workbook would take, found before it is opened.

A sheet is held in memory as a full rectangle: one stray value in its last corner means billions
of cells, and a small ZIP file can unpack to any size. Both are measured by streaming.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from typing import IO, BinaryIO, Final

from campaigns.importing.formats import damaged_workbook
from campaigns.importing.table import FileError

MAX_CELLS: Final = 4_000_000  # about 100 bytes each while it is read
MAX_UNPACKED_BYTES: Final = 1024 * 1024 * 1024
_CHUNK_BYTES: Final = 1024 * 1024
_TAG_BYTES: Final = 256  # carried over so that a tag cut in two by a chunk is seen whole
# A cell with something in it; cells that are only formatted take no room.
_CELL: Final = re.compile(
    rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,3})(\d{1,7})"[^>]*(?<!/)>(?=[^<]|<[^/])'
)


def check_workbook_size(file: BinaryIO) -> None:
    """Raise FileError when the workbook is too large to be held in memory, or damaged."""
    file.seek(0)
    unpacked = 0
    try:
        with zipfile.ZipFile(file) as archive:
            for name in archive.namelist():
                with archive.open(name) as part:
                    unpacked += _check_part(part, is_sheet="worksheets/" in name, before=unpacked)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise damaged_workbook() from error


def _check_part(part: IO[bytes], *, is_sheet: bool, before: int) -> int:
    """Return the unpacked size of one file in the archive."""
    size, column_count, row_count, tail = 0, 0, 0, b""
    while chunk := part.read(_CHUNK_BYTES):
        size += len(chunk)
        if is_sheet:
            for column, row in _filled_cells(tail + chunk):
                column_count, row_count = max(column_count, column), max(row_count, row)
            tail = chunk[-_TAG_BYTES:]
        if before + size > MAX_UNPACKED_BYTES or column_count * row_count > MAX_CELLS:
            raise FileError(
                "workbook_too_large",
                "The workbook is too large to be read at once. Save the sheet as CSV, which has "
                "no such limit, or delete stray values far below or right of the table.",
            )
    return size


def _filled_cells(xml: bytes) -> list[tuple[int, int]]:
    """Return (column, row) of each cell in the XML that has content."""
    return [(_column_number(match[1]), int(match[2])) for match in _CELL.finditer(xml)]


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number
