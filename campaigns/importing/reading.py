"""Any supported file of contacts, opened as one kind of table."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from campaigns.importing.delimited import DelimitedReader
from campaigns.importing.encodings import guess_encoding
from campaigns.importing.formats import Format, recognize_format
from campaigns.importing.spreadsheet import SpreadsheetReader
from campaigns.importing.table import FileError, RecordReader, Refusal, Row, Table
from common.addresses import AddressError, normalize_address, split_display_name

Source = Path | bytes | BinaryIO


def open_table(source: Source) -> Table:
    """Return the table in a CSV or XLSX file, told apart by content.

    `source` is a path, the bytes themselves or a seekable binary file. Close the table, or use
    it as a context manager.
    Raises FileError with a code and a sentence when there is no table with a row of data.
    """
    file, owned = _opened(source)
    try:
        return _table_in(file, owned=owned)
    except BaseException:
        if owned:
            file.close()
        raise


def looks_like_address(cell: str) -> bool:
    """Tell whether a cell holds an e-mail address, with or without a name around it."""
    if "@" not in cell:
        return False
    try:
        normalize_address(split_display_name(cell)[1])
    except AddressError:
        return False
    return True


def _opened(source: Source) -> tuple[BinaryIO, bool]:
    if isinstance(source, Path):
        try:
            return source.open("rb"), True
        except OSError as error:
            message = f"The file could not be opened: {error.strerror}."
            raise FileError("file_not_readable", message) from error
    if isinstance(source, bytes):
        return io.BytesIO(source), True
    return source, False


def _table_in(file: BinaryIO, *, owned: bool) -> Table:
    reader: RecordReader
    if recognize_format(file) is Format.XLSX:
        reader = SpreadsheetReader(file)
    else:
        reader = DelimitedReader(file, encoding=guess_encoding(file))
    first = _first_filled(reader)
    has_header = not any(map(looks_like_address, first.cells))
    columns = _column_names(first.cells if has_header else [""] * len(first.cells))
    table = Table(columns, has_header, reader, file, owned)
    if next(table.rows(), None) is None:
        message = "The file has a header but no row below it. Nothing can be imported."
        raise FileError("no_rows", message)
    return table


def _first_filled(reader: RecordReader) -> Row:
    for record in reader.records():
        if isinstance(record, Refusal):
            raise FileError(
                "unreadable_first_row",
                f"The first row of the file could not be read. {record.reason}",
            )
        if any(map(str.strip, record.cells)):
            return record
    raise FileError("empty_file", "The file is empty.")


def _column_names(cells: Sequence[str]) -> tuple[str, ...]:
    """Return a name for each column: trimmed, never empty, each one only once."""
    names: list[str] = []
    taken: set[str] = set()
    for position, cell in enumerate(cells, start=1):
        wanted = " ".join(cell.split()) or f"Column {position}"
        name, count = wanted, 1
        while name in taken:
            count += 1
            name = f"{wanted} ({count})"
        taken.add(name)
        names.append(name)
    return tuple(names)
