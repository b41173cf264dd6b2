"""The shape of a table of contacts, whatever file it came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import BinaryIO, Final, NamedTuple, Protocol, Self

from common.errors import DomainError

EXCERPT_CHARS: Final = 200  # enough to find the row again, small enough to store by the million


class FileError(DomainError):
    """A file that holds no table we can read; nothing of it was imported."""


class Row(NamedTuple):
    """One row of the table.

    `number` is the row number that a spreadsheet program shows for this file, counted from 1
    and with empty rows counted: below a header the first row of data is 2. A quoted line break
    does not start a new row, so in a text editor the line may be further down.
    """

    number: int
    cells: list[str]


class Refusal(NamedTuple):
    """A row that does not go in: `code` for programs, `reason` for people."""

    number: int
    code: str
    reason: str
    excerpt: str


class RecordReader(Protocol):
    """What each file format provides: all rows, a header not being told from data."""

    @property
    def description(self) -> str: ...

    @property
    def progress(self) -> float: ...

    def records(self) -> Iterator[Row | Refusal]: ...


@dataclass(frozen=True, slots=True)
class Table:
    """A header and rows, read lazily.

    `columns` are unique and never empty; a column without a name is called `Column 3`.
    `description` tells what was recognized, such as "CSV, UTF-8, columns separated by semicolons".
    """

    columns: tuple[str, ...]
    has_header: bool
    reader: RecordReader
    file: BinaryIO
    owns_file: bool

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file if it was opened here and not handed in open."""
        if self.owns_file:
            self.file.close()

    @property
    def description(self) -> str:
        return self.reader.description

    @property
    def progress(self) -> float:
        """Share of the file that the rows in use have consumed, in [0, 1]."""
        return self.reader.progress

    def rows(self) -> Iterator[Row | Refusal]:
        """Yield every row of data from the first one on, each with one cell per column.

        Empty rows are left out. Each call reads the file anew; use one iterator at a time.
        """
        header_pending = self.has_header
        for record in self.reader.records():
            if isinstance(record, Refusal):
                yield record
            elif any(map(str.strip, record.cells)):
                if header_pending:
                    header_pending = False
                else:
                    yield _fitted(record, width=len(self.columns))

    def sample(self, count: int) -> list[list[str]]:
        """Return the cells of the first `count` readable rows."""
        readable = (row.cells for row in self.rows() if isinstance(row, Row))
        return list(islice(readable, count))


def excerpt(cells: list[str]) -> str:
    """Return the beginning of a row on one line, to recognize it by."""
    text = " | ".join(cell[:EXCERPT_CHARS] for cell in cells)
    return " ".join(text.split())[:EXCERPT_CHARS]


def _fitted(row: Row, *, width: int) -> Row | Refusal:
    """Return the row with exactly `width` cells: missing ones are empty, a surplus is refused."""
    surplus = len(row.cells) - width
    if surplus == 0:
        return row
    if surplus < 0:
        return Row(row.number, row.cells + [""] * -surplus)
    if not any(map(str.strip, row.cells[width:])):
        return Row(row.number, row.cells[:width])
    return Refusal(
        row.number,
        "too_many_cells",
        f"The row has {len(row.cells)} cells, but the table has {width} columns. "
        "A cell that contains the separator must stand in quotation marks.",
        excerpt(row.cells),
    )
