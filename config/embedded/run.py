"""A whole run: take a data directory, start what is missing, run the command, stop everything."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from config.embedded.account import account_for, client_programs, programs_for
from config.embedded.command import ignore_signals, run_command
from config.embedded.data import (
    DataDirectory,
    configured_path,
    kept,
    new_temporary,
    remove,
    try_lock,
)
from config.embedded.errors import EmbeddedError, say
from config.embedded.keys import secret_environment
from config.embedded.leftovers import OWNER_VARIABLE, clear_marks, reclaim, stop_processes_of
from config.embedded.postgresql import PostgreSQL
from config.embedded.service import Service
from config.embedded.valkey import Valkey

# Seconds to wait for a run that holds the data but has not written its URLs yet.
JOIN_SECONDS = 60
JOIN_POLL_SECONDS = 0.1


def run_kept(command: list[str]) -> int:
    """Return the command's exit code, run on the lasting data.

    Beside a run that already holds the data, the command uses that run's services.
    """
    data = kept(configured_path())
    held = try_lock(data.lock)
    if held is None:
        return _run_beside(data, command)
    try:
        reclaim(data)
        return _run_as_owner(data, command, durable=True)
    finally:
        os.close(held)


def run_temporary(command: list[str], *, durable: bool) -> int:
    """Return the command's exit code, run on new services that are removed afterwards."""
    data, held = new_temporary(configured_path() / "tmp", reclaim=reclaim)
    try:
        return _run_as_owner(data, command, durable=durable)
    finally:
        ignore_signals()
        remove(data)
        os.close(held)


def _run_as_owner(data: DataDirectory, command: list[str], *, durable: bool) -> int:
    with _services(data, durable=durable) as services:
        urls = {name: service.url for name, service in services.items()}
        _write_urls(data, urls=urls)
        try:
            return run_command(
                command,
                environment=_environment(data) | urls | {OWNER_VARIABLE: str(data.path)},
                failure=lambda: _first_failure(services),
            )
        finally:
            ignore_signals()
            stop_processes_of(data)


def _run_beside(data: DataDirectory, command: list[str]) -> int:
    urls = _urls_of_owner(data)
    say(f"using the services that already run on {data.path}")
    return run_command(
        command, environment=_environment(data) | urls, failure=lambda: _owner_gone(data)
    )


@contextlib.contextmanager
def _services(data: DataDirectory, *, durable: bool) -> Iterator[dict[str, Service]]:
    """Yield the started services by the name of their variable; they are stopped at the end."""
    services: dict[str, Service] = {}
    try:
        _start(data, services, durable=durable)
        yield services
    finally:
        ignore_signals()
        for service in services.values():
            service.ask_to_stop()
        for service in services.values():
            service.wait_until_stopped()
        clear_marks(data)


def _start(data: DataDirectory, services: dict[str, Service], *, durable: bool) -> None:
    wanted = [name for name in ("DATABASE_URL", "REDIS_URL") if not os.environ.get(name)]
    if not wanted:
        return
    account = account_for(data.postgresql)
    programs, valkey_program = programs_for(account)
    if "DATABASE_URL" in wanted:
        services["DATABASE_URL"] = PostgreSQL(data, programs, account, durable).start()
    if "REDIS_URL" in wanted:
        services["REDIS_URL"] = Valkey(data, valkey_program, account).start()


def _environment(data: DataDirectory) -> dict[str, str]:
    """Return what the command is told beside the URLs: the data, the secrets, where programs are.

    Our psql and pg_dump come before the system's, which may be too old for our server.
    """
    own = [str(Path(sys.executable).parent), str(client_programs())]
    places = [*own, os.environ.get("PATH", os.defpath)]
    return {
        **secret_environment(data.keys),
        "MAILWRIGHT_DATA_DIR": str(data.path),
        "PATH": os.pathsep.join(places),
    }


def _write_urls(data: DataDirectory, *, urls: dict[str, str]) -> None:
    draft = data.urls.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(urls))
    draft.replace(data.urls)


def _urls_of_owner(data: DataDirectory) -> dict[str, str]:
    deadline = time.monotonic() + JOIN_SECONDS
    while not data.urls.exists():
        if time.monotonic() > deadline:
            raise EmbeddedError(
                f"another process holds {data.path} and has not started its services"
            )
        time.sleep(JOIN_POLL_SECONDS)
    urls: dict[str, str] = json.loads(data.urls.read_text())
    return {name: url for name, url in urls.items() if not os.environ.get(name)}


def _first_failure(services: dict[str, Service]) -> str | None:
    return next((reason for service in services.values() if (reason := service.ended())), None)


def _owner_gone(data: DataDirectory) -> str | None:
    return None if data.urls.exists() else f"the services on {data.path} were stopped"
