"""Where the web server will listen, checked before anything is started."""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import dataclass

from config.launch.errors import LaunchError

LOOPBACK = "127.0.0.1"
DEFAULT_PORT = 8000
HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True)
class WebAddress:
    """The host and port of the web server."""

    port: int = DEFAULT_PORT
    host: str = LOOPBACK

    @property
    def url(self) -> str:
        """Return the address as a browser takes it, without a path."""
        return f"http://{self.host}:{self.port}"

    def check_free(self) -> None:
        """Raise LaunchError if nobody can listen here."""
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            # As gunicorn does: connections that are still closing do not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
            except OSError as error:
                raise LaunchError(_reason(error, port=self.port)) from error


def configured_address() -> WebAddress:
    """Return the address that PORT chooses, on loopback."""
    text = os.environ.get("PORT") or str(DEFAULT_PORT)
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= HIGHEST_PORT:
        raise LaunchError(f"PORT={text} is not a port number; take one like PORT=8080")
    return WebAddress(port=int(text))


def _reason(error: OSError, *, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} is in use by another program. "
            f"Stop it, or choose another port: PORT={_other(port)} make run"
        )
    if error.errno == errno.EACCES:
        return f"you have no right to listen on port {port}. Choose another: PORT=8000 make run"
    return f"cannot listen on port {port}: {error.strerror}"


def _other(port: int) -> int:
    return port + 1 if port < HIGHEST_PORT else DEFAULT_PORT
