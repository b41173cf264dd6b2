"""What was on the wire, kept beyond a kill of the process that wrote it.

Each claim has a file of its own in a directory, and its owner holds a lock on it for as long as it
lives. The system takes the lock from a dead process, whatever it died of, so a file whose lock can
be had belongs to nobody. Lines are written into memory that the system shares with the file: they
outlive the process, but not a loss of power; the header says in which boot they were written. That
costs no system call for a message, and never makes the sending thread wait for another.

    {"boot": ..., "owner": ..., "pid": ...}
    >17                                the body of recipient 17 is about to be written
    <(17,"accepted","body",250,...)    the receipt of recipient 17
"""

from __future__ import annotations

import ast
import fcntl
import json
import mmap
import os
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sending.transports.base import Answer, Receipt, Stage

ROOM_BYTES = 128 * 1024  # of a file to begin with: some 600 messages
BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")
SUFFIX = ".journal"
UNFINISHED_SUFFIX = ".new"


class FileJournal:
    """Writes one owner's file; a `Journal` for transports. For one thread."""

    def __init__(self, directory: Path, *, owner: str) -> None:
        """Begin a file for `owner`, a UUID that nobody used before.

        Raises ValueError if it is no UUID, FileExistsError if its file is there already and
        OSError if the disk is full.
        """
        self.owner = str(uuid.UUID(owner))
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = directory / f"{self.owner}{SUFFIX}"
        self._boot_id = _boot_id()
        content = self._header()
        self._end = len(content)
        self._fd = self._begin_file(content)
        self._memory = mmap.mmap(self._fd, ROOM_BYTES)
        self._room = ROOM_BYTES

    def begin_again(self, *, owner: str) -> None:
        """Serve another owner; everything in the file is stored elsewhere by now.

        The file is emptied under its old name first: whoever finds it there finds nothing to do.
        """
        self.owner = str(uuid.UUID(owner))
        self._memory[: self._end] = bytes(self._end)
        content = self._header()
        self._memory[: len(content)] = content
        self._end = len(content)
        self._path = self._path.rename(self._path.with_name(f"{self.owner}{SUFFIX}"))

    def handing_over(self, recipient_id: int) -> None:
        """Note that the body of this message is about to be written; OSError if that fails."""
        self._append(b">%d\n" % recipient_id)

    def answered(self, receipt: Receipt) -> None:
        """Note the answer to a message; OSError if that fails."""
        self._append(_receipt_line(receipt))

    def discard(self) -> None:
        """End: everything in the file is stored elsewhere by now."""
        self._path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """End. The file stays for a recoverer, who can tell from it what was handed over."""
        self._memory.close()
        os.close(self._fd)

    def _header(self) -> bytes:
        header = {"boot": self._boot_id, "owner": self.owner, "pid": os.getpid()}
        return json.dumps(header).encode("ascii") + b"\n"

    def _append(self, line: bytes) -> None:
        """Write a line whole or not at all."""
        end = self._end + len(line)
        if end > self._room:
            self._make_room(end)
        self._memory[self._end : end] = line
        self._end = end

    def _make_room(self, needed: int) -> None:
        room = max(needed, self._room) * 2
        os.posix_fallocate(self._fd, 0, room)
        self._memory.resize(room)
        self._room = room

    def _begin_file(self, content: bytes) -> int:
        """Put a file in place that is locked and complete before anybody can see it.

        Its room is taken on the disk at once: writing to memory could not say that there is none.
        """
        unfinished = self._path.with_suffix(UNFINISHED_SUFFIX)
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC
        fd = os.open(unfinished, flags, mode=0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.posix_fallocate(fd, 0, ROOM_BYTES)
            os.pwrite(fd, content, 0)
            os.link(unfinished, self._path)  # unlike a rename it never takes another's place
        except OSError:
            os.close(fd)
            raise
        finally:
            unfinished.unlink(missing_ok=True)
        return fd


class Journals:
    """Journals of one process, used again when what they held is stored: a new file costs 1 ms."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._spare: list[FileJournal] = []  # taken and given back by threads of their own

    def take(self, *, owner: str) -> FileJournal:
        """Return an empty journal of `owner`, a UUID that nobody used before."""
        if not self._spare:
            return FileJournal(self._directory, owner=owner)
        journal = self._spare.pop()
        journal.begin_again(owner=owner)
        return journal

    def give_back(self, journal: FileJournal) -> None:
        """Take back a journal whose content is stored elsewhere by now."""
        self._spare.append(journal)

    def discard(self) -> None:
        """Delete the spare ones."""
        while self._spare:
            self._spare.pop().discard()


@dataclass(slots=True, eq=False)
class AbandonedJournal:
    """What a dead owner left. Nobody else gets it until it is released or removed.

    `receipts` are answers whose results were perhaps not stored. `in_doubt` are recipients whose
    message was written and not answered. If not `trustworthy`, lines may be missing: then whatever
    else was in the owner's hands is in doubt as well.
    """

    owner: str
    receipts: tuple[Receipt, ...]
    in_doubt: frozenset[int]
    trustworthy: bool
    _path: Path
    _fd: int = field(repr=False)

    def remove(self) -> None:
        """Delete the file: everything in it is settled."""
        self._path.with_suffix(UNFINISHED_SUFFIX).unlink(missing_ok=True)
        self._path.unlink(missing_ok=True)
        self.release()

    def release(self) -> None:
        """Let another recoverer have the file, if it still exists."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        """Hold the file."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Release the file; it stays unless it was removed."""
        self.release()


def read_abandoned(directory: Path) -> list[AbandonedJournal]:
    """Return the journals in `directory` whose owner lives no more, each locked for the caller."""
    found = (_taken(path) for path in sorted(directory.glob(f"*{SUFFIX}")))
    return [journal for journal in found if journal is not None]


def _taken(path: Path) -> AbandonedJournal | None:
    """Return the journal at `path`, or None if somebody has it or it is gone."""
    try:
        fd = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(fd).st_ino == path.stat().st_ino:  # not a file that was replaced meanwhile
            return _understood(path, fd)
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(fd)
    return None


def _understood(path: Path, fd: int) -> AbandonedJournal:
    header, *lines = path.read_bytes().rstrip(b"\0").split(b"\n")
    torn = lines.pop() if lines else header  # after the last line end: killed while writing, or b""
    story = _Story()
    unclear_count = sum(not story.tell(line) for line in lines)
    return AbandonedJournal(
        owner=path.stem,
        receipts=tuple(story.receipts.values()),
        in_doubt=frozenset(story.unanswered),
        trustworthy=not unclear_count and torn is not header and _is_of_this_boot(header),
        _path=path,
        _fd=fd,
    )


@dataclass(slots=True)
class _Story:
    """What the lines read so far add up to."""

    receipts: dict[int, Receipt] = field(default_factory=dict)
    unanswered: set[int] = field(default_factory=set)

    def tell(self, line: bytes) -> bool:
        """Take in one line; False if it makes no sense."""
        kind, content = line[:1], line[1:]
        try:
            if kind == b">":
                self._handed_over(int(content))
            elif kind == b"<":
                self._answered(_receipt(ast.literal_eval(content.decode("ascii"))))
            else:
                return False
        except (ValueError, TypeError, SyntaxError):
            return False
        return True

    def _handed_over(self, recipient_id: int) -> None:
        self.receipts.pop(recipient_id, None)
        self.unanswered.add(recipient_id)

    def _answered(self, receipt: Receipt) -> None:
        self.unanswered.discard(receipt.recipient_id)
        self.receipts[receipt.recipient_id] = receipt


def _receipt_line(receipt: Receipt) -> bytes:
    values = (
        receipt.recipient_id,
        receipt.answer.value,
        receipt.stage.value,
        receipt.code,
        receipt.enhanced_code,
        receipt.response,
        receipt.queue_id,
        receipt.answered_at.isoformat(),
    )
    return f"<{values!a}\n".encode("ascii")  # far quicker than JSON, and read back as safely


def _receipt(values: tuple[Any, ...]) -> Receipt:
    recipient_id, answer, stage, code, enhanced_code, response, queue_id, answered_at = values
    return Receipt(
        recipient_id=int(recipient_id),
        answer=Answer(answer),
        stage=Stage(stage),
        code=code,
        enhanced_code=enhanced_code,
        response=response,
        queue_id=queue_id,
        answered_at=datetime.fromisoformat(answered_at),
    )


def _boot_id() -> str:
    """Return what the system calls its present run, or an empty string where it does not say."""
    try:
        return BOOT_ID_FILE.read_text().strip()
    except OSError:
        return ""


def _is_of_this_boot(header: bytes) -> bool:
    """Say whether what was written then cannot have been lost since."""
    try:
        boot = json.loads(header)["boot"]
    except (ValueError, TypeError, KeyError):
        return False
    return bool(boot) and boot == _boot_id()
