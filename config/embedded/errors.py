"""What can be wrong with the machine when the embedded services start, and words to the person."""

from __future__ import annotations

import sys


class EmbeddedError(Exception):
    """The services cannot run here; the message says why and what to do about it."""


class ServiceStoppedError(EmbeddedError):
    """A service ended while the command was still running."""


def say(message: str) -> None:
    """Write one line to standard error, so that the output of the command stays clean."""
    sys.stderr.write(f"mailwright: {message}\n")
    sys.stderr.flush()
