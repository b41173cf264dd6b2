"""The whole bench with tiny numbers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from bench.newsletters import NEWSLETTERS, newsletter
from bench.send import main

COMMAND = [sys.executable, "-m", "bench.send"]


class TestNewsletter:
    def test_has_nine_links(self):
        assert newsletter("").html.count('href="https://') == 9

    def test_of_plain_variables_has_no_tags(self):
        assert "{%" not in NEWSLETTERS["plain"].html
        assert "{% for" in NEWSLETTERS["liquid"].html


class TestMain:
    @pytest.mark.slow
    @pytest.mark.skipif(not os.environ.get("DATABASE_URL"), reason="DATABASE_URL names no server")
    @pytest.mark.skipif(find_spec("post_office") is None, reason="needs requirements-bench.txt")
    def test_writes_the_figures_of_every_sender(self, tmp_path, migrated, needs_program):
        needs_program("smtp-source")
        file = tmp_path / "figures.json"

        done = subprocess.run(
            [*COMMAND, "--messages", "300", "--rounds", "1", "--json", str(file)],
            capture_output=True, text=True, check=False, env=migrated,
        )  # fmt: skip

        assert done.returncode == 0, done.stderr
        content = json.loads(file.read_text())
        assert content["plain"]["rate"] > 0
        assert content["two_processes"]["peak_mb"] > 10
        assert content["ratio_post_office"] > 0
        assert "smtp-source, the yardstick" in done.stdout

    def test_says_what_is_missing_without_postfix(self, monkeypatch, capsys):
        monkeypatch.setattr("shutil.which", lambda *_args, **_options: None)
        monkeypatch.setattr("sys.argv", ["bench.send"])

        code = main()

        assert code == 1
        assert "Debian package postfix" in capsys.readouterr().err

    def test_says_how_to_start_it_without_a_database(self, needs_program):
        needs_program("smtp-source")
        environment = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}

        done = subprocess.run(
            [*COMMAND, "--memory"], capture_output=True, text=True, env=environment, check=False
        )

        assert done.returncode == 1
        assert "make bench" in done.stderr
