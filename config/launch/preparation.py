"""What has to be done before the programs can run: each step a management command."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from config.launch.errors import LaunchError

PROJECT_DIR = Path(__file__).resolve().parents[2]
OUTPUT_LINES_SHOWN = 15


@dataclass(frozen=True, slots=True)
class Step:
    """A management command and what it does, for the person who waits.

    Ending with `declined_code` it says that there is nothing for it to do here.
    """

    doing: str
    command: tuple[str, ...]
    declined_code: int | None = None


# Each may run again and then changes nothing, so a launch that was cut short is simply repeated.
MIGRATE = Step("bringing the database up to date", ("migrate", "--no-input", "--verbosity", "0"))
# Declined by a database with organizations of its own.
LOAD_DEMO = Step("loading the demo organization", ("load_demo",), declined_code=3)
START_DEMO = Step("starting the demo campaign", ("start_demo_campaign",))


def take(step: Step, *, environment: Mapping[str, str]) -> bool:
    """Run the step's command and return whether it did its work or had done it before.

    Quiet unless it fails; then it raises LaunchError with the command's last words.
    """
    sys.stdout.write(f"{step.doing} ...\n")
    sys.stdout.flush()
    done = subprocess.run(
        [sys.executable, str(PROJECT_DIR / "manage.py"), *step.command],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=dict(environment),
    )
    if done.returncode not in (0, step.declined_code):
        raise LaunchError(_failure(step, output=done.stdout))
    return done.returncode == 0


def _failure(step: Step, *, output: str) -> str:
    last = output.strip().splitlines()[-OUTPUT_LINES_SHOWN:]
    shown = "\n".join(f"  {line}" for line in last)
    return f"{step.doing} failed (manage.py {' '.join(step.command)}):\n{shown}"
