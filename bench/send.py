"""The whole send path against Postfix's smtp-source and django-post_office, in one run.

    make bench ARGS="--json FILE"
    python -m config.embedded --durable -- python -m bench.send [--messages N] [--rounds N]

Claims, renders, hands over by SMTP, records events and ledger: into smtp-sink on this machine, on
databases made for the run. Rounds alternate between the senders, so that what else the machine does
meets all of them. See docs/performance.md.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.databases import fresh_database
from bench.engine import running_sink, tool
from bench.figures import Figure, as_json, median, table
from bench.senders import Bench, check, message_size, migrate, one_round, prepare, send

MEMORY_RECIPIENTS = (10_000, 100_000)


def main() -> int:
    """Measure and print; return 0, or 1 with a sentence when something is missing."""
    options = _options()
    missing = _missing(memory=options.memory)
    if missing:
        print(missing, file=sys.stderr)
        return 1
    if options.memory:
        _print_memory()
        return 0
    figures = measure(messages=options.messages, rounds=options.rounds)
    print(table(figures))
    if options.json:
        options.json.write_text(json.dumps(as_json(figures), indent=2) + "\n")
    return 0


def measure(*, messages: int, rounds: int) -> dict[str, Figure]:
    """Return the median figures of every sender over alternating rounds."""
    with _ready(messages) as bench:
        size = message_size(bench)
        print(f"{messages:,} messages of {size:,} octets a round, {rounds} rounds", flush=True)
        taken = [one_round(bench, size=size) for _ in range(rounds)]
    return {name: median([figures[name] for figures in taken]) for name in taken[0]}


def _print_memory() -> None:
    """Print what one process needs at the most, for small and large campaigns."""
    for count in MEMORY_RECIPIENTS:
        with _ready(count) as bench:
            (campaign_id,) = prepare(bench, "plain")
            figure = send(bench, campaign_id)
            check(bench, [campaign_id])
        print(f"{count:>9,} recipients: {figure.peak_mb:.1f} MB at the most", flush=True)


@contextlib.contextmanager
def _ready(messages: int) -> Iterator[Bench]:
    """Yield a bench with fresh databases and a sink that takes mail."""
    server = os.environ["DATABASE_URL"]
    with (
        running_sink() as port,
        fresh_database(server, name="mailwright_bench_send", ours=True) as ours,
        fresh_database(server, name="mailwright_bench_post_office") as theirs,
        tempfile.TemporaryDirectory() as directory,
    ):
        bench = Bench(messages, port, ours, theirs, Path(directory))
        migrate(bench)
        yield bench


def _missing(*, memory: bool) -> str:
    """Return what has to be installed or set first; empty when nothing is."""
    for name in ("smtp-source", "smtp-sink"):
        try:
            tool(name)
        except SystemExit:
            return f"{name} is missing: install the Debian package postfix, which brings it."
    if not memory and importlib.util.find_spec("post_office") is None:
        return "django-post_office is missing: pip install -r requirements-bench.txt"
    if not os.environ.get("DATABASE_URL"):
        return (
            "There is no database: run `make bench`, or "
            "`python -m config.embedded --durable -- python -m bench.send`."
        )
    return ""


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.send",
        description="Measure the send path against smtp-source and django-post_office.",
    )
    parser.add_argument("--messages", type=int, default=20_000, help="of each sender and round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    parser.add_argument(
        "--memory", action="store_true", help="measure memory at 10,000 and 100,000 recipients"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
