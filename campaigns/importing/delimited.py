"""CSV and its relatives, read as a stream.

A quotation mark that is never closed costs one row, not the rest of the file: the reader looks
ahead for a proper end and, where there is none, refuses that row and goes on with the next line.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from enum import Enum, auto
from itertools import islice
from typing import BinaryIO, Final

from campaigns.importing.dialects import SAMPLE_LINES, SEPARATOR_NAMES, guess_dialect
from campaigns.importing.lines import MAX_LINE_CHARS, CountingFile, Line, Lines, LongLine
from campaigns.importing.table import FileError, Refusal, Row, excerpt

MAX_QUOTED_CHARS: Final = 1024 * 1024  # how far ahead the end of a quoted cell is looked for
MAX_CONTROL_SHARE: Final = 0.05  # of the first characters; more is a picture or a program
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1f]")
_ENCODING_NAMES: Final = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "cp1252": "Western European (Windows-1252)",
    "cp1250": "Central European (Windows-1250)",
}


class Quoting(Enum):
    """Where a line ends with regard to quotation marks."""

    OUTSIDE = auto()
    INSIDE = auto()
    BROKEN = auto()  # a closing mark is followed by something else than the separator


class DelimitedReader:
    """Reads the records of a text file; the dialect is guessed from its first lines."""

    def __init__(self, file: BinaryIO, *, encoding: str) -> None:
        self._file = file
        self._encoding = encoding
        self._counter = CountingFile(file)
        first_lines = [
            line if isinstance(line, str) else line.beginning
            for line in islice(self._lines(), SAMPLE_LINES)
        ]
        _refuse_binary("".join(first_lines))
        self._dialect = guess_dialect(first_lines)
        separator, quote = re.escape(self._dialect.separator), re.escape(self._dialect.quote)
        self._opening = re.compile(rf"(?:^|{separator}) *{quote}")
        self._inside = re.compile(rf"(?:[^{quote}]|{quote}{quote})*+")
        self._closing = re.compile(rf"{quote} *(?={separator}|$)")

    @property
    def description(self) -> str:
        """What was recognized, for the person who chose the file."""
        encoding = _ENCODING_NAMES.get(self._encoding, self._encoding)
        separator = SEPARATOR_NAMES.get(self._dialect.separator, self._dialect.separator)
        return f"CSV, {encoding}, columns separated by {separator}"

    @property
    def progress(self) -> float:
        return self._counter.position / self._counter.size if self._counter.size else 1.0

    def records(self) -> Iterator[Row | Refusal]:
        """Yield the rows of the file from its start, numbered from 1."""
        lines = self._lines()
        if self._dialect.declared:
            next(lines)
        for number, line in enumerate(lines, start=1):
            if isinstance(line, LongLine):
                yield _too_long(number, line.length, line.beginning)
            elif self._dialect.quote in line:
                yield self._quoted_record(number, line, lines)
            else:
                yield Row(number, line.split(self._dialect.separator))

    def _lines(self) -> Lines:
        self._counter = CountingFile(self._file)
        buffered = io.BufferedReader(self._counter, buffer_size=128 * 1024)
        return Lines(io.TextIOWrapper(buffered, encoding=self._encoding, errors="replace"))

    def _quoted_record(self, number: int, first: str, lines: Lines) -> Row | Refusal:
        """Return the record that begins with a line holding a quotation mark."""
        taken: list[Line] = [first]
        length = len(first)
        quoting = self._quoting_after(first, inside=False)
        while quoting is Quoting.INSIDE and length <= MAX_QUOTED_CHARS:
            line = next(lines, None)
            if line is None:
                break
            taken.append(line)
            length += len(line) if isinstance(line, str) else line.length
            quoting = self._quoting_after(line, inside=True)
        if quoting is not Quoting.OUTSIDE and (len(taken) > 1 or quoting is Quoting.INSIDE):
            return _unclosed(number, taken, lines)
        if length > MAX_LINE_CHARS:
            return _too_long(number, length, first)
        return Row(number, self._dialect.split("\n".join(map(str, taken))))

    def _quoting_after(self, line: Line, *, inside: bool) -> Quoting:
        if isinstance(line, LongLine):
            return Quoting.BROKEN
        position = 0
        while True:
            if inside:
                matched = self._inside.match(line, position)
                position = matched.end() if matched else position
                if position == len(line):
                    return Quoting.INSIDE
                closing = self._closing.match(line, position)
                if closing is None:
                    return Quoting.BROKEN
                position = closing.end()
            opening = self._opening.search(line, position)
            if opening is None:
                return Quoting.OUTSIDE
            position, inside = opening.end(), True


def _unclosed(number: int, taken: list[Line], lines: Lines) -> Refusal:
    """Refuse the first line taken; the lines behind it are read again as rows of their own."""
    first = taken[0]
    begins = lines.line_number - len(taken) + 1
    reason = f"A quotation mark that opens in line {begins:,} of the file is never closed."
    if not lines.put_back(taken[1:]):
        reason += f" The {len(taken) - 1:,} lines after it could not be read."
    return Refusal(number, "unclosed_quote", reason, excerpt([str(first)]))


def _too_long(number: int, length: int, beginning: str) -> Refusal:
    return Refusal(
        number,
        "row_too_long",
        f"The row has {length:,} characters; {MAX_LINE_CHARS:,} is the limit.",
        excerpt([beginning]),
    )


def _refuse_binary(text: str) -> None:
    if len(_CONTROL.findall(text)) > MAX_CONTROL_SHARE * len(text):
        raise FileError(
            "not_a_table", "This file holds no table. Save the contacts as CSV or XLSX."
        )
