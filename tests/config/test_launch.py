"""Bringing the product up: ports, several programs at once, and the words at the terminal."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import psutil
import pytest
from honcho.environ import parse_procfile

from config.launch.errors import LaunchError
from config.launch.ports import Port, sandbox_port, web_port
from config.launch.preparation import Step, prepare, take
from config.launch.welcome import framed, message, wait_until_healthy

PROJECT = Path(__file__).resolve().parents[2]
WAIT_SECONDS = 60
# Runs the programs given as name=command, as `make run` does, and prints why they ended.
RUN_TOGETHER = """
import sys
from config.launch.processes import run_together
commands = dict(pair.split("=", 1) for pair in sys.argv[1:])
say = lambda: print("ready", flush=True)
print("reason:", run_together(commands, environment={}, meanwhile=say))
"""


class Answer(BaseHTTPRequestHandler):
    """Answers every request with the status of its server."""

    def do_GET(self) -> None:
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture
def web() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), Answer)
    server.status = 200
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def started_together(*commands: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", RUN_TOGETHER, *commands],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def wait_for_line(process: subprocess.Popen[str], text: str) -> list[str]:
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if text in line:
            return lines
    raise AssertionError(f"{text!r} never came: {lines}")


def is_running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


class TestPorts:
    @pytest.mark.parametrize(("text", "number"), [("", 8000), ("8123", 8123)])
    def test_follow_the_environment(
        self, monkeypatch: pytest.MonkeyPatch, text: str, number: int
    ) -> None:
        monkeypatch.setenv("PORT", text)

        assert web_port().url == f"http://127.0.0.1:{number}"

    @pytest.mark.parametrize("text", ["http", "0", "65536", "-1", "80.5", "²"])
    def test_refuse_what_is_no_port(self, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
        monkeypatch.setenv("MAILWRIGHT_SANDBOX_PORT", text)

        with pytest.raises(LaunchError, match=f"MAILWRIGHT_SANDBOX_PORT={text} is not a port"):
            sandbox_port()


class TestCheckFree:
    def test_names_a_port_in_use_and_the_way_out(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            number = taken.getsockname()[1]

            with pytest.raises(LaunchError) as caught:
                Port(number).check_free()

        assert f"port {number} for the web server is in use" in str(caught.value)
        assert f"PORT={number + 1 if number < 65535 else 8080} make run" in str(caught.value)

    def test_accepts_a_free_port(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            number = probe.getsockname()[1]

        Port(number).check_free()


class TestPrepare:
    def test_shows_the_last_words_of_a_step_that_fails(self) -> None:
        nowhere = "postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=2"
        environment = {**os.environ, "DATABASE_URL": nowhere}

        with pytest.raises(LaunchError, match=r"that failed:\n(.*\n)*.*(?i:connection) refused"):
            prepare(environment)


class TestTake:
    def test_stops_at_a_step_that_fails(self, capsys: pytest.CaptureFixture[str]) -> None:
        steps = (Step("looking", ("check",)), Step("guessing", ("no_such_command",)), Step("x", ()))

        code = take(steps)

        seen = capsys.readouterr()
        assert code == 1
        assert seen.out == "looking ...\nguessing ...\n"
        assert "manage.py no_such_command: Unknown command" in seen.err


class TestMessage:
    def test_gives_address_login_and_password(self) -> None:
        text = "\n".join(message(Port(8123), maildir=Path("mail"), demo_password="s3cret"))

        assert "http://127.0.0.1:8123/admin/" in text
        assert re.search(r"Login +demo\nPassword +s3cret\n", text)

    def test_names_no_login_where_the_demo_is_not(self) -> None:
        text = "\n".join(message(Port(8123), maildir=Path("mail"), demo_password=None))

        assert "Password" not in text


class TestRunTogether:
    def test_ends_everything_when_one_crashes_and_names_it(self, tmp_path: Path) -> None:
        pid_file = tmp_path / "pid"
        process = started_together(
            f"steady=sh -c 'echo $$ > {pid_file}; sleep 60'",
            f"frail=sh -c 'while ! [ -s {pid_file} ]; do sleep 0.02; done; echo oh dear; exit 7'",
        )

        output, _ = process.communicate(timeout=WAIT_SECONDS)

        assert "reason: frail ended with code 7" in output
        assert "frail   | oh dear" in output
        assert not is_running(int(pid_file.read_text()))

    def test_ends_everything_on_ctrl_c_pool_processes_too(self, tmp_path: Path) -> None:
        pid_file = tmp_path / "pid"
        process = started_together(
            f"one=sh -c 'sleep 60 & echo $! > {pid_file}; wait'", "two=sleep 60"
        )
        wait_for_line(process, "ready")
        while not (pid_file.exists() and pid_file.read_text().strip()):
            time.sleep(0.02)

        os.killpg(process.pid, signal.SIGINT)

        output, _ = process.communicate(timeout=WAIT_SECONDS)
        assert "reason: None" in output
        assert not is_running(int(pid_file.read_text()))

    def test_tells_the_leader_alone_so_that_work_in_hand_is_finished(self, tmp_path: Path) -> None:
        done = tmp_path / "done"
        # The leader waits for its child as a worker does for its pool; the child knows no signals.
        leader = f'trap "wait; exit 0" TERM; (sleep 0.5; echo finished > {done}) & echo up; wait'
        process = started_together(f"worker=sh -c '{leader}'")
        wait_for_line(process, "worker  | up")

        process.terminate()

        process.communicate(timeout=WAIT_SECONDS)
        assert done.read_text() == "finished\n"

    def test_kills_at_once_what_does_not_listen_when_asked_twice(self) -> None:
        process = started_together(
            """deaf=sh -c 'trap "" TERM; echo up; while :; do sleep 0.1; done'"""
        )
        wait_for_line(process, "deaf    | up")
        process.send_signal(signal.SIGINT)
        wait_for_line(process, "stopping")
        before = time.monotonic()

        process.send_signal(signal.SIGINT)

        process.communicate(timeout=WAIT_SECONDS)
        assert time.monotonic() - before < 5


class TestWaitUntilHealthy:
    def test_returns_as_soon_as_the_server_is_well(self, web: HTTPServer) -> None:
        port = Port(web.server_address[1])

        assert wait_until_healthy(port, seconds=WAIT_SECONDS)

    def test_gives_up_on_a_server_that_stays_ill(self, web: HTTPServer) -> None:
        web.status = 500
        port = Port(web.server_address[1])

        assert not wait_until_healthy(port, seconds=0.5)


class TestFramed:
    def test_draws_one_box_around_all_lines(self) -> None:
        lines = framed(["Open", "http://127.0.0.1:8000/admin/", ""]).splitlines()

        assert len({len(line) for line in lines}) == 1
        assert lines[2] == "|  http://127.0.0.1:8000/admin/  |"


class TestDocumentation:
    def test_names_every_variable_that_the_settings_read(self) -> None:
        settings = (PROJECT / "config" / "settings.py").read_text()
        documented = (PROJECT / "docs" / "running.md").read_text()
        read = re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', settings)

        assert len(read) > 10
        assert [name for name in read if f"`{name}`" not in documented] == []


class TestProcfile:
    @pytest.fixture
    def served(self) -> list[set[str]]:
        """The queues of each program that serves any."""
        programs = parse_procfile((PROJECT / "Procfile").read_text()).processes
        return [
            set(command.split("--queues ")[1].split()[0].split(","))
            for command in programs.values()
            if "--queues" in command
        ]

    def test_serves_every_queue_that_the_settings_name(self, served: list[set[str]]) -> None:
        from django.conf import settings

        routed = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()}

        assert set().union(*served) == routed | {settings.CELERY_TASK_DEFAULT_QUEUE}

    def test_has_a_worker_for_transactional_mail_alone(self, served: list[set[str]]) -> None:
        assert [queues for queues in served if "transactional" in queues] == [{"transactional"}]
        assert [queues for queues in served if "sending" in queues] == [{"sending"}]
