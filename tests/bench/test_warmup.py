"""The days of a warm-up through SMTP, with few days and people."""

from __future__ import annotations

import json
import os
import smtplib
import subprocess
import sys
from dataclasses import replace

import pytest

from bench.receiver import running_receiver
from bench.warmup import Day

COMMAND = [sys.executable, "-m", "bench.warmup"]
DAY = Day(
    number=0, date="Tue 10 Mar", day=1, daily_limit=50, handed_over=50, received=50, at_gmail=12,
    received_at_gmail=12, gmail_limit=12, used=50, waiting=50, seconds=1.0,
)  # fmt: skip


class TestDay:
    def test_is_right_as_the_schedule_says(self):
        assert DAY.problems(waited=100) == []

    @pytest.mark.parametrize(
        "wrong",
        [
            {"handed_over": 51, "received": 51, "used": 51, "waiting": 49},
            {"received": 51},
            {"used": 49},
            {"daily_limit": 60},
            {"waiting": 49},
            {"at_gmail": 13, "received_at_gmail": 13},
            {"received_at_gmail": 11},
        ],
    )
    def test_is_wrong_with_one_message_too_many_or_too_few(self, wrong):
        assert replace(DAY, **wrong).problems(waited=100)

    def test_behind_the_schedule_everybody_goes(self):
        warm = replace(
            DAY, number=28, daily_limit=None, gmail_limit=None, used=None, waiting=0,
            handed_over=90, received=90,
        )  # fmt: skip

        assert warm.problems(waited=90) == []
        assert warm.problems(waited=91)


class TestReceiver:
    def test_counts_messages_and_whom_they_were_for(self):
        text = "Subject: x\r\n\r\n.dot\r\n"
        with running_receiver() as receiver:
            with smtplib.SMTP("127.0.0.1", receiver.port, timeout=10) as client:
                for address in ("a@gmail.example", "b@other.example", "a@gmail.example"):
                    client.sendmail("letter@news.example", [address], text)

            assert receiver.counts() == {"messages": 3, "at_gmail": 2, "people": 2}


class TestMain:
    @pytest.mark.slow
    @pytest.mark.skipif(not os.environ.get("DATABASE_URL"), reason="DATABASE_URL names no server")
    def test_plays_the_first_days(self, tmp_path):
        file = tmp_path / "days.json"

        done = subprocess.run(
            [*COMMAND, "--days", "3", "--surplus", "30", "--json", str(file)],
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip

        assert done.returncode == 0, done.stderr
        days = json.loads(file.read_text())
        assert [day["received"] for day in days] == [50, 50, 100]
        assert [day["received_at_gmail"] for day in days] == [12, 12, 25]
        assert days[-1]["waiting"] == 30
        assert "nobody twice, nobody lost" in done.stdout
