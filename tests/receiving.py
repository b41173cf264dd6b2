"""A web server on this machine that is told things, and keeps what it was told."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Heard:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What the server was told, and how it answers."""

    port: int = 0
    host: str = "127.0.0.1"
    scheme: str = "http"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    answer: bytes = b"ok"
    heard: list[Heard] = field(default_factory=list)
    # Called for each request before the answer, such as to wait.
    meanwhile: Callable[[Any], None] = lambda _handler: None

    @property
    def url(self) -> str:
        """Where to send requests."""
        return f"{self.scheme}://{self.host}:{self.port}/events"


@contextlib.contextmanager
def receiving(
    host: str = "127.0.0.1", *, ssl_context: ssl.SSLContext | None = None
) -> Iterator[Receiver]:
    """Yield a running server; it is stopped afterwards."""
    receiver = Receiver(host=host, scheme="https" if ssl_context else "http")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.heard.append(Heard(self.path, headers, body))
            with contextlib.suppress(OSError):
                receiver.meanwhile(self)
                self.send_response(receiver.status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(receiver.answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that refuses our certificate is none of our business."""

    server = Server((host, 0), Handler)
    if ssl_context:
        server.socket = ssl_context.wrap_socket(server.socket, server_side=True)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
