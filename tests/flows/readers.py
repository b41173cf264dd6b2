"""The sandbox's audience and a real web server, for stories of what comes back."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from insights.models import InboxKey
from tests.flows.world import database_url

START_SECONDS = 30
PROJECT = Path(settings.BASE_DIR)


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def web_server(port: int) -> Iterator[str]:
    """Run the product's web server on the test database and yield its address."""
    environment = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "SECRET_KEY": settings.SECRET_KEY,
        "DEBUG": "1",
    }
    command = (
        f"{sys.executable} -m gunicorn config.wsgi --bind 127.0.0.1:{port} --workers 1 "
        "--threads 8 --no-control-socket --log-level warning"
    )
    with _running(command.split(), environment):
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def audience(
    *, maildir: Path, web: str, key: InboxKey, idle_seconds: float
) -> Iterator[subprocess.Popen[str]]:
    """Run the audience until nothing has been left to do for so long; its diary lies beside."""
    command = (
        f"{sys.executable} -m sandbox.audience --maildir {maildir} --web {web} --tempo test "
        f"--diary {maildir.parent / 'diary'} --end-when-idle {idle_seconds}"
    )
    with _running(command.split(), {**os.environ, "MAILWRIGHT_DEMO_INBOX_KEY": key.key}) as process:
        yield process


@contextlib.contextmanager
def _running(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command, env=environment, cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=START_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
        with contextlib.suppress(OSError):
            connection.request("GET", "/t/o/none.gif")
            connection.getresponse()
            return
        time.sleep(0.1)
    raise AssertionError("the web server did not start")
