"""Sends in child processes that start together, and measures each of them from inside.

A child prints READY when all is loaded, waits for a line, sends, and prints one JSON line with its
times (of the clock that all processes share), its CPU time and its peak memory.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from bench.figures import Figure

READY = "READY"
KILOBYTES_PER_MB = 1024


class ChildFailedError(Exception):
    """A child process ended without its figures."""


@dataclass(frozen=True, slots=True)
class Lap:
    """What one child did: seconds on the shared clock, CPU seconds, peak memory in MB."""

    began: float
    ended: float
    cpu_seconds: float
    peak_mb: float
    messages: int


def measured(send: Callable[[], int]) -> Lap:
    """Return what `send`, which says how many messages it sent, cost this process and its own."""
    cpu, began = _cpu_seconds(), time.monotonic()
    messages = send()
    ended = time.monotonic()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KILOBYTES_PER_MB
    return Lap(began, ended, _cpu_seconds() - cpu, peak, messages)


def _cpu_seconds() -> float:
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def be_a_child(send: Callable[[], int], *, check: Callable[[], None] | None = None) -> None:
    """Say READY, wait for the start, send, print what it cost; `check` may object before that."""
    print(READY, flush=True)
    sys.stdin.readline()
    lap = measured(send)
    if check is not None:
        check()
    print(json.dumps(asdict(lap)), flush=True)


def race(commands: Sequence[Sequence[str]], *, environment: Mapping[str, str]) -> Figure:
    """Return what several children achieved together, started at one moment when all are ready."""
    children = [_started(command, environment=environment) for command in commands]
    try:
        for child in children:
            _expect_ready(child)
        for child in children:
            assert child.stdin
            child.stdin.write("\n")
            child.stdin.flush()
        return together([_lap(child) for child in children])
    finally:
        for child in children:
            child.kill()
            child.wait()


def together(laps: Sequence[Lap]) -> Figure:
    """Return the figure of children that sent side by side."""
    messages = sum(lap.messages for lap in laps)
    seconds = max(lap.ended for lap in laps) - min(lap.began for lap in laps)
    return Figure(
        rate=messages / seconds,
        cpu_ms=sum(lap.cpu_seconds for lap in laps) * 1000 / messages,
        peak_mb=max(lap.peak_mb for lap in laps),
    )


def run(command: Sequence[str], *, environment: Mapping[str, str]) -> str:
    """Return the last line a child printed that has nothing to measure."""
    done = subprocess.run(
        [sys.executable, *command],
        env=dict(environment),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ChildFailedError(f"{' '.join(command)} ended with code {done.returncode}.")
    return done.stdout.strip().rpartition("\n")[2]


def _started(command: Sequence[str], *, environment: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *command],
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _expect_ready(child: subprocess.Popen[str]) -> None:
    assert child.stdout
    for line in child.stdout:
        if line.strip() == READY:
            return
    raise ChildFailedError(f"{child.args!r} ended before it was ready.")


def _lap(child: subprocess.Popen[str]) -> Lap:
    assert child.stdout
    for line in child.stdout:
        if line.startswith("{"):
            return Lap(**json.loads(line))
    raise ChildFailedError(f"{child.args!r} ended without its figures.")
