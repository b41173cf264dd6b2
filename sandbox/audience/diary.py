"""What the audience did, a line of JSON each: to be held against what the product counted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from sandbox.audience.deeds import Deed

LARGEST_OCTETS: Final = 50_000_000  # then it is begun anew, the one before kept beside it
_DONE: Final = range(200, 400)
_FACTS: Final = {
    Deed.REPLY.value: "replies",
    Deed.COMPLAIN.value: "complaints",
    Deed.COMPLAIN_IN_WORDS.value: "complaints",
    Deed.UNSUBSCRIBE.value: "unsubscribes",
    Deed.UNSUBSCRIBE_BY_MAIL.value: "unsubscribes",
    Deed.BOUNCE.value: "late_bounces",
    Deed.BOUNCE_IN_WORDS.value: "late_bounces",
}
_HITS: Final = {
    (Deed.OPEN.value, "person"): "opens",
    (Deed.OPEN.value, "machine"): "machine_opens",
    (Deed.CLICK.value, "person"): "clicks",
    (Deed.CLICK.value, "machine"): "machine_clicks",
}
FIGURES: Final = (
    "opens", "unique_opens", "machine_opens", "clicks", "unique_clicks", "machine_clicks",
    "replies", "complaints", "unsubscribes", "late_bounces",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done. `status` is what the web server said; 0 when it said nothing."""

    at: float
    message_id: str
    address: str
    did: str
    who: str
    status: int
    link: int | None = None
    trouble: str | None = None

    @property
    def arrived(self) -> bool:
        """Whether the web server took it."""
        return self.status in _DONE


class Diary:
    """A file that entries are added to; without a path nothing is kept."""

    def __init__(self, path: Path | None) -> None:
        self.count = 0
        self.failed = 0
        if path is None:
            self._file = None
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > LARGEST_OCTETS:
            path.replace(path.with_suffix(path.suffix + ".1"))
        self._file = path.open("a", buffering=1, encoding="utf-8")

    def add(self, entry: Entry) -> None:
        """Write an entry down."""
        self.count += 1
        self.failed += not entry.arrived
        if self._file is not None:
            self._file.write(json.dumps(asdict(entry), ensure_ascii=False) + "\n")

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def entries(path: Path) -> Iterator[Entry]:
    """Yield what a diary says; a last line that was cut off is left out."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.endswith("\n"):
                yield Entry(**json.loads(line))


def tally(done: Iterable[Entry]) -> dict[str, int]:
    """Return the figures that the product should show for what was done.

    What concerns a message counts once for it; the web server must have taken it.
    """
    figures = dict.fromkeys(FIGURES, 0)
    seen: set[tuple[str, str]] = set()
    for entry in done:
        if not entry.arrived:
            continue
        hit = _HITS.get((entry.did, entry.who), "")
        if hit:
            figures[hit] += 1
        fact = f"unique_{hit}" if f"unique_{hit}" in figures else _FACTS.get(entry.did, "")
        if fact and (fact, entry.message_id) not in seen:
            seen.add((fact, entry.message_id))
            figures[fact] += 1
    return figures
