"""What dashboards ask of ten million events, and searches for messages among them.

    python -m config.embedded --durable -- python -m bench.insights [--events N] [--rounds N]

Makes a world of that many events by SQL, on a database made for the run, with ledger, partitions
and counts, then asks every question once a round. The yardstick is the same figures counted from
the events themselves. Making the world takes some minutes and 8 GB of disk.
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
from pathlib import Path

from bench.databases import fresh_database
from bench.measure import run

CHILD = ("-m", "bench.child")
LIMITS_MS = {"figures": 50, "search": 200}
MILLISECONDS = 1000
Taken = Mapping[str, Mapping[str, Sequence[float]]]


def main() -> int:
    """Measure and print; return 0, or 1 with a sentence when there is no database."""
    options = _options()
    if not os.environ.get("DATABASE_URL"):
        print(
            "There is no database: run `make bench-insights`, or "
            "`python -m config.embedded --durable -- python -m bench.insights`.",
            file=sys.stderr,
        )
        return 1
    sizes, taken = measure(events=options.events, rounds=options.rounds)
    print(table(taken))
    if options.json:
        content = {"world": sizes, **as_json(taken)}
        options.json.write_text(json.dumps(content, indent=2) + "\n")
    return 0


def measure(*, events: int, rounds: int) -> tuple[dict[str, int], Taken]:
    """Return the sizes of the world, and how many seconds each question took in each round."""
    with (
        fresh_database(
            os.environ["DATABASE_URL"], name="mailwright_bench_insights", ours=True
        ) as url,
        tempfile.TemporaryDirectory() as directory,
    ):
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": url,
            "MAILWRIGHT_DATA_DIR": directory,
            "MAILWRIGHT_API_RATE_USER": "1000000/min",
            "SECRET_KEY": os.environ.get("SECRET_KEY") or "of the bench",
            "DEBUG": "0",
        }
        migrate = ("-m", "django", "migrate", "--no-input", "--verbosity", "0")
        run(migrate, environment=environment)
        sizes = json.loads(run((*CHILD, "world-build", str(events)), environment=environment))
        print(", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in sizes.items()), flush=True)
        taken = json.loads(run((*CHILD, "world-ask", str(rounds)), environment=environment))
    return sizes, taken


def as_json(taken: Taken) -> dict[str, object]:
    """Return the figures as `--json` writes them, in milliseconds."""
    return {
        kind: {
            name: {
                "median_ms": round(_median(seconds), 2),
                "most_ms": round(max(seconds) * MILLISECONDS, 2),
            }
            for name, seconds in questions.items()
        }
        for kind, questions in taken.items()
    }


def table(taken: Taken) -> str:
    """Return the figures as a table for people."""
    lines = [f"{'':<40}{'median ms':>12}{'most ms':>12}{'limit':>8}"]
    for kind, questions in taken.items():
        limit = LIMITS_MS.get(kind)
        for name, seconds in questions.items():
            median = _median(seconds)
            over = "  over" if limit and median > limit else ""
            lines.append(
                f"{name:<40}{median:>12.1f}{max(seconds) * MILLISECONDS:>12.1f}"
                f"{limit or '':>8}{over}"
            )
    return "\n".join(lines)


def _median(seconds: Sequence[float]) -> float:
    return statistics.median(seconds) * MILLISECONDS


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.insights", description="Measure figures and message search."
    )
    parser.add_argument("--events", type=int, default=10_000_000, help="about so many, or more")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
