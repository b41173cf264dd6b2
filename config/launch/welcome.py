"""The moment the product answers: waiting for it, and the message that says where to look."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterable

from config.launch.address import WebAddress

HEALTH_PATH = "/healthz"
POLL_SECONDS = 0.2
# One health check may itself wait for a worker's answer.
REQUEST_SECONDS = 10
FRAME_MARGIN = 2


def wait_until_healthy(address: WebAddress, *, seconds: float) -> bool:
    """Return whether the web server said within `seconds` that all is well."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if _is_healthy(address):
            return True
        time.sleep(POLL_SECONDS)
    return False


def framed(lines: Iterable[str]) -> str:
    """Return the lines in a box, as wide as the longest of them."""
    texts = list(lines)
    width = max(map(len, texts), default=0)
    bar = "=" * (width + 2 * FRAME_MARGIN + 2)
    margin = " " * FRAME_MARGIN
    return "\n".join([bar, *(f"|{margin}{text.ljust(width)}{margin}|" for text in texts), bar])


def _is_healthy(address: WebAddress) -> bool:
    connection = http.client.HTTPConnection(address.host, address.port, timeout=REQUEST_SECONDS)
    try:
        connection.request("GET", HEALTH_PATH)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
