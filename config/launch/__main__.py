"""`python -m config.launch`: prepare, start everything, say where to look, stop everything."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from honcho.environ import parse_procfile

from config.embedded.data import configured_path, make_directory, try_lock
from config.embedded.errors import EmbeddedError
from config.launch.address import WebAddress, configured_address
from config.launch.errors import LaunchError
from config.launch.preparation import PROJECT_DIR, START_DEMO, STEPS, take
from config.launch.processes import run_together
from config.launch.welcome import framed, wait_until_healthy

# The user that `manage.py load_demo` makes, with the password from MAILWRIGHT_DEMO_PASSWORD.
DEMO_LOGIN = "demo"
SANDBOX_PORT = 2525
HEALTHY_SECONDS = 60
INTERRUPTED_CODE = 130


def main() -> int:
    """Return 0 after Ctrl-C, 1 if something was in the way or ended by itself."""
    os.chdir(PROJECT_DIR)
    try:
        address = configured_address()
        data = make_directory(configured_path())
        _take_the_only_place(data)
        address.check_free()
        reason = _run(address, data=data)
    except (LaunchError, EmbeddedError) as error:
        reason = str(error)
    except KeyboardInterrupt:
        return INTERRUPTED_CODE
    if reason is not None:
        sys.stderr.write(f"mailwright: {reason}\n")
        return 1
    sys.stdout.write("everything is stopped; the data is kept, `make run` goes on with it\n")
    return 0


def _take_the_only_place(data: Path) -> None:
    """Hold the data for this launch until the process ends, or raise LaunchError."""
    if try_lock(data / "launch.lock") is None:
        raise LaunchError(f"Mailwright already runs on {data}; stop it there first (Ctrl-C)")


def _run(address: WebAddress, *, data: Path) -> str | None:
    environment = _environment(address)
    for step in STEPS:
        take(step, environment=environment)
    sys.stdout.write("starting the web server, the workers, beat and the sandbox ...\n")
    return run_together(
        _commands(data),
        environment=environment,
        meanwhile=lambda: _welcome(address, data=data, environment=environment),
    )


def _environment(address: WebAddress) -> dict[str, str]:
    """Return the environment of every program; what the person has set stays as it is."""
    defaults = {
        "MAILWRIGHT_PUBLIC_URL": address.url,
        # Short send tasks, so that Ctrl-C need not wait for a long one.
        "MAILWRIGHT_TASK_SECONDS": "10",
        "WEB_CONCURRENCY": "1",
    }
    return {**defaults, **os.environ, "PORT": str(address.port), "PYTHONUNBUFFERED": "1"}


def _commands(data: Path) -> dict[str, str]:
    """Return the Procfile's programs and the sandbox, by name."""
    programs = parse_procfile((PROJECT_DIR / "Procfile").read_text()).processes
    maildir = data / "sandbox" / "Maildir"
    sandbox = f"python -m sandbox.smtp --port {SANDBOX_PORT} --maildir '{maildir}'"
    return {**programs, "sandbox": sandbox}


def _welcome(address: WebAddress, *, data: Path, environment: dict[str, str]) -> str | None:
    """Return why the product is not usable, or None after the message is printed."""
    if not wait_until_healthy(address, seconds=HEALTHY_SECONDS):
        return f"the web server did not answer at {address.url} within {HEALTHY_SECONDS} s"
    try:
        take(START_DEMO, environment=environment)
    except LaunchError as error:
        return str(error)
    sys.stdout.write(f"\n{framed(_message(address, data=data))}\n\n")
    sys.stdout.flush()
    return None


def _message(address: WebAddress, *, data: Path) -> list[str]:
    return [
        "Mailwright is running",
        "",
        f"Open      {address.url}/admin/",
        f"Login     {DEMO_LOGIN}",
        f"Password  {os.environ.get('MAILWRIGHT_DEMO_PASSWORD', '(as you set it)')}",
        "",
        "A demo campaign is on its way to the sandbox: Send > Campaigns shows it arrive.",
        f"What the sandbox received lies in {data / 'sandbox' / 'Maildir'}",
        f"The API and its description: {address.url}/api/docs/",
        "",
        "Ctrl-C stops everything; the data is kept for the next `make run`.",
    ]


if __name__ == "__main__":
    sys.exit(main())
