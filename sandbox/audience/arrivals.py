"""What has arrived in the Maildir since the last look, also over restarts."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_HEADER_OCTETS: Final = 32_768  # of a message that are looked at for its envelope
LATE_SECONDS: Final = 10.0  # after its name was chosen a message is there by then
COARSE_SECONDS: Final = 1.0  # how far apart the times of a folder are at the most
_NANO: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that has come, and when, in seconds since 1970."""

    path: Path
    at: float

    def beginning(self) -> bytes | None:
        """Return the header section, or None when the message is gone."""
        try:
            with self.path.open("rb") as file:
                return file.read(_HEADER_OCTETS)
        except FileNotFoundError:
            return None

    def whole(self) -> bytes | None:
        """Return all of the message, or None when it is gone."""
        with contextlib.suppress(FileNotFoundError):
            return self.path.read_bytes()
        return None


class Arrivals:
    """Names what is new in a Maildir, the oldest first.

    A look may miss a message that comes in meanwhile and yet find one that came after it, so for
    some time those that were named are remembered one by one. The name of the last one is kept in a
    file, so that after a restart nobody reads a message a second time.
    """

    def __init__(self, maildir: Path, *, bookmark: Path) -> None:
        self._new = maildir / "new"
        self._bookmark = bookmark
        self._last = bookmark.read_text().strip() if bookmark.exists() else ""
        self._floor = self._last  # whatever is below has been named, or is not going to be
        self._named: set[str] = set()  # above it
        self._looked_at = 0.0
        self._left = False

    def look(self, limit: int) -> Iterator[Arrival]:
        """Yield up to `limit` messages that were not named before."""
        names = self._names()
        self._left = len(names) > limit
        for name in names[:limit]:
            self._named.add(name)
            yield Arrival(self._new / name, _arrived_at(name))
        if names[:limit]:
            self._forget_old_names()
            self._keep_place()

    def _names(self) -> list[str]:
        """Return the new names in order; none without looking, while the folder is unchanged."""
        try:
            changed = self._new.stat().st_mtime
            if changed == self._looked_at and not self._left:
                return []
            # What comes in while this looks may bear the same time: look again for some moments.
            self._looked_at = changed if time.time() - changed > COARSE_SECONDS else 0.0
            with os.scandir(self._new) as found:
                above = {entry.name for entry in found if entry.name > self._floor}
            return sorted(above - self._named)
        except FileNotFoundError:
            return []

    def _keep_place(self) -> None:
        self._bookmark.parent.mkdir(parents=True, exist_ok=True)
        draft = self._bookmark.with_suffix(".tmp")
        draft.write_text(self._last)
        draft.replace(self._bookmark)

    def _forget_old_names(self) -> None:
        """Raise the floor to the moment below which nothing can turn up any more."""
        self._last = max(self._named)
        until = int((_arrived_at(self._last) - LATE_SECONDS) * _NANO)
        self._floor = max(self._floor, f"{until:020d}")
        self._named = {name for name in self._named if name > self._floor}


def _arrived_at(name: str) -> float:
    """Return the time that the name of a file begins with, in nanoseconds."""
    digits = name.partition(".")[0]
    return int(digits) / _NANO if digits.isdecimal() else 0.0
