"""Physical lines of a text file: bounded in length, countable in bytes, and able to be put back."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer  # typos-ignore

MAX_LINE_CHARS: Final = 131_072  # the longest field the csv module takes; no sane row is longer
LONG_LINE_CHARS_KEPT: Final = 200
# Bounds the work that broken quotes can cause: a few seconds.
MAX_REREAD_CHARS: Final = 64 * 1024 * 1024
LINE_COST_CHARS: Final = 64  # what reading a line costs beside its characters, in characters


@dataclass(frozen=True, slots=True)
class LongLine:
    """A line that was too long to be kept: its beginning and its true length."""

    beginning: str
    length: int


Line = str | LongLine


class CountingFile(io.RawIOBase):
    """Reads another file from its start and knows how much of it was read."""

    def __init__(self, source: BinaryIO) -> None:
        super().__init__()
        self._source = source
        self.size = source.seek(0, io.SEEK_END)
        self.position = source.seek(0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:  # typos-ignore
        view = memoryview(buffer)
        data = self._source.read(len(view))
        view[: len(data)] = data
        self.position += len(data)
        return len(data)


class Lines(Iterator[Line]):
    """Lines without their end, whichever of LF, CRLF and CR ends them; NUL characters left out."""

    def __init__(self, text: io.TextIOBase) -> None:
        self._text = text
        self._pending: deque[Line] = deque()
        self._reread_left = MAX_REREAD_CHARS
        self.line_number = 0

    def __next__(self) -> Line:
        line = self._pending.popleft() if self._pending else self._read()
        if line is None:
            raise StopIteration
        self.line_number += 1
        return line

    def put_back(self, lines: list[Line]) -> bool:
        """Make these lines the next ones again; false when that was done too much already."""
        self._reread_left -= sum(
            LINE_COST_CHARS + len(line if isinstance(line, str) else line.beginning)
            for line in lines
        )
        if self._reread_left < 0:
            return False
        self._pending.extendleft(reversed(lines))
        self.line_number -= len(lines)
        return True

    def _read(self) -> Line | None:
        line = self._text.readline(MAX_LINE_CHARS + 1)
        if not line:
            return None
        if len(line) > MAX_LINE_CHARS and not line.endswith("\n"):
            return self._skip_rest(line)
        return line.removesuffix("\n").replace("\0", "")

    def _skip_rest(self, beginning: str) -> LongLine:
        length = len(beginning)
        while piece := self._text.readline(MAX_LINE_CHARS):
            length += len(piece)
            if piece.endswith("\n"):
                length -= 1
                break
        return LongLine(beginning[:LONG_LINE_CHARS_KEPT], length)
