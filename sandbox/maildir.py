"""Keeps messages as files of a Maildir, the newest ones only.

A file is written in `tmp` and renamed into `new`, so that a reader never sees half of one.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections import deque
from pathlib import Path

from sandbox.answers import Message

FILE_MODE = 0o600


class Maildir:
    """A directory of messages that any mail program can open.

    `keep` is how many messages stay; the oldest are removed.
    """

    def __init__(self, path: Path, *, keep: int) -> None:
        self._drafts, self._new = str(path / "tmp"), str(path / "new")
        self._keep = keep
        self._numbers = itertools.count(1)
        for name in ("tmp", "new", "cur"):
            (path / name).mkdir(parents=True, exist_ok=True)
        self._names = deque(sorted(entry.name for entry in (path / "new").iterdir()))

    def add(self, message: Message) -> str:
        """Write one message and return the name of its file in `new`."""
        name = f"{time.time_ns():020d}.{os.getpid()}_{next(self._numbers)}.sandbox"
        draft = f"{self._drafts}/{name}"
        # Plain calls of the system: path objects would take as long as the writing itself.
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
        try:
            os.write(descriptor, _trace(message) + message.data)
        finally:
            os.close(descriptor)
        os.rename(draft, f"{self._new}/{name}")  # noqa: PTH104  see above
        self._names.append(name)
        self._remove_oldest()
        return name

    def _remove_oldest(self) -> None:
        while len(self._names) > self._keep:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{self._new}/{self._names.popleft()}")  # noqa: PTH108  as above


def _trace(message: Message) -> bytes:
    """Return the headers a final server puts on top (RFC 5321 4.4), with the real sending IP."""
    lines = (
        f"Return-Path: <{message.mail_from}>",
        *(f"Delivered-To: {address}" for address in message.rcpt_to),
        f"Received: from {message.helo} ([{message.client_ip}])",
        f"\tby sandbox.example with ESMTP id {message.queue_id}",
    )
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1", "replace")
