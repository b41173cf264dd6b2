"""The command that the services run for: started, watched, passed its signals, ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from types import FrameType
from typing import NoReturn

from config.embedded.errors import ServiceStoppedError, say

WATCH_SECONDS = 0.5
# Seconds the command gets to end after it was told to; `make run` stops its workers in this time.
STOP_SECONDS = 40
# Away from a terminal, Ctrl-C may have reached this process alone.
INTERRUPT_SECONDS = 10
NOT_FOUND_CODE = 127
SIGNAL_CODE_BASE = 128


class TerminatedError(Exception):
    """SIGTERM or SIGHUP came: whatever runs has to end."""


def stop_on_signals() -> None:
    """Let SIGTERM and SIGHUP raise TerminatedError in the main thread."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _raise_terminated)


def ignore_signals() -> None:
    """Let nothing interrupt what follows: the services are being stopped."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)


def run_command(
    command: list[str], *, environment: Mapping[str, str], failure: Callable[[], str | None]
) -> int:
    """Return the exit code of `command`, run until it ends or must end.

    `failure` is asked now and then; a reason from it ends the command and is raised.
    """
    try:
        process = subprocess.Popen(command, env={**os.environ, **environment})
    except OSError as error:
        say(f"cannot run {command[0]}: {error.strerror}")
        return NOT_FOUND_CODE
    try:
        return _exit_code(_watch(process, failure=failure))
    finally:
        _end(process)


def _watch(process: subprocess.Popen[bytes], *, failure: Callable[[], str | None]) -> int:
    deadline: float | None = None
    while True:
        try:
            return process.wait(WATCH_SECONDS)
        except subprocess.TimeoutExpired:
            if (reason := failure()) is not None:
                raise ServiceStoppedError(reason) from None
        except KeyboardInterrupt:
            # The terminal sent it to the command as well, which decides what it means.
            if not sys.stdin.isatty():
                deadline = deadline or time.monotonic() + INTERRUPT_SECONDS
        except TerminatedError:
            return _end(process)
        if deadline is not None and time.monotonic() > deadline:
            return _end(process)


def _end(process: subprocess.Popen[bytes]) -> int:
    """Return the exit code after SIGTERM, or SIGKILL if that was not heard."""
    ignore_signals()
    if process.poll() is None:
        process.terminate()
    try:
        return process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _exit_code(returned: int) -> int:
    return returned if returned >= 0 else SIGNAL_CODE_BASE - returned


def _raise_terminated(_number: int, _frame: FrameType | None) -> NoReturn:
    raise TerminatedError
