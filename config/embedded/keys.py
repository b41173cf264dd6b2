"""The secrets that a run needs: from the environment, else made once and kept."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path

# Bytes of randomness in a generated secret; a password is also typed by hand.
SECRET_BYTES = 48
PASSWORD_BYTES = 9
INBOX_KEY_BYTES = 32

GENERATORS: dict[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(SECRET_BYTES),
    # "id:secret"; settings.MAILWRIGHT["TOKEN_KEYS"] says what they sign.
    "MAILWRIGHT_TOKEN_KEYS": lambda: f"1:{secrets.token_urlsafe(SECRET_BYTES)}",
    "MAILWRIGHT_DEMO_PASSWORD": lambda: secrets.token_urlsafe(PASSWORD_BYTES),
    # Names the address to which the sandbox's audience posts its mails.
    "MAILWRIGHT_DEMO_INBOX_KEY": lambda: secrets.token_urlsafe(INBOX_KEY_BYTES),
}


def secret_environment(path: Path) -> dict[str, str]:
    """Return those secrets that the environment does not give, made at `path` if it is missing."""
    if all(os.environ.get(name) for name in GENERATORS):
        return {}
    if not path.exists():
        _write_new(path)
    values = _read(path)
    _add_missing(path, values=values)
    return {name: values[name] for name in GENERATORS if not os.environ.get(name)}


def _write_new(path: Path) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    _write(draft, values={name: make() for name, make in GENERATORS.items()})
    # A link fails where a rename would overwrite: of two starters at once the first one wins.
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(draft)
    draft.unlink()


def _add_missing(path: Path, *, values: dict[str, str]) -> None:
    missing = [name for name in GENERATORS if not values.get(name)]
    if not missing:
        return
    values.update({name: GENERATORS[name]() for name in missing})
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    _write(draft, values=values)
    draft.replace(path)


def _write(path: Path, *, values: dict[str, str]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.writelines(f"{name}={value}\n" for name, value in values.items())


def _read(path: Path) -> dict[str, str]:
    pairs = (line.partition("=") for line in path.read_text().splitlines() if "=" in line)
    return {name.strip(): value.strip() for name, _, value in pairs}
