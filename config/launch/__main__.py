"""`python -m config.launch`: prepare, start everything, say where to look, stop everything."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from honcho.environ import parse_procfile

from config.embedded.data import configured_path, make_directory, try_lock
from config.embedded.errors import EmbeddedError
from config.launch.errors import LaunchError
from config.launch.ports import Port, sandbox_port, web_port
from config.launch.preparation import prepare
from config.launch.processes import run_together
from config.launch.welcome import framed, message, wait_until_healthy
from sandbox.demo import shop

PROJECT_DIR = Path(__file__).resolve().parents[2]
HEALTHY_SECONDS = 60
INTERRUPTED_CODE = 130
# Beginnings of warnings that are right in a deployment and beside the point here.
NOT_WORTH_A_WARNING = (
    "No directory at",  # static files are collected for deployments only
    "You're running the worker with superuser privileges",
)


def main() -> int:
    """Return 0 after Ctrl-C, 1 if something was in the way or ended by itself."""
    os.chdir(PROJECT_DIR)
    try:
        reason = _launch()
    except (LaunchError, EmbeddedError) as error:
        reason = str(error)
    except KeyboardInterrupt:
        return INTERRUPTED_CODE
    if reason is not None:
        sys.stderr.write(f"mailwright: {reason}\n")
        return 1
    sys.stdout.write("everything is stopped; the data is kept, `make run` goes on with it\n")
    return 0


def _launch() -> str | None:
    """Return why everything had to end, or None if somebody asked for it."""
    web, sandbox = web_port(), sandbox_port()
    data = make_directory(configured_path())
    _take_the_only_place(data)
    for port in (web, sandbox):
        port.check_free()
    environment = _environment(web)
    with_demo = prepare(environment)
    sys.stdout.write("starting the web server, the workers, beat and the sandbox ...\n")
    maildir = data / "sandbox" / "Maildir"
    return run_together(
        _commands(web, sandbox, maildir=maildir, with_demo=with_demo),
        environment=environment,
        meanwhile=lambda: _welcome(
            web, maildir=maildir, demo_password=_demo_password() if with_demo else None
        ),
    )


def _take_the_only_place(data: Path) -> None:
    """Hold the data for this launch until the process ends, or raise LaunchError."""
    if try_lock(data / "launch.lock") is None:
        raise LaunchError(f"Mailwright already runs on {data}; stop it there first (Ctrl-C)")


def _environment(web: Port) -> dict[str, str]:
    """Return the environment of every program; what the person has set stays as it is."""
    defaults = {
        "MAILWRIGHT_PUBLIC_URL": web.url,
        # Short send tasks, so that Ctrl-C need not wait for a long one.
        "MAILWRIGHT_TASK_SECONDS": "10",
        "WEB_CONCURRENCY": "1",
        "PYTHONWARNINGS": ",".join(f"ignore:{text}" for text in NOT_WORTH_A_WARNING),
    }
    return {**defaults, **os.environ, "PORT": str(web.number), "PYTHONUNBUFFERED": "1"}


def _commands(web: Port, sandbox: Port, *, maildir: Path, with_demo: bool) -> dict[str, str]:
    """Return the Procfile's programs, the sandbox and, with the demo, its audience, by name."""
    programs = parse_procfile((PROJECT_DIR / "Procfile").read_text()).processes
    receive = (
        f"python -m sandbox.smtp --port {sandbox.number} --maildir '{maildir}'"
        f" --new-ip {shop.NEW_IP}"
    )
    commands = {**programs, "sandbox": receive}
    if with_demo:
        diary = maildir.parent / "audience.jsonl"
        commands["readers"] = (
            f"nice -n 5 python -m sandbox.audience --web {web.url}"
            f" --maildir '{maildir}' --diary '{diary}'"
        )
    return commands


def _demo_password() -> str:
    return os.environ.get("MAILWRIGHT_DEMO_PASSWORD", "")


def _welcome(web: Port, *, maildir: Path, demo_password: str | None) -> str | None:
    """Return why the product is not usable, or None after the message is printed."""
    if not wait_until_healthy(web, seconds=HEALTHY_SECONDS):
        return f"the web server did not answer at {web.url} within {HEALTHY_SECONDS} s"
    lines = message(web, maildir=maildir, demo_password=demo_password)
    sys.stdout.write(f"\n{framed(lines)}\n\n")
    sys.stdout.flush()
    return None


if __name__ == "__main__":
    sys.exit(main())
