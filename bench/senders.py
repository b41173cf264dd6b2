"""The senders that a round compares, each run once on campaigns or queues made for it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import engine
from bench.figures import (
    LIQUID,
    PLAIN,
    POST_OFFICE,
    SMTP_SOURCE,
    TWO_PROCESSES,
    Figure,
)
from bench.measure import race, run

CHILD = ("-m", "bench.child")
POST_OFFICE_SHARE = 4  # it gets a fourth of the messages: its rate does not depend on their number


@dataclass(frozen=True, slots=True)
class Bench:
    """Where everything is. `connections` are those of each sender together."""

    messages: int
    port: int
    database_url: str
    post_office_url: str
    directory: Path

    @property
    def environment(self) -> dict[str, str]:
        """What our own child processes are told."""
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": self.database_url,
            "MAILWRIGHT_DATA_DIR": str(self.directory),
            "MAILWRIGHT_JOURNAL_DIR": str(self.directory / "journal"),
            "SECRET_KEY": os.environ.get("SECRET_KEY") or "of the bench",
        }

    @property
    def post_office_environment(self) -> dict[str, str]:
        """What the child processes of django-post_office are told."""
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "bench.post_office_settings",
            "DATABASE_URL": self.post_office_url,
            "BENCH_SMTP_PORT": str(self.port),
        }

    @property
    def post_office_messages(self) -> int:
        """How many messages a round of django-post_office sends."""
        return max(1, self.messages // POST_OFFICE_SHARE)


def migrate(bench: Bench) -> None:
    """Make the tables in both databases."""
    for environment in (bench.environment, bench.post_office_environment):
        arguments = ("-m", "django", "migrate", "--no-input", "--verbosity", "0")
        run(arguments, environment=environment)


def prepare(bench: Bench, *kinds: str) -> list[int]:
    """Return the ids of campaigns that are ready to be sent, one for each kind."""
    command = (*CHILD, "prepare", str(bench.messages), str(bench.port), *kinds)
    ids: list[int] = json.loads(run(command, environment=bench.environment))
    return ids


def message_size(bench: Bench) -> int:
    """Return the mean size in octets of the plain newsletter on the wire."""
    command = (*CHILD, "size", str(bench.messages), str(bench.port))
    return int(run(command, environment=bench.environment))


def one_round(bench: Bench, *, size: int) -> dict[str, Figure]:
    """Return what every sender achieved, one after the other, at messages of `size` octets."""
    plain, liquid, both = ids = prepare(bench, PLAIN, LIQUID, PLAIN)
    figures = {
        SMTP_SOURCE: smtp_source(bench, size=size),
        PLAIN: send(bench, plain),
        LIQUID: send(bench, liquid),
        TWO_PROCESSES: send(bench, both, processes=2),
        POST_OFFICE: post_office(bench, size=size),
    }
    check(bench, ids)
    return figures


def smtp_source(bench: Bench, *, size: int) -> Figure:
    """Let Postfix's own program send."""
    found = engine.smtp_source(
        engine.Arrangement(bench.port, bench.messages, 16, engine.plain_message(size))
    )
    return Figure(rate=found.rate, cpu_ms=found.cpu_ms)


def send(bench: Bench, campaign_id: int, *, processes: int = 1) -> Figure:
    """Let that many of our processes send one campaign together."""
    command = (*CHILD, "send", str(campaign_id))
    return race([command] * processes, environment=bench.environment)


def check(bench: Bench, campaign_ids: Sequence[int]) -> None:
    """Fail unless every recipient of these campaigns was sent to."""
    run((*CHILD, "check", *map(str, campaign_ids)), environment=bench.environment)


def post_office(bench: Bench, *, size: int) -> Figure:
    """Let django-post_office send with two processes."""
    environment: Mapping[str, str] = bench.post_office_environment
    count = str(bench.post_office_messages)
    run((*CHILD, "post-office-queue", count, str(size)), environment=environment)
    return race([(*CHILD, "post-office-send", count)], environment=environment)
