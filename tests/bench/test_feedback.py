"""The benches of the way back with tiny numbers."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from bench.events import ratio
from bench.events import table as table_of_events
from bench.insights import as_json, table

needs_server = pytest.mark.skipif(
    not os.environ.get("DATABASE_URL"), reason="DATABASE_URL names no server"
)


def figures_of(name, tmp_path, environment, *arguments):
    """Run one of the benches and return what it wrote."""
    file = tmp_path / "figures.json"
    done = subprocess.run(
        [sys.executable, "-m", f"bench.{name}", *arguments, "--json", str(file)],
        capture_output=True, text=True, check=False, timeout=300, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(file.read_text())


class TestEvents:
    def test_compares_the_rounds_one_by_one(self):
        rates = {"batches": [100.0, 900.0, 400.0], "row_by_row": [10.0, 30.0, 20.0]}

        assert ratio(rates) == 20
        assert "20.0 times as fast" in table_of_events(rates)

    @pytest.mark.slow
    @needs_server
    def test_records_in_both_ways(self, tmp_path, migrated):
        figures = figures_of("events", tmp_path, migrated, "--events", "600", "--rounds", "1")

        assert figures["batches"]["rate"] > 0
        assert len(figures["row_by_row"]["rounds"]) == 1
        assert figures["ratio"] > 0


class TestInsights:
    def test_marks_what_takes_too_long(self):
        taken = {"figures": {"quick": [0.01, 0.02, 0.5], "slow": [0.06, 0.07, 0.01]}}

        lines = table(taken).splitlines()

        assert not lines[1].endswith("over")
        assert lines[2].endswith("over")
        assert as_json(taken)["figures"]["quick"] == {"median_ms": 20.0, "most_ms": 500.0}

    @pytest.mark.slow
    @needs_server
    def test_asks_everything(self, tmp_path, migrated):
        figures = figures_of("insights", tmp_path, migrated, "--events", "20000", "--rounds", "1")

        assert figures["world"]["events"] > 10_000
        assert figures["world"]["campaigns"] == 300
        assert figures["world"]["partitions"] >= 3
        assert {"30 days by day", "a campaign by provider, hours"} <= figures["figures"].keys()
        assert "messages by words" in figures["search"]


class TestTracking:
    @pytest.mark.slow
    @needs_server
    def test_loses_nothing_when_a_worker_is_killed(self, tmp_path, migrated):
        figures = figures_of("tracking", tmp_path, migrated, "--rate", "30", "--seconds", "4")

        answered = figures["pixel"]["answered"] + figures["click"]["answered"]
        assert answered + figures["unanswered"] == 120
        assert (figures["lost"], figures["twice"], figures["refused"]) == (0, 0, 0)
        assert answered > 60
