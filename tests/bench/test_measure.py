"""Children that start together and measure themselves."""

from __future__ import annotations

import os
import sys

import pytest

from bench.measure import ChildFailedError, Lap, be_a_child, measured, race, run, together

CHILD = """
import sys
from bench.measure import be_a_child
be_a_child(lambda: sum(1 for _ in range(int(sys.argv[1]))))
"""


class TestTogether:
    def test_counts_from_the_first_start_to_the_last_end(self):
        laps = [Lap(10.0, 12.0, 1.0, 80.0, 300), Lap(11.0, 15.0, 3.0, 90.0, 700)]

        figure = together(laps)

        assert figure.rate == 1000 / 5
        assert figure.cpu_ms == 4.0
        assert figure.peak_mb == 90.0


class TestMeasured:
    def test_measures_what_this_process_does(self):
        lap = measured(lambda: sum(1 for _ in range(200_000)))

        assert lap.messages == 200_000
        assert 0 < lap.cpu_seconds < 10
        assert lap.ended > lap.began
        assert lap.peak_mb > 5


class TestRace:
    def test_adds_up_what_the_children_sent(self, tmp_path):
        script = tmp_path / "child.py"
        script.write_text(CHILD)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

        figure = race([[str(script), "3000"], [str(script), "5000"]], environment=environment)

        assert figure.rate > 0
        assert figure.cpu_ms < 100

    def test_says_when_a_child_does_not_become_ready(self, tmp_path):
        script = tmp_path / "child.py"
        script.write_text("raise SystemExit(3)")

        with pytest.raises(ChildFailedError, match="before it was ready"):
            race([[str(script)]], environment=os.environ)


class TestRun:
    def test_gives_the_last_line(self, tmp_path):
        script = tmp_path / "child.py"
        script.write_text("print('noise')\nprint(42)")

        assert run([str(script)], environment=os.environ) == "42"

    def test_fails_with_its_child(self, tmp_path):
        script = tmp_path / "child.py"
        script.write_text("raise SystemExit(3)")

        with pytest.raises(ChildFailedError, match="code 3"):
            run([str(script)], environment=os.environ)


def test_be_a_child_waits_for_its_start(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", open(os.devnull))  # noqa: SIM115, PTH123

    be_a_child(lambda: 7)

    ready, figures = capsys.readouterr().out.splitlines()
    assert ready == "READY"
    assert '"messages": 7' in figures
