"""What a run that was killed left behind: its processes, its services, its sockets.

Only called by the holder of the data directory's lock, so whatever is found has no living owner.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

from config.embedded.data import DataDirectory, remove_linked

# Set in the command's environment; every process started by it inherits it.
OWNER_VARIABLE = "MAILWRIGHT_EMBEDDED_OWNER"
# Seconds a process gets to end by itself before it is killed.
COMMAND_GRACE_SECONDS = 5
SERVICE_GRACE_SECONDS = 20
POLL_SECONDS = 0.02


def reclaim(data: DataDirectory) -> None:
    """Stop everything that a dead owner of `data` left running, and clear its marks."""
    stop_processes_of(data)
    _stop_service(
        data.postgresql / "postmaster.pid",
        name="postgres",
        directory=data.postgresql,
        how=signal.SIGINT,
    )
    _stop_service(
        data.valkey / "pid", name="valkey-server", directory=data.valkey, how=signal.SIGTERM
    )
    clear_marks(data)


def clear_marks(data: DataDirectory) -> None:
    """Remove the URLs, process numbers and sockets of services that are gone."""
    data.urls.unlink(missing_ok=True)
    # PostgreSQL refuses to start if the number in it belongs to some other process by now.
    (data.postgresql / "postmaster.pid").unlink(missing_ok=True)
    (data.valkey / "pid").unlink(missing_ok=True)
    remove_linked(data.sockets)


def stop_processes_of(data: DataDirectory) -> None:
    """End every process that the command of this data directory started and left."""
    stop(
        (process for process in psutil.process_iter() if _belongs_to(process, data.path)),
        how=signal.SIGTERM,
        grace_seconds=COMMAND_GRACE_SECONDS,
    )


def stop(processes: Iterable[psutil.Process], *, how: signal.Signals, grace_seconds: float) -> None:
    """Send `how` to the processes and kill those that still live after the grace."""
    asked = list(processes)
    for process in asked:
        with contextlib.suppress(psutil.Error):
            process.send_signal(how)
    for process in _still_alive(asked, seconds=grace_seconds):
        with contextlib.suppress(psutil.Error):
            process.kill()
    _still_alive(asked, seconds=grace_seconds)


def _still_alive(processes: list[psutil.Process], *, seconds: float) -> list[psutil.Process]:
    """Return those of `processes` that run on after `seconds`; return at once when none does."""
    deadline = time.monotonic() + seconds
    while alive := [process for process in processes if _runs(process)]:
        if time.monotonic() > deadline:
            break
        time.sleep(POLL_SECONDS)
    return alive


def _runs(process: psutil.Process) -> bool:
    # A container's first process may never reap what it adopts: a zombie is as good as gone.
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _belongs_to(process: psutil.Process, path: Path) -> bool:
    with contextlib.suppress(psutil.Error, OSError):
        return process.environ().get(OWNER_VARIABLE) == str(path)
    return False


def _stop_service(pid_file: Path, *, name: str, directory: Path, how: signal.Signals) -> None:
    process = _running(pid_file, name=name, directory=directory)
    if process is not None:
        stop([process], how=how, grace_seconds=SERVICE_GRACE_SECONDS)


def _running(pid_file: Path, *, name: str, directory: Path) -> psutil.Process | None:
    """Return the process named in `pid_file` if it is ours: the same program in our directory.

    A number alone proves nothing: after a restart of the machine it can be anybody's.
    """
    with contextlib.suppress(OSError, ValueError, IndexError, psutil.Error):
        process = psutil.Process(int(pid_file.read_text().split()[0]))
        if process.name() == name and Path(process.cwd()) == directory.resolve():
            return process
    return None
