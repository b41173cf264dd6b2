"""One background server of a run: started, waited for, stopped, its end explained."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from config.embedded.account import Account
from config.embedded.errors import EmbeddedError

POLL_SECONDS = 0.01
LOG_LINES_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """How a server is started, reached and stopped."""

    name: str
    command: list[str]
    url: str
    log: Path
    directory: Path
    ready: Callable[[], bool]
    start_seconds: float
    stop_signal: signal.Signals
    stop_seconds: float
    stdin: bytes = b""


@dataclass(frozen=True, slots=True)
class Service:
    """A server that runs."""

    server: Server
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Return the URL that reaches it."""
        return self.server.url

    def ended(self) -> str | None:
        """Return why the server is no longer there, or None while it runs."""
        if self.process.poll() is None:
            return None
        return f"{self.server.name} ended unexpectedly:\n{last_lines(self.server.log)}"

    def ask_to_stop(self) -> None:
        """Send the signal that makes the server shut down in order."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(self.server.stop_signal)

    def wait_until_stopped(self) -> None:
        """Return when the server is gone, killed if it did not go in time."""
        try:
            self.process.wait(self.server.stop_seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(server: Server, *, account: Account) -> Service:
    """Return the server once it takes connections, in a session that Ctrl-C does not reach."""
    service = Service(server, _spawn(server, account=account))
    try:
        _feed(service.process, server.stdin)
        _wait_until_ready(service)
    except BaseException:
        service.ask_to_stop()
        service.wait_until_stopped()
        raise
    return service


def last_lines(log: Path) -> str:
    """Return the end of a log, indented, with its path."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join([f"  {line}" for line in lines[-LOG_LINES_SHOWN:]] + [f"  (see {log})"])


def _spawn(server: Server, *, account: Account) -> subprocess.Popen[bytes]:
    if server.log.exists():
        server.log.replace(server.log.with_suffix(".previous.log"))
    with server.log.open("ab") as output:
        return subprocess.Popen(
            server.command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=server.directory,
            start_new_session=True,
            **account.process_options(),
        )


def _feed(process: subprocess.Popen[bytes], stdin: bytes) -> None:
    if process.stdin is None:
        return
    with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
        pipe.write(stdin)


def _wait_until_ready(service: Service) -> None:
    server = service.server
    deadline = time.monotonic() + server.start_seconds
    while not server.ready():
        if (reason := service.ended()) is not None:
            raise EmbeddedError(reason)
        if time.monotonic() > deadline:
            raise EmbeddedError(
                f"{server.name} did not answer within {server.start_seconds:.0f} s:\n"
                f"{last_lines(server.log)}"
            )
        time.sleep(POLL_SECONDS)
