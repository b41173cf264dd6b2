"""Pixel and links under load, with a web worker killed in between.

    python -m config.embedded --durable -- python -m bench.tracking [--seconds N] [--rate N]

The web server runs as the Procfile says, on a database made for the run. Requests come at their
times, answered or not, over several connections, each for another message; in the middle a web
worker is killed with SIGKILL. Whatever was answered must be recorded in the end. The yardstick is
pixels with a forged token: the same server and the same way to the answer, but nothing to write.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shlex
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.databases import fresh_database
from bench.load import Answer, send
from bench.measure import ChildFailedError, run

CHILD = ("-m", "bench.child")
START_SECONDS = 30.0
RECORD_SECONDS = 300.0  # for what waits when the load ends
FORGED = "/t/o/x.gif"
YARDSTICK_SHARE = 0.2  # of the time of the load itself
WARM_UP_SECONDS = 2.0
KILL_AT = 0.5  # of the time
MILLISECONDS = 1000
KINDS = ("pixel", "click")  # even and odd numbers of requests


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of the server."""

    rate: float
    seconds: float
    connections: int


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it; latencies in milliseconds."""

    latencies: Mapping[str, Sequence[float]]
    yardstick: float
    unanswered: int
    refused: int
    lost: int
    twice: int
    events: int


def main() -> int:
    """Measure and print; return 1 when an answered request was lost or counted twice."""
    options = _options()
    if not os.environ.get("DATABASE_URL"):
        print(
            "There is no database: run `make bench-tracking`, or "
            "`python -m config.embedded --durable -- python -m bench.tracking`.",
            file=sys.stderr,
        )
        return 1
    result = measure(Load(options.rate, options.seconds, options.connections))
    print(table(result))
    if options.json:
        options.json.write_text(json.dumps(as_json(result), indent=2) + "\n")
    return 1 if result.lost or result.twice else 0


def measure(load: Load) -> Result:
    """Return what one load on a fresh database led to."""
    count = round(load.rate * load.seconds)
    warm_up = round(load.rate * WARM_UP_SECONDS)
    with (
        fresh_database(
            os.environ["DATABASE_URL"], name="mailwright_bench_tracking", ours=True
        ) as url,
        tempfile.TemporaryDirectory() as directory,
    ):
        environment = _environment(url, directory)
        arguments = ("-m", "django", "migrate", "--no-input", "--verbosity", "0")
        run(arguments, environment=environment)
        command = (*CHILD, "hits-prepare", str(count + warm_up))
        paths = json.loads(run(command, environment=environment))
        with _web_server(environment) as (port, server):
            _ask(paths[count:], load, port=port)
            yardstick = _ask([FORGED] * round(count * YARDSTICK_SHARE), load, port=port)
            with _recording(environment):
                answers = asyncio.run(_attacked(paths[:count], load, port=port, server=server))
        recorded = json.loads(run((*CHILD, "hits-recorded"), environment=environment))
    return _result(answers, yardstick=yardstick, recorded=recorded)


@contextlib.contextmanager
def _recording(environment: Mapping[str, str]) -> Iterator[None]:
    """Have hits judged and recorded meanwhile, and at the end all that still wait."""
    worker = subprocess.Popen(
        [sys.executable, *CHILD, "hits-record"],
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield
        worker.communicate(timeout=RECORD_SECONDS)
        if worker.returncode:
            raise ChildFailedError("The worker that records ended with an error.")
    finally:
        worker.kill()
        worker.wait()


def _ask(paths: Sequence[str], load: Load, *, port: int) -> list[Answer]:
    return asyncio.run(send(paths, port=port, rate=load.rate, connections=load.connections))


async def _attacked(
    paths: Sequence[str], load: Load, *, port: int, server: subprocess.Popen[bytes]
) -> list[Answer]:
    """Ask, and kill one of the server's workers in the middle."""
    loop = asyncio.get_running_loop()
    loop.call_later(load.seconds * KILL_AT, _kill_one_worker, server.pid)
    return await send(paths, port=port, rate=load.rate, connections=load.connections)


def _kill_one_worker(server: int) -> None:
    os.kill(_children(server)[0], signal.SIGKILL)


def _children(process: int) -> list[int]:
    listed = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [int(number) for number in listed]


@contextlib.contextmanager
def _web_server(environment: Mapping[str, str]) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Run the web server on a free port of the loopback and give port and process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        ["/bin/sh", "-c", f"exec {_web_command()}"],
        env={**environment, "PORT": str(port), "BIND": "127.0.0.1"},
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port)
        yield port, server
    finally:
        server.terminate()
        server.wait()


def _web_command() -> str:
    """Return the command of the web server in the Procfile, from this interpreter's programs."""
    for line in Path("Procfile").read_text().splitlines():
        name, _, command = line.partition(":")
        if name == "web":
            program, _, arguments = command.strip().partition(" ")
            place = shlex.quote(str(Path(sys.executable).with_name(program)))
            return f"{place} {arguments}"
    raise LookupError("The Procfile has no web server.")


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/t/o/x.gif", timeout=5)
        except urllib.error.HTTPError:
            return  # it answers: there is no such picture
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _environment(url: str, directory: str) -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": url,
        "MAILWRIGHT_DATA_DIR": directory,
        "SECRET_KEY": os.environ.get("SECRET_KEY") or "of the bench",
        "DEBUG": "0",
    }


def _result(
    answers: Sequence[Answer], *, yardstick: Sequence[Answer], recorded: Sequence[int]
) -> Result:
    known = set(recorded)
    answered = [answer for answer in answers if answer.status in (200, 302)]
    latencies = {
        kind: [answer.seconds * MILLISECONDS for answer in answered if answer.number % 2 == place]
        for place, kind in enumerate(KINDS)
    }
    return Result(
        latencies=latencies,
        yardstick=statistics.median(answer.seconds * MILLISECONDS for answer in yardstick),
        unanswered=sum(not answer.status for answer in answers),
        refused=sum(answer.status not in (0, 200, 302) for answer in answers),
        lost=sum(answer.number not in known for answer in answered),
        twice=len(recorded) - len(known),
        events=len(recorded),
    )


def as_json(result: Result) -> dict[str, object]:
    """Return the figures as `--json` writes them."""
    return {
        **{kind: _figures(result.latencies[kind]) for kind in KINDS},
        "yardstick_ms": round(result.yardstick, 2),
        "unanswered": result.unanswered,
        "refused": result.refused,
        "lost": result.lost,
        "twice": result.twice,
        "events": result.events,
    }


def _figures(latencies: Sequence[float]) -> dict[str, float]:
    cuts = statistics.quantiles(latencies, n=100, method="inclusive")
    return {
        "answered": len(latencies),
        "median_ms": round(cuts[49], 2),
        "p95_ms": round(cuts[94], 2),
        "p99_ms": round(cuts[98], 2),
        "max_ms": round(max(latencies), 2),
    }


def table(result: Result) -> str:
    """Return the figures as a table for people."""
    lines = [f"{'':<24}{'answered':>10}{'median ms':>12}{'95 %':>9}{'99 %':>9}{'most':>9}"]
    for kind in KINDS:
        found = _figures(result.latencies[kind])
        lines.append(
            f"{kind:<24}{found['answered']:>10,}{found['median_ms']:>12.2f}"
            f"{found['p95_ms']:>9.1f}{found['p99_ms']:>9.1f}{found['max_ms']:>9.1f}"
        )
    lines.append(f"{'forged, nothing written':<24}{'':>10}{result.yardstick:>12.2f}")
    lines.append(
        f"\n{result.unanswered} without an answer, {result.refused} refused; {result.events:,} "
        f"events, {result.lost} answered requests lost, {result.twice} recorded twice"
    )
    return "\n".join(lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.tracking", description="Measure pixel and links under load."
    )
    parser.add_argument("--rate", type=float, default=500, help="requests a second")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
