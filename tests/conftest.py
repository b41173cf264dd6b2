"""What all tests share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import LazySettings

REQUIRED = "MAILWRIGHT_REQUIRE_SYSTEM_PACKAGES"
PACKAGES = {
    "postfix": "postfix",
    "smtp-sink": "postfix",
    "smtp-source": "postfix",
    "spamd": "spamd",
    "chromium": "chromium",
}


@pytest.fixture(scope="session")
def needs_program() -> Callable[[str], str]:
    """Return a function that gives the path of a system program, or skips the test without it.

    Where the environment says that all packages must be there, a missing one is a failure.
    """

    def find(name: str) -> str:
        path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if path is None:
            message = f"{name} is not installed: install the Debian package {PACKAGES[name]}."
            if os.environ.get(REQUIRED):
                pytest.fail(message)
            pytest.skip(message)
        return path

    return find


@pytest.fixture(autouse=True)
def _own_folders(settings: LazySettings, tmp_path: Path) -> None:
    """Keep journals and uploaded files of a test to itself, and hash its passwords quickly."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.MAILWRIGHT = settings.MAILWRIGHT | {
        "JOURNAL_DIR": tmp_path / "journal",
        "IMPORT_DIR": tmp_path / "imports",
        "DNS_SERVERS": ["127.0.0.1:9"],  # nobody answers: no test asks the real DNS by mistake
        "EXPORT_DIR": tmp_path / "exports",
    }
