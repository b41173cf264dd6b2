"""The walk through the API in the documentation is executed as it stands."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection
from drf_spectacular.generators import SchemaGenerator

from campaigns.operations.organizations import create_organization
from config.celery import app
from sandbox.server import ServerSettings
from tests.sandbox.running import running_sandbox

PAGE = settings.BASE_DIR / "docs" / "api.md"
BLOCKS = re.compile(r"^```(sh|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "---- the next block ----"
TIMEOUT_SECONDS = 120
COMMAND = ".venv/bin/python -m config.embedded --keep -- python manage.py"
RESUMES = "/resume"
# From here on somebody sends; before that the campaign waits, so that it can be paused.
SENDER = f"{sys.executable} manage.py send_due --stay >&2 & SENDER=$!; trap 'kill $SENDER' EXIT\n"
# What depends on the day, the machine, or the ids that were handed out before, or is shortened.
VARYING = {
    "id", "contact", "pool", "transport", "list", "campaign", "recipient_id", "ts", "started_at",
    "html", "text", "report", "file", "smtp_response",
}  # fmt: skip


def walk():
    """Return the commands of the walk, each with the answer that stands below it, or None."""
    page = PAGE.read_text().partition("## What holds for every request")[0]
    found = BLOCKS.findall(page)
    following = [*found[1:], ("", "")]
    return [
        (text, json.loads(after) if kind_after == "json" else None)
        for (kind, text), (kind_after, after) in zip(found, following, strict=True)
        if kind == "sh"
    ]


def script(blocks, *, address, port):
    """Return one script of all commands, with a mark on a line of its own after each."""
    parts = []
    for text, _ in blocks:
        begins = SENDER if RESUMES in text else ""
        parts.append(f"{text}{begins}echo; echo '{MARK}'\n")
    text = "set -euo pipefail\n" + "".join(parts)
    for documented, ours in {
        "http://127.0.0.1:8000": address,
        '"port": 2525': f'"port": {port}',
        COMMAND: f"{sys.executable} manage.py",
        "people.csv": '"$FOLDER/people.csv"',
        "bounces.csv": '"$FOLDER/bounces.csv"',
    }.items():
        text = text.replace(documented, ours)
    return text


def environment(folder: Path):
    """Return the environment of commands that work on the test's own database."""
    server = urlsplit(os.environ["DATABASE_URL"])
    database = server._replace(path=f"/{connection.settings_dict['NAME']}")
    return os.environ | {
        "DATABASE_URL": database.geturl(),
        "SECRET_KEY": settings.SECRET_KEY,
        "MAILWRIGHT_DATA_DIR": str(folder),
        "MAILWRIGHT_JOURNAL_DIR": str(folder / "journal"),
        "FOLDER": str(folder),
    }


def agrees(documented, answered):
    """Say whether an answer has all that the documentation shows of it."""
    if isinstance(documented, dict):
        return all(
            name in answered and (name in VARYING or agrees(value, answered[name]))
            for name, value in documented.items()
        )
    if isinstance(documented, list):
        return len(documented) <= len(answered) and all(map(agrees, documented, answered))
    return documented == answered


def last_json(text):
    """Return the last of the JSON values that were printed one after another."""
    values, rest = [], text.strip()
    while rest:
        value, end = json.JSONDecoder().raw_decode(rest)
        values.append(value)
        rest = rest[end:].lstrip()
    return values[-1]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
class TestWalk:
    @pytest.fixture
    def _workers_at_once(self):
        app.conf.task_always_eager = True
        yield
        app.conf.task_always_eager = False

    @pytest.mark.usefixtures("_workers_at_once")
    def test_does_what_the_page_says(self, live_server, tmp_path):
        if shutil.which("curl") is None:
            pytest.skip("curl is not installed")
        create_organization(name="Demo", slug="demo")
        blocks = walk()

        with running_sandbox(ServerSettings(port=0)) as sandbox:
            done = subprocess.run(
                ["bash", "-c", script(blocks, address=live_server.url, port=sandbox.port)],
                cwd=settings.BASE_DIR,
                env=environment(tmp_path),
                capture_output=True,
                text=True,
                timeout=TIMEOUT_SECONDS,
                check=False,
            )

        assert done.returncode == 0, done.stdout + done.stderr
        answers = done.stdout.split(MARK)
        for (command, documented), answered in zip(blocks, answers, strict=False):
            if documented is not None:
                assert agrees(documented, last_json(answered)), f"{command}\n{answered}"


class TestPage:
    def test_names_every_request(self):
        page = PAGE.read_text()

        missing = [path for path in SchemaGenerator().get_schema()["paths"] if path not in page]

        assert missing == []

    def test_shows_answers_that_are_json(self):
        answers = [text for kind, text in BLOCKS.findall(PAGE.read_text()) if kind == "json"]

        assert len(answers) >= 15
        assert all(json.loads(text) for text in answers)
