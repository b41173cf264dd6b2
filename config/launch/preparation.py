"""What has to be done before the programs can run: management commands, in one process of its own.

Each may run again and then changes nothing, so a launch that was cut short is simply repeated.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from config.launch.errors import LaunchError

OUTPUT_LINES_SHOWN = 15
# What `load_demo` ends with in a database that has organizations of its own.
DECLINED_CODE = 3


@dataclass(frozen=True, slots=True)
class Step:
    """A management command and what it does, for the person who waits."""

    doing: str
    command: tuple[str, ...]


STEPS = (
    Step("checking the settings", ("check",)),
    Step("bringing the database up to date", ("migrate", "--no-input", "--verbosity", "0")),
    Step("loading the demo organization", ("load_demo",)),
    # Nothing is sent before a worker runs.
    Step("starting the demo campaign", ("start_demo_campaign",)),
)


def prepare(environment: Mapping[str, str]) -> bool:
    """Take the steps and return whether the demo is there; without one the rest is prepared.

    Raises LaunchError with the last words of a step that fails.
    """
    done = subprocess.run(
        [sys.executable, "-m", "config.launch.preparation"],
        check=False,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(environment),
    )
    if done.returncode not in (0, DECLINED_CODE):
        last = done.stderr.strip().splitlines()[-OUTPUT_LINES_SHOWN:]
        raise LaunchError("that failed:\n" + "\n".join(f"  {line}" for line in last))
    return done.returncode == 0


def take(steps: tuple[Step, ...]) -> int:
    """Return 0 after all steps, or the code of the first that fails or declines.

    Standard output tells which step it is at, standard error what the commands say.
    """
    import django
    from django.core.management import CommandError, call_command

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    for step in steps:
        sys.stdout.write(f"{step.doing} ...\n")
        sys.stdout.flush()
        try:
            call_command(*step.command, stdout=sys.stderr)
        except CommandError as error:
            sys.stderr.write(f"manage.py {' '.join(step.command)}: {error}\n")
            return error.returncode
    return 0


if __name__ == "__main__":
    sys.exit(take(STEPS))
