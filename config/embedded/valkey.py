"""The embedded Valkey: on a free port of 127.0.0.1, behind a password, remembering nothing.

What matters is in PostgreSQL: a lost broker costs one tick of beat.
"""

from __future__ import annotations

import contextlib
import secrets
import signal
import socket
from dataclasses import dataclass
from pathlib import Path

from config.embedded.account import Account
from config.embedded.data import DataDirectory
from config.embedded.errors import EmbeddedError
from config.embedded.service import Server, Service, start

LOOPBACK = "127.0.0.1"
START_SECONDS = 20
STOP_SECONDS = 10
PASSWORD_BYTES = 24
# Another program may take the free port between finding it and using it.
PORT_TRIES = 5
PING_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Valkey:
    """How to run Valkey for one data directory."""

    data: DataDirectory
    program: Path
    account: Account

    def start(self) -> Service:
        """Return the running server, on whichever free port it got."""
        for _ in range(PORT_TRIES - 1):
            with contextlib.suppress(EmbeddedError):
                return self._start_on(_free_port())
        return self._start_on(_free_port())

    def _start_on(self, port: int) -> Service:
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        self.data.valkey.mkdir(exist_ok=True)
        server = Server(
            name="Valkey",
            # The configuration goes in by standard input, where no list of processes shows it.
            command=[str(self.program), "-"],
            stdin=_configuration(port=port, password=password).encode(),
            url=f"redis://:{password}@{LOOPBACK}:{port}/0",
            log=self.data.path / "valkey.log",
            directory=self.data.valkey,
            ready=lambda: _answers(port=port, password=password),
            start_seconds=START_SECONDS,
            stop_signal=signal.SIGTERM,
            stop_seconds=STOP_SECONDS,
        )
        service = start(server, account=self.account)
        (self.data.valkey / "pid").write_text(str(service.process.pid))
        return service


def _configuration(*, port: int, password: str) -> str:
    lines = (
        f"bind {LOOPBACK}",
        f"port {port}",
        f"requirepass {password}",
        "protected-mode yes",
        'save ""',
        "appendonly no",
        "daemonize no",
        "loglevel warning",
    )
    return "\n".join(lines) + "\n"


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port


def _answers(*, port: int, password: str) -> bool:
    """Return whether the server on `port` takes our password, so that it is ours."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=PING_SECONDS) as connection:
            connection.sendall(f"AUTH {password}\r\n".encode())
            return connection.recv(64).startswith(b"+OK")
    except OSError:
        return False
