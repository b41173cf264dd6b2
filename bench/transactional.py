"""How soon a transactional message is handed over while a large marketing campaign goes out.

    python -m config.embedded --durable -- python -m bench.transactional [--json FILE]

Runs what a deployment runs: beat, a sender for campaigns, a worker for transactional mail and one
for the rest, a process each, into smtp-sink on this machine. See docs/performance.md.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.databases import fresh_database
from bench.engine import running_sink
from bench.measure import run

CAMPAIGN_MESSAGES = 100_000
MESSAGES = 200  # the campaign must outlast them
PER_SECOND = 10.0
STOP_SECONDS = 30
WORKER = (
    "-m", "celery", "--quiet", "--app", "config", "worker", "--concurrency", "1",
    "--without-gossip", "--without-mingle", "--loglevel", "ERROR", "--queues",
)  # fmt: skip
PROGRAMS = (
    (*WORKER, "sending", "--hostname", "sender@bench"),
    (*WORKER, "transactional", "--hostname", "transactional@bench"),
    (*WORKER, "default", "--hostname", "worker@bench"),
    ("-m", "celery", "--quiet", "--app", "config", "beat", "--pidfile=", "--loglevel", "ERROR"),
)


def main() -> int:
    """Measure, print and return 0."""
    options = _options()
    figures = measure(
        campaign=options.campaign, messages=options.messages, per_second=options.per_second
    )
    for name, value in figures.items():
        print(f"{name:>28}: {value:,}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0


def measure(*, campaign: int, messages: int, per_second: float) -> dict[str, float]:
    """Return how long messages took, in seconds, and what else went out meanwhile."""
    with (
        running_sink() as port,
        fresh_database(
            os.environ["DATABASE_URL"], name="mailwright_bench_latency", ours=True
        ) as database,
        tempfile.TemporaryDirectory() as directory,
    ):
        environment = _environment(database, directory)
        run(("-m", "django", "migrate", "--no-input", "--verbosity", "0"), environment=environment)
        prepared = ("-m", "bench.transactional_child", "prepare", str(campaign), str(port))
        campaign_id = run(prepared, environment=environment)
        with _running(environment):
            asked = (campaign_id, str(messages), str(per_second))
            child = ("-m", "bench.transactional_child", "queue", *asked)
            figures: dict[str, float] = json.loads(run(child, environment=environment))
    return figures


def _environment(database: str, directory: str) -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": database,
        "MAILWRIGHT_DATA_DIR": directory,
        "MAILWRIGHT_JOURNAL_DIR": str(Path(directory) / "journal"),
        "SECRET_KEY": os.environ.get("SECRET_KEY") or "of the bench",
    }


@contextlib.contextmanager
def _running(environment: Mapping[str, str]) -> Iterator[None]:
    """Run the programs of a deployment that send."""
    started = [
        subprocess.Popen([sys.executable, *arguments], env=dict(environment))
        for arguments in PROGRAMS
    ]
    try:
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.transactional")
    parser.add_argument("--campaign", type=int, default=CAMPAIGN_MESSAGES)
    parser.add_argument("--messages", type=int, default=MESSAGES)
    parser.add_argument("--per-second", type=float, default=PER_SECOND)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
