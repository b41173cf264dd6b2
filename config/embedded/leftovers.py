"""What a run that was killed left behind: its processes, its services, its sockets.

Only called by the holder of the data directory's lock, so whatever is found has no living owner.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterable
from pathlib import Path

import psutil

from config.embedded.data import DataDirectory, remove_linked

# Set in the command's environment; every process started by it inherits it.
OWNER_VARIABLE = "MAILWRIGHT_EMBEDDED_OWNER"
# Seconds a process gets to end by itself before it is killed.
COMMAND_GRACE_SECONDS = 5
SERVICE_GRACE_SECONDS = 20


def reclaim(data: DataDirectory) -> None:
    """Stop everything that a dead owner of `data` left running, and clear its marks."""
    stop_processes_of(data)
    data.urls.unlink(missing_ok=True)
    postmaster_file = data.postgresql / "postmaster.pid"
    _stop_service(postmaster_file, name="postgres", directory=data.postgresql, how=signal.SIGINT)
    # PostgreSQL refuses to start if the number in it belongs to some other process by now.
    postmaster_file.unlink(missing_ok=True)
    _stop_service(
        data.valkey / "pid", name="valkey-server", directory=data.valkey, how=signal.SIGTERM
    )
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
    _, alive = psutil.wait_procs(asked, timeout=grace_seconds)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=grace_seconds)


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
