"""Where the programs will listen, checked before anything is started."""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import dataclass

from config.launch.errors import LaunchError

LOOPBACK = "127.0.0.1"
HIGHEST_PORT = 65535
FIRST_FOR_EVERYBODY = 1024


@dataclass(frozen=True, slots=True)
class Port:
    """A port of 127.0.0.1, who wants to listen there, and the variable that chooses it."""

    number: int
    user: str = "the web server"
    variable: str = "PORT"

    @property
    def url(self) -> str:
        """Return the address as a browser takes it, without a path."""
        return f"http://{LOOPBACK}:{self.number}"

    def check_free(self) -> None:
        """Raise LaunchError if nobody can listen here."""
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            # As servers do: connections that are still closing do not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, self.number))
            except OSError as error:
                raise LaunchError(self._reason(error)) from error

    def _reason(self, error: OSError) -> str:
        other = self.number + 1 if FIRST_FOR_EVERYBODY <= self.number < HIGHEST_PORT else 8080
        way_out = f"Choose another: {self.variable}={other} make run"
        if error.errno == errno.EADDRINUSE:
            return f"port {self.number} for {self.user} is in use by another program. {way_out}"
        reason = "you have no right to" if error.errno == errno.EACCES else str(error.strerror)
        return f"cannot listen on port {self.number} for {self.user}: {reason}. {way_out}"


def web_port() -> Port:
    """Return the web server's port: PORT, or 8000."""
    return Port(_number("PORT", default=8000))


def sandbox_port() -> Port:
    """Return the port on which the sandbox takes mail: MAILWRIGHT_SANDBOX_PORT, or 2525."""
    number = _number("MAILWRIGHT_SANDBOX_PORT", default=2525)
    return Port(number, user="the sandbox", variable="MAILWRIGHT_SANDBOX_PORT")


def _number(variable: str, *, default: int) -> int:
    text = os.environ.get(variable) or str(default)
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= HIGHEST_PORT:
        raise LaunchError(f"{variable}={text} is not a port number; take one like {default}")
    return int(text)
