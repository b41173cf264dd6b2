"""The embedded PostgreSQL: made once, started for a run, reached through a socket only."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from config.embedded.account import Account, shared_directory
from config.embedded.data import DataDirectory, remove_linked
from config.embedded.errors import EmbeddedError, say
from config.embedded.service import Server, Service, start

DATABASE = "mailwright"
DATABASE_USER = "mailwright"
# A socket's path holds at most 107 octets (unix(7)), so sockets never lie below the project.
SOCKET_PARENT = Path("/tmp")  # noqa: S108  only a directory of mode 700 is made in it
# Recovery after a crash has to read up to max_wal_size of log.
START_SECONDS = 120
STOP_SECONDS = 30

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "effective_cache_size": "2GB",
    "random_page_cost": "1.1",
    "wal_compression": "on",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "synchronous_commit": "on",
    # Statistics soon after a big import; with none, plans can be a thousand times too slow.
    "autovacuum_naptime": "10s",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# For data that nobody keeps: a crash may lose all of it.
FORGETFUL_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
}


@dataclass(frozen=True, slots=True)
class PostgreSQL:
    """How to run PostgreSQL on one data directory."""

    data: DataDirectory
    programs: Path
    account: Account
    durable: bool = True

    def start(self) -> Service:
        """Return the running server, its database made if this is the first start."""
        cluster = self._cluster()
        sockets = self._new_sockets()
        settings = SETTINGS | ({} if self.durable else FORGETFUL_SETTINGS)
        settings["unix_socket_directories"] = str(sockets)
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        server = Server(
            name="PostgreSQL",
            command=[str(self.programs / "postgres"), "-D", str(cluster), *options],
            url=f"postgresql://{DATABASE_USER}@/{DATABASE}?host={quote(str(sockets))}",
            log=self.data.path / "postgresql.log",
            directory=self.data.path,
            ready=lambda: _says_ready(cluster / "postmaster.pid"),
            start_seconds=START_SECONDS,
            # "Fast": open transactions are rolled back, nobody is waited for.
            stop_signal=signal.SIGINT,
            stop_seconds=STOP_SECONDS,
        )
        return start(server, account=self.account)

    def _cluster(self) -> Path:
        """Return the data directory itself, made and filled if there is none."""
        if not self.data.postgresql.exists():
            self._create_cluster()
        cluster = self.data.postgresql.resolve()
        if not self.account.may_write(cluster):
            raise EmbeddedError(
                f"the user that PostgreSQL runs as may not write in {cluster}. Every directory "
                "above it must let others pass (chmod o+x), and it must belong to that user."
            )
        return cluster

    def _create_cluster(self) -> None:
        """Make the cluster under a draft name: one cut short is never taken for a whole one."""
        draft = self._draft_directory()
        locale = ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
        options = ["--auth=trust", "--no-instructions", f"--username={DATABASE_USER}", *locale]
        if not self.durable:
            options.append("--no-sync")
        self._run("initdb", "-D", str(draft), *options)
        # A single-user server makes the database without a start and a stop.
        flush = [] if self.durable else ["-F"]
        single = ["--single", *flush, "-D", str(draft), "postgres"]
        self._run("postgres", *single, stdin=f'CREATE DATABASE "{DATABASE}"')
        final = draft.with_name("postgresql")
        draft.rename(final)
        if final != self.data.postgresql:
            remove_linked(self.data.postgresql)
            self.data.postgresql.symlink_to(final)

    def _draft_directory(self) -> Path:
        draft = self._empty_draft(self.data.path)
        if self.account.may_write(draft):
            return draft
        draft.rmdir()
        return self._empty_draft(self._reachable_place())

    def _empty_draft(self, parent: Path) -> Path:
        draft = parent / "postgresql.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        self.account.give(draft)
        return draft

    def _reachable_place(self) -> Path:
        if self.data.temporary:
            place = Path(tempfile.mkdtemp(prefix="mailwright-data-", dir=SOCKET_PARENT))
            place.chmod(0o711)
            return place
        place = shared_directory(prefix=f"{self.data.path.parent.name}-")
        say(
            f"the database's user may not enter {self.data.path}, so its data is kept in {place} "
            f"({self.data.postgresql} links to it)"
        )
        return place

    def _new_sockets(self) -> Path:
        sockets = Path(tempfile.mkdtemp(prefix="mailwright-", dir=SOCKET_PARENT))
        self.account.give(sockets)
        remove_linked(self.data.sockets)
        self.data.sockets.symlink_to(sockets)
        return sockets

    def _run(self, program: str, *arguments: str, stdin: str = "") -> None:
        done = subprocess.run(
            [str(self.programs / program), *arguments],
            input=stdin,
            check=False,
            capture_output=True,
            text=True,
            cwd="/",
            env={**os.environ, "LC_ALL": "C"},
            start_new_session=True,
            **self.account.process_options(),
        )
        if done.returncode:
            last = (done.stderr or done.stdout).strip().splitlines()[-3:]
            raise EmbeddedError(f"{program} could not make the database: {' | '.join(last)}")


def _says_ready(postmaster_file: Path) -> bool:
    """Return whether the eighth line of postmaster.pid reports that connections are taken."""
    try:
        lines = postmaster_file.read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > 7 and lines[7].strip() == "ready"  # noqa: PLR2004  the line's number
