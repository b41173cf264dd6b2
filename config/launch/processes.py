"""Several programs run side by side, until one of them ends or somebody stops them.

The signal to stop goes to each program alone, not to its process group as Procfile runners send
it: Celery's pool processes die of it in mid-message, while the worker itself, told alone, lets
them finish.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Thread
from types import FrameType

# Seconds for the work in hand to end; a send task under `make run` lasts at most 10.
STOP_SECONDS = 30
LISTEN_SECONDS = 0.5
# A process that left its group may hold the pipe of its output open for ever.
LAST_OUTPUT_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Ended:
    """A program ended by itself or because it was told to."""

    name: str


@dataclass(frozen=True, slots=True)
class Failed:
    """What ran beside the programs found a reason to end them."""

    reason: str


@dataclass(frozen=True, slots=True)
class Asked:
    """SIGINT, SIGTERM or SIGHUP came."""

    number: int


Event = Ended | Failed | Asked


@dataclass(slots=True)
class Crew:
    """The programs by name, and everything that happens to them in order."""

    events: SimpleQueue[Event] = field(default_factory=SimpleQueue)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    printers: list[Thread] = field(default_factory=list)

    def start(self, name: str, command: str, *, environment: Mapping[str, str]) -> None:
        """Start a command by the shell's rules, the leader of a process group of its own."""
        process = subprocess.Popen(
            ["/bin/sh", "-c", f"exec {command}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        self.processes[name] = process
        self.printers.append(_in_background(_print_output, process, name))
        _in_background(self._report_end, process, name)

    def reason_to_end(self) -> str | None:
        """Return why the programs cannot go on, or None once somebody asks to stop them."""
        event = self._next_event(deadline=math.inf)
        if isinstance(event, Ended):
            code = self.processes[event.name].returncode
            return f"{event.name} ended with code {code}; its last words are above"
        return event.reason if isinstance(event, Failed) else None

    def stop(self) -> None:
        """Return when all programs are gone; those still there after the grace are killed."""
        for process in self.processes.values():
            process.terminate()
        self._wait_for_all()
        for process in self.processes.values():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        for process in self.processes.values():
            process.wait()
        for printer in self.printers:
            printer.join(LAST_OUTPUT_SECONDS)

    def _wait_for_all(self) -> None:
        """Return when every program ended, the grace is over, or Ctrl-C came once more."""
        deadline = time.monotonic() + STOP_SECONDS
        while any(process.poll() is None for process in self.processes.values()):
            event = self._next_event(deadline=deadline)
            if event is None or (isinstance(event, Asked) and event.number == signal.SIGINT):
                return

    def _next_event(self, *, deadline: float) -> Event | None:
        """Return the next event, or None at the deadline.

        Looks up now and then: a signal that the system gave to another thread is only heard then.
        """
        while time.monotonic() < deadline:
            with contextlib.suppress(Empty):
                return self.events.get(timeout=LISTEN_SECONDS)
        return None

    def _report_end(self, process: subprocess.Popen[bytes], name: str) -> None:
        process.wait()
        self.events.put(Ended(name))


def run_together(
    commands: Mapping[str, str],
    *,
    environment: Mapping[str, str],
    meanwhile: Callable[[], str | None],
) -> str | None:
    """Return why the programs had to end, or None if SIGINT, SIGTERM or SIGHUP asked for it.

    `meanwhile` runs beside them; a reason it returns ends them. A second SIGINT kills at once.
    """
    crew = Crew()
    _report_signals(crew.events)
    try:
        for name, command in commands.items():
            crew.start(name, command, environment=environment)
        _in_background(_report_failure, meanwhile, crew.events)
        return crew.reason_to_end()
    finally:
        _write("stopping; once more Ctrl-C kills at once\n")
        crew.stop()


def _report_signals(events: SimpleQueue[Event]) -> None:
    def report(number: int, _frame: FrameType | None) -> None:
        events.put(Asked(number))

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, report)


def _report_failure(meanwhile: Callable[[], str | None], events: SimpleQueue[Event]) -> None:
    reason = meanwhile()
    if reason is not None:
        events.put(Failed(reason))


def _print_output(process: subprocess.Popen[bytes], name: str) -> None:
    for line in process.stdout or ():
        if text := line.decode(errors="replace").rstrip():
            _write(f"{name:<7} | {text}\n")


def _in_background(target: Callable[..., None], *args: object) -> Thread:
    thread = Thread(target=target, args=args, daemon=True)
    thread.start()
    return thread


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
