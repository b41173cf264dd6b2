"""The SMTP engine alone, against Postfix's smtp-source, both into the same smtp-sink.

    python -m bench.engine [--messages N] [--rounds N] [--connections N] [--json FILE]

Rounds alternate, so that what else the machine does meets all of them. Every sender keeps its
connections open and hands over the same message. CPU is user and system time of the sender alone.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from sending.journal import FileJournal
from sending.transports.base import Answer, Envelope, Journal, Receipt
from sending.transports.smtp import SmtpSettings, SmtpTransport, TlsMode

MESSAGE_BYTES = 6144
START_SECONDS = 5.0

Runner = Callable[["Arrangement"], "Figure"]


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What one round sends, and where to."""

    port: int
    messages: int
    connections: int
    message: bytes


@dataclass(frozen=True, slots=True)
class Figure:
    """What one sender achieved in one round."""

    rate: float  # messages a second
    cpu_ms: float  # of the sender, a message


class NoJournal:
    """Remembers nothing."""

    def handing_over(self, recipient_id: int) -> None:
        """Forget it."""

    def answered(self, receipt: Receipt) -> None:
        """Forget it."""


def plain_message(size: int = MESSAGE_BYTES) -> bytes:
    """Return a message of that many bytes with lines of ordinary length."""
    head = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: Engine\r\n\r\n"
    line = b"x" * 74 + b"\r\n"
    return (head + line * (size // len(line) + 1))[: size - 2] + b"\r\n"


@contextlib.contextmanager
def running_sink() -> Iterator[int]:
    """Run smtp-sink on a free port of the loopback and give that port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    sink = subprocess.Popen([tool("smtp-sink"), *user, f"127.0.0.1:{port}", "256"])
    try:
        _wait_for(port)
        yield port
    finally:
        sink.terminate()
        sink.wait()


def tool(name: str) -> str:
    """Return the path of one of Postfix's test programs; exits with a sentence without it."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        sys.exit(f"{name} is missing: install Postfix, it comes with it.")
    return found


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def smtp_source(arrangement: Arrangement) -> Figure:
    """Let smtp-source send; its own program sets the yardstick."""
    with tempfile.NamedTemporaryFile(suffix=".eml") as file:
        file.write(arrangement.message.replace(b"\r\n", b"\n"))
        file.flush()
        command = [
            *(tool("smtp-source"), "-d", "-s", str(arrangement.connections)),
            *("-m", str(arrangement.messages), "-F", file.name),
            *("-f", "a@example.com", "-t", "b@example.com", f"127.0.0.1:{arrangement.port}"),
        ]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        subprocess.run(command, check=True)
        elapsed = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return _figure(arrangement, elapsed=elapsed, cpu=cpu)


def engine(arrangement: Arrangement, *, journal: Journal) -> Figure:
    """Let the engine send."""
    return asyncio.run(_engine_round(arrangement, journal=journal))


async def _engine_round(arrangement: Arrangement, *, journal: Journal) -> Figure:
    settings = SmtpSettings(
        host="127.0.0.1",
        port=arrangement.port,
        tls=TlsMode.NONE,
        connections=arrangement.connections,
        messages_per_connection=0,
    )
    transport = SmtpTransport(settings, journal=journal, clock=lambda: datetime.now(UTC))
    accepted, finished = 0, asyncio.Event()

    def count(receipt: Receipt) -> None:
        nonlocal accepted
        if receipt.answer is not Answer.ACCEPTED:
            raise RuntimeError(receipt.response)
        accepted += 1
        if accepted == arrangement.messages:
            finished.set()

    cpu, start = time.process_time(), time.perf_counter()
    transport.feed(_envelopes(arrangement), on_receipt=count)
    await finished.wait()
    elapsed, cpu = time.perf_counter() - start, time.process_time() - cpu
    await transport.aclose()
    return _figure(arrangement, elapsed=elapsed, cpu=cpu)


def _envelopes(arrangement: Arrangement) -> Iterator[Envelope]:
    for number in range(arrangement.messages):
        yield Envelope(number, f"b{number}@example.com", "c@example.com", arrangement.message)


def engine_with_journal(arrangement: Arrangement) -> Figure:
    """Let the engine send and note every message in a file, as a worker does."""
    with tempfile.TemporaryDirectory() as directory:
        journal = FileJournal(Path(directory), owner=str(uuid.uuid4()))
        try:
            return engine(arrangement, journal=journal)
        finally:
            journal.close()


def _figure(arrangement: Arrangement, *, elapsed: float, cpu: float) -> Figure:
    return Figure(rate=arrangement.messages / elapsed, cpu_ms=cpu * 1000 / arrangement.messages)


RUNNERS: dict[str, Runner] = {
    "smtp-source": smtp_source,
    "engine": lambda arrangement: engine(arrangement, journal=NoJournal()),
    "engine, journal": engine_with_journal,
}


def measure(*, messages: int, rounds: int, connections: int) -> dict[str, Figure]:
    """Return the median figures of every sender over alternating rounds."""
    figures: dict[str, list[Figure]] = {name: [] for name in RUNNERS}
    with running_sink() as port:
        arrangement = Arrangement(port, messages, connections, plain_message())
        for _ in range(rounds):
            for name, run in RUNNERS.items():
                figures[name].append(run(arrangement))
    return {
        name: Figure(
            rate=statistics.median(figure.rate for figure in taken),
            cpu_ms=statistics.median(figure.cpu_ms for figure in taken),
        )
        for name, taken in figures.items()
    }


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    figures = measure(
        messages=options.messages, rounds=options.rounds, connections=options.connections
    )
    yardstick = figures["smtp-source"].rate
    print(f"{'sender':<26}{'messages/s':>12}{'CPU ms each':>14}{'ratio':>8}")
    for name, figure in figures.items():
        ratio = figure.rate / yardstick
        print(f"{name:<26}{figure.rate:>12,.0f}{figure.cpu_ms:>14.4f}{ratio:>8.2f}")
    if options.json:
        content = {name: asdict(figure) for name, figure in figures.items()}
        options.json.write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
