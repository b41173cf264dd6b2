"""What has to be done once before the programs can run: each step a management command."""

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
    """A management command and what it does, for the person who waits."""

    doing: str
    command: tuple[str, ...]


# Each may run again and then changes nothing, so a launch that was cut short is simply repeated.
STEPS = (
    Step("bringing the database up to date", ("migrate", "--no-input", "--verbosity", "0")),
    Step("loading the demo organization", ("load_demo",)),
)
START_DEMO = Step("starting the demo campaign", ("start_demo_campaign",))


def take(step: Step, *, environment: Mapping[str, str]) -> None:
    """Run the step's command, quiet unless it fails; then raise LaunchError with its last words."""
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
    if done.returncode:
        last = done.stdout.strip().splitlines()[-OUTPUT_LINES_SHOWN:]
        shown = "\n".join(f"  {line}" for line in last)
        raise LaunchError(f"{step.doing} failed (manage.py {' '.join(step.command)}):\n{shown}")
