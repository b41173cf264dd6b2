"""A data directory for one test, and ways to run commands on the embedded services there."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

PROJECT = Path(__file__).resolve().parents[2]
WAIT_SECONDS = 60
GIVEN_BY_OTHERS = (
    "DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "MAILWRIGHT_TOKEN_KEYS",
    "MAILWRIGHT_DEMO_PASSWORD",
    "MAILWRIGHT_DEMO_INBOX_KEY",
    "MAILWRIGHT_DATA_DIR",
    "MAILWRIGHT_EMBEDDED_OWNER",
)
# Uses both services as any client would, and tells what it was given.
PROBE = """
import json, os, psycopg, redis
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    connection.execute("CREATE TABLE IF NOT EXISTS visits (at timestamptz DEFAULT now())")
    connection.execute("INSERT INTO visits DEFAULT VALUES")
    visits = connection.execute("SELECT count(*) FROM visits").fetchone()[0]
    listening = connection.execute("SHOW listen_addresses").fetchone()[0]
    fsync = connection.execute("SHOW fsync").fetchone()[0]
broker = redis.Redis.from_url(os.environ["REDIS_URL"])
wanted = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "MAILWRIGHT_TOKEN_KEYS")
given = {name: os.environ[name] for name in wanted}
print(json.dumps({"visits": visits, "listening": listening, "fsync": fsync, "ping": broker.ping(),
    "broker_bind": broker.config_get("bind")["bind"], **given}))
"""


def _listen_to_interrupts() -> None:
    """Undo what a shell does to jobs in the background, and so to these tests run in one."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass
class Place:
    """A data directory of one test, and ways to run commands on it."""

    data: Path
    given: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        clean = {name: text for name, text in os.environ.items() if name not in GIVEN_BY_OTHERS}
        return {**clean, "MAILWRIGHT_DATA_DIR": str(self.data), **self.given}

    def command(self, *options: str, program: list[str]) -> list[str]:
        return [sys.executable, "-m", "config.embedded", *options, "--", *program]

    def run(self, *options: str, program: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*options, program=program),
            cwd=PROJECT,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=WAIT_SECONDS,
            check=False,
        )

    def probe(self, *options: str) -> dict[str, object]:
        done = self.run(*options, program=[sys.executable, "-c", PROBE])
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def start(self, *options: str, ready: Path) -> subprocess.Popen[str]:
        """Start a command that writes its number to `ready` and then waits for a minute."""
        program = ["sh", "-c", f"echo $$ > {ready}.part; mv {ready}.part {ready}; exec sleep 60"]
        process = subprocess.Popen(
            self.command(*options, program=program),
            cwd=PROJECT,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=_listen_to_interrupts,  # noqa: PLW1509  no thread runs here
        )
        wait_until(lambda: ready.exists() or process.poll() is not None)
        assert ready.exists(), process.communicate()[1]
        return process

    def processes(self) -> list[psutil.Process]:
        """Return every process that works in this directory or was started for it."""
        return [process for process in psutil.process_iter() if self._is_of(process)]

    def _is_of(self, process: psutil.Process) -> bool:
        marks = []
        for read in (process.cwd, lambda: process.environ().get("MAILWRIGHT_EMBEDDED_OWNER", "")):
            try:
                marks.append(read())
            except (psutil.Error, OSError):
                continue
        return any(mark.startswith(str(self.data)) for mark in marks)


def wait_until(condition: Callable[[], object], seconds: float = WAIT_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def remove_place(data: Path) -> None:
    for link in data.glob("**/postgresql"):
        if link.is_symlink():
            shutil.rmtree(link.readlink().parent, ignore_errors=True)
    shutil.rmtree(data, ignore_errors=True)


@contextlib.contextmanager
def new_place(below: str = "") -> Iterator[Place]:
    # Not tmp_path: as root that lies below a directory which the database's user may not enter.
    top = Path(tempfile.mkdtemp(prefix="embedded-test-"))
    top.chmod(0o711)
    yield Place(top / below)
    remove_place(top)
