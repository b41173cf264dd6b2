"""Events with deduplication, ledger and roll-up: in batches, and one by one.

    python -m config.embedded --durable -- python -m bench.events [--events N] [--rounds N]

Rounds alternate between the two, so that what else the machine does meets both. Each process
records the events of a new campaign, and compares the counts with the events afterwards.
See docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.databases import fresh_database
from bench.measure import race, run

CHILD = ("-m", "bench.child")
ROW_BY_ROW_SHARE = 50  # one by one, that much fewer are measured: the rate does not depend on it
LABELS = {"batches": "in batches", "row_by_row": "one by one, create()"}


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What is recorded in one round, and how."""

    events: int
    batch: int
    rounds: int
    processes: int


def main() -> int:
    """Measure and print; return 0, or 1 with a sentence when there is no database."""
    options = _options()
    if not os.environ.get("DATABASE_URL"):
        print(
            "There is no database: run `make bench-events`, or "
            "`python -m config.embedded --durable -- python -m bench.events`.",
            file=sys.stderr,
        )
        return 1
    rates = measure(Arrangement(options.events, options.batch, options.rounds, options.processes))
    print(table(rates))
    if options.json:
        options.json.write_text(json.dumps(as_json(rates), indent=2) + "\n")
    return 0


def measure(arrangement: Arrangement) -> dict[str, list[float]]:
    """Return how many events a second each way recorded, round by round."""
    with (
        fresh_database(
            os.environ["DATABASE_URL"], name="mailwright_bench_events", ours=True
        ) as url,
        tempfile.TemporaryDirectory() as directory,
    ):
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": url,
            "MAILWRIGHT_DATA_DIR": directory,
            "SECRET_KEY": os.environ.get("SECRET_KEY") or "of the bench",
            "DEBUG": "0",
        }
        migrate = ("-m", "django", "migrate", "--no-input", "--verbosity", "0")
        run(migrate, environment=environment)
        print(
            f"about {arrangement.events:,} events a round, {arrangement.processes} processes, "
            f"batches of {arrangement.batch:,}",
            flush=True,
        )
        rates: dict[str, list[float]] = {way: [] for way in LABELS}
        for _ in range(arrangement.rounds):
            for way, taken in rates.items():
                lap = (*CHILD, "events", way, str(_share(way, arrangement)), str(arrangement.batch))
                taken.append(race([lap] * arrangement.processes, environment=environment).rate)
    return rates


def _share(way: str, arrangement: Arrangement) -> int:
    """Return how many events one process records in a round."""
    share = arrangement.events // arrangement.processes
    return share if way == "batches" else max(1, share // ROW_BY_ROW_SHARE)


def ratio(rates: Mapping[str, Sequence[float]]) -> float:
    """Return how many times faster batches are: the median over the rounds."""
    pairs = zip(rates["batches"], rates["row_by_row"], strict=True)
    return statistics.median(batches / row_by_row for batches, row_by_row in pairs)


def as_json(rates: Mapping[str, Sequence[float]]) -> dict[str, object]:
    """Return the figures as `--json` writes them."""
    return {
        **{
            way: {
                "rate": round(statistics.median(taken), 1),
                "rounds": [round(rate, 1) for rate in taken],
            }
            for way, taken in rates.items()
        },
        "ratio": round(ratio(rates), 1),
    }


def table(rates: Mapping[str, Sequence[float]]) -> str:
    """Return the figures as a table for people."""
    lines = [f"{'':<24}{'events/s':>12}{'slowest':>12}{'fastest':>12}"]
    for way, taken in rates.items():
        lines.append(
            f"{LABELS[way]:<24}{statistics.median(taken):>12,.0f}"
            f"{min(taken):>12,.0f}{max(taken):>12,.0f}"
        )
    lines.append(f"\nIn batches: {ratio(rates):.1f} times as fast")
    return "\n".join(lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.events", description="Measure the recording of events."
    )
    parser.add_argument("--events", type=int, default=150_000, help="of each round, in batches")
    parser.add_argument("--batch", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=2, help="as many as the worker has")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
