"""The moment the product answers: waiting for it, and the message that says where to look."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterable
from pathlib import Path

from config.launch.ports import LOOPBACK, Port
from sandbox.demo import shop

HEALTH_PATH = "/healthz"
POLL_SECONDS = 0.2
# A health check waits for the database and the broker.
REQUEST_SECONDS = 10
FRAME_MARGIN = 2


def wait_until_healthy(web: Port, *, seconds: float) -> bool:
    """Return whether the web server said within `seconds` that all is well."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if _is_healthy(web):
            return True
        time.sleep(POLL_SECONDS)
    return False


def message(web: Port, *, maildir: Path, demo_password: str | None) -> list[str]:
    """Return what the person should know now; without a demo there is no password."""
    return [
        "Mailwright is running",
        "",
        f"Open      {web.url}/admin/",
        *_demo_lines(demo_password),
        "",
        f"API       {web.url}/api/docs/",
        f"Sandbox   keeps the mail it takes in {maildir}",
        "",
        "Ctrl-C stops everything; the data is kept for the next `make run`.",
    ]


def framed(lines: Iterable[str]) -> str:
    """Return the lines in a box, as wide as the longest of them."""
    texts = list(lines)
    width = max(map(len, texts), default=0)
    bar = "=" * (width + 2 * FRAME_MARGIN + 2)
    margin = " " * FRAME_MARGIN
    return "\n".join([bar, *(f"|{margin}{text.ljust(width)}{margin}|" for text in texts), bar])


def _demo_lines(password: str | None) -> list[str]:
    if password is None:
        return ["Login     your own; this database has no demo"]
    return [
        f"Login     {shop.LOGIN}",
        f"Password  {password}",
        "",
        f'Look at   Campaigns > "{shop.READY_CAMPAIGN}": it is sent to the sandbox, by SMTP',
    ]


def _is_healthy(web: Port) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, web.number, timeout=REQUEST_SECONDS)
    try:
        connection.request("GET", HEALTH_PATH)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
