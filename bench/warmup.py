"""A whole warm-up through SMTP: what left on each day, as the ledger and the receiver have it.

    make bench-warmup
    python -m config.embedded --durable -- python -m bench.warmup [--days N] [--workers N]

Plays local days of an organization, one after the other, on a database made for the run: an IP with
the standard schedule, more people than it may mail, several worker processes at once. Time is
passed in; beat's part is called several times a day; mail goes over real SMTP to a server that
counts (bench/receiver.py). Three people of ten are at Gmail, which has a cap within each day's
limit. Behind the last day of the schedule a small campaign goes out every day.

Ends with code 1 as soon as a day differs from the schedule by one message.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import django

from bench.databases import fresh_database
from bench.measure import ChildFailedError, run
from bench.receiver import Receiver, running_receiver
from bench.senders import CHILD, Bench
from warmup.schedule import daily_limit

DAYS: Final = 60
WORKERS: Final = 2
SURPLUS: Final = 40_000  # people for whom there is no room on any day of the schedule
LATER_PEOPLE: Final = 200  # of the campaign of each day behind the schedule
GMAIL_SHARE: Final = 0.25  # of each day's limit
TIMES: Final = ((0, 1), (7, 30), (12, 0), (19, 45))  # of the day at which workers are woken


@dataclass(frozen=True, slots=True)
class Day:
    """One date: what the schedule allows, and what left by ledger, allowance and receiver."""

    number: int
    date: str
    day: int
    daily_limit: int | None
    handed_over: int
    received: int
    at_gmail: int
    received_at_gmail: int
    gmail_limit: int | None
    used: int | None
    waiting: int
    seconds: float

    def problems(self, *, waited: int) -> list[str]:
        """Return what is wrong with it; `waited` is how many could have gone."""
        wanted = waited if self.daily_limit is None else min(self.daily_limit, waited)
        expected = daily_limit(self.number + 1)
        checks = {
            f"the schedule says {expected}": self.daily_limit == expected,
            f"{wanted} should have left": self.handed_over == wanted,
            "the receiver counted others": self.received == self.handed_over,
            "the receiver counted others at Gmail": self.received_at_gmail == self.at_gmail,
            "the day's row counted others": self.used in (None, self.handed_over),
            "Gmail got more than its part": self.at_gmail <= (self.gmail_limit or self.at_gmail),
            f"{waited - wanted} should wait": self.waiting == waited - wanted,
        }
        return [problem for problem, right in checks.items() if not right]


class Mismatch(Exception):  # noqa: N818  a finding, not a fault of the program
    """A day was not what it had to be."""


def main() -> int:
    """Play and print; return 1 when anything was not as it had to be."""
    options = _options()
    if not os.environ.get("DATABASE_URL"):
        print(
            "There is no database: run `make bench-warmup`, or "
            "`python -m config.embedded --durable -- python -m bench.warmup`.",
            file=sys.stderr,
        )
        return 1
    began = time.monotonic()
    try:
        played = play(days=options.days, workers=options.workers, surplus=options.surplus)
    except Mismatch as found:
        print(found, file=sys.stderr)
        return 1
    print(_conclusion(played, seconds=time.monotonic() - began))
    if options.json:
        options.json.write_text(json.dumps(list(map(asdict, played)), indent=2) + "\n")
    return 0


def play(*, days: int, workers: int, surplus: int) -> list[Day]:
    """Return the days, each printed when it is over. Raises Mismatch."""
    limits = [daily_limit(day) for day in range(1, days + 1)]
    people = sum(limit or 0 for limit in limits) + surplus
    with (
        running_receiver() as receiver,
        fresh_database(os.environ["DATABASE_URL"], name="mailwright_bench_warmup") as url,
        tempfile.TemporaryDirectory() as directory,
    ):
        bench = Bench(people, receiver.port, url, "", Path(directory))
        world = _world(bench)
        world.prepare(people=people, port=receiver.port, gmail_share=GMAIL_SHARE)
        print(f"{people:,} people, {days} days, {workers} workers", flush=True)
        print(_row("day", "date", "limit", "ledger", "receiver", "Gmail", "cap", "wait", "s"))
        with _running_workers(workers, environment=bench.environment) as crew:
            played = _days(days, people, world=world, crew=crew, receiver=receiver)
        _check_the_end(world, receiver)
    return played


def _days(
    days: int, people: int, *, world: Any, crew: Sequence[subprocess.Popen[str]], receiver: Receiver
) -> list[Day]:
    played: list[Day] = []
    waiting, before = people, receiver.counts()
    for number in range(days):
        began = time.monotonic()
        if number and daily_limit(number) is None:
            world.add_campaign(
                f"day-{number + 1}", people=LATER_PEOPLE, now=world.moment(number, hour=0)
            )
            waiting += LATER_PEOPLE
        for hour, minute in TIMES:
            now = world.moment(number, hour=hour, minute=minute)
            world.pass_time(now)
            _let_work(crew, now)
            world.pass_time(now + timedelta(minutes=30))
        counts = receiver.counts()
        day = _day(number, world, counts, before, seconds=time.monotonic() - began)
        print(_line(day), flush=True)
        if problems := day.problems(waited=waiting):
            raise Mismatch(f"Day {number + 1}: {'; '.join(problems)}. {day}")
        played.append(day)
        waiting, before = day.waiting, counts
    return played


def _day(
    number: int, world: Any, counts: Mapping[str, int], before: Mapping[str, int], *, seconds: float
) -> Day:
    return Day(
        number=number,
        date=f"{world.FIRST + timedelta(days=number):%a %d %b}",
        received=counts["messages"] - before["messages"],
        received_at_gmail=counts["at_gmail"] - before["at_gmail"],
        seconds=seconds,
        **asdict(world.counted(number)),
    )


def _check_the_end(world: Any, receiver: Receiver) -> None:
    """Raise Mismatch if anybody got it twice or was lost, or the ledger contradicts itself."""
    counts, total = receiver.counts(), world.total()
    found: dict[str, Any] = world.contradictions()
    if not counts["messages"] == counts["people"] == total["sent"]:
        found["the receiver and the ledger differ"] = {**counts, **total}
    if found:
        raise Mismatch(f"In the end: {found}")


def _world(bench: Bench) -> Any:
    """Return the module that knows Django, set up for a database with all tables."""
    arguments = ("-m", "django", "migrate", "--no-input", "--verbosity", "0")
    run(arguments, environment=bench.environment)
    os.environ.update(bench.environment)
    django.setup()
    return importlib.import_module("bench.warmup_world")


@contextlib.contextmanager
def _running_workers(
    number: int, *, environment: Mapping[str, str]
) -> Iterator[list[subprocess.Popen[str]]]:
    crew = [
        subprocess.Popen(
            [sys.executable, *CHILD, "warmup-worker"],
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(number)
    ]
    try:
        yield crew
    finally:
        for worker in crew:
            worker.kill()
            worker.wait()


def _let_work(crew: Sequence[subprocess.Popen[str]], now: datetime) -> None:
    """Wake all workers at one moment and wait until none of them finds anything to do."""
    for worker in crew:
        assert worker.stdin
        worker.stdin.write(f"{now.isoformat()}\n")
        worker.stdin.flush()
    for worker in crew:
        assert worker.stdout
        if not worker.stdout.readline():
            raise ChildFailedError("A worker ended in the middle of a day.")


def _line(day: Day) -> str:
    limit = "none" if day.daily_limit is None else f"{day.daily_limit:,}"
    cap = "none" if day.gmail_limit is None else f"{day.gmail_limit:,}"
    counts = (f"{n:,}" for n in (day.handed_over, day.received, day.at_gmail))
    return _row(
        str(day.number + 1), day.date, limit, *counts, cap, f"{day.waiting:,}", f"{day.seconds:.1f}"
    )


def _row(*cells: str) -> str:
    widths = (4, 11, 9, 9, 9, 8, 8, 9, 7)
    return "".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))


def _conclusion(played: Sequence[Day], *, seconds: float) -> str:
    messages = sum(day.received for day in played)
    return (
        f"{messages:,} messages on {len(played)} days in {seconds:.0f} s: every day as the "
        "schedule says, nobody twice, nobody lost, the ledger agrees."
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.warmup", description="Play a whole warm-up through SMTP."
    )
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--workers", type=int, default=WORKERS, help="processes that send at once")
    parser.add_argument(
        "--surplus", type=int, default=SURPLUS, help="people beyond the room of all the days"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the days there")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
