"""The directory that one set of services owns: where it is, who holds it, what lies in it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from config.embedded.errors import EmbeddedError

PROJECT_DIR = Path(__file__).resolve().parents[2]
# Others may pass through, not list: as root, PostgreSQL runs as a user of its own.
PASSABLE = 0o711


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """The paths under one data directory. `temporary` ones vanish after the run."""

    path: Path
    temporary: bool = False

    @property
    def lock(self) -> Path:
        """Return the file that the owning process keeps locked while it lives."""
        return self.path / "lock"

    @property
    def urls(self) -> Path:
        """Return the file with the URLs of the services that run now."""
        return self.path / "services.json"

    @property
    def keys(self) -> Path:
        """Return the file with the generated secrets."""
        return self.path / "secrets.env"

    @property
    def postgresql(self) -> Path:
        """Return PostgreSQL's data directory, or a link to it."""
        return self.path / "postgresql"

    @property
    def valkey(self) -> Path:
        """Return Valkey's working directory."""
        return self.path / "valkey"

    @property
    def sockets(self) -> Path:
        """Return the link to the short directory that holds PostgreSQL's socket."""
        return self.path / "sockets"


def configured_path() -> Path:
    """Return MAILWRIGHT_DATA_DIR, or `.data` beside the code."""
    return Path(os.environ.get("MAILWRIGHT_DATA_DIR") or PROJECT_DIR / ".data").absolute()


def kept(path: Path) -> DataDirectory:
    """Return the lasting data directory at `path`, made if it is missing."""
    return DataDirectory(make_directory(path))


def try_lock(path: Path) -> int | None:
    """Return a descriptor that holds the file `path` for this process, or None if another does.

    The kernel lets go of it when the process ends, however it ends.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise not_writable(path.parent, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    os.truncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor


def new_temporary(
    parent: Path, *, reclaim: Callable[[DataDirectory], None]
) -> tuple[DataDirectory, int]:
    """Return a new locked directory below `parent`, after removing those whose owner died.

    `reclaim` stops whatever a dead owner left running in its directory.
    """
    parent = make_directory(parent)
    gate = os.open(parent / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        # Held while sweeping and creating, so that nobody sweeps a directory not locked yet.
        fcntl.flock(gate, fcntl.LOCK_EX)
        for left in sorted(path for path in parent.iterdir() if path.is_dir()):
            _sweep(DataDirectory(left, temporary=True), reclaim=reclaim)
        data = DataDirectory(Path(tempfile.mkdtemp(dir=parent)), temporary=True)
        data.path.chmod(PASSABLE)
        held = try_lock(data.lock)
    finally:
        os.close(gate)
    if held is None:
        raise EmbeddedError(f"{data.path} was taken by another process; start again")
    return data, held


def remove(data: DataDirectory) -> None:
    """Delete a temporary directory and what its links point to."""
    remove_linked(data.sockets)
    if data.postgresql.is_symlink():
        # The directory above it was made for nothing else.
        shutil.rmtree(data.postgresql.readlink().parent, ignore_errors=True)
    shutil.rmtree(data.path, ignore_errors=True)


def remove_linked(link: Path) -> None:
    """Delete a link and the directory it points to; anything but a link is left alone."""
    if link.is_symlink():
        shutil.rmtree(link.readlink(), ignore_errors=True)
        link.unlink(missing_ok=True)


def make_directory(path: Path) -> Path:
    """Return `path`, made with its parents so that the database's user may pass through."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        if path.stat().st_uid == os.geteuid():
            path.chmod(path.stat().st_mode | PASSABLE)
    except OSError as error:
        raise not_writable(path, error) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise not_writable(path, PermissionError("no right to write in it"))
    return path


def not_writable(path: Path, error: OSError) -> EmbeddedError:
    """Return the error that names the directory, its owner and the two ways out."""
    owner = ""
    with contextlib.suppress(OSError, KeyError):
        owner = f" (it belongs to {path.owner()})"
    return EmbeddedError(
        f"cannot keep data in {path}{owner}: {error.strerror or error}. "
        "Make it writable for you, or set MAILWRIGHT_DATA_DIR to a directory that is."
    )


def _sweep(data: DataDirectory, *, reclaim: Callable[[DataDirectory], None]) -> None:
    held = try_lock(data.lock)
    if held is None:
        return
    try:
        reclaim(data)
        remove(data)
    finally:
        os.close(held)
