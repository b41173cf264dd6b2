"""What all tests share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.test import TransactionTestCase
from pytest_django import DjangoDbBlocker

from tests.installed_rows import InstalledRows, keep_aside

REQUIRED = "MAILWRIGHT_REQUIRE_SYSTEM_PACKAGES"
PACKAGES = {
    "postfix": "postfix",
    "smtp-sink": "postfix",
    "smtp-source": "postfix",
    "spamd": "spamd",
    "chromium": "chromium",
}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes long first, so that no core is left with it alone in the end."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    """Return 0 for what is marked as slow, 1 for stories that commit or drive a browser, else 2."""
    if item.get_closest_marker("slow"):
        return 0
    marker = item.get_closest_marker("django_db")
    return 1 if marker and marker.kwargs.get("transaction") else 2


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


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[InstalledRows]:
    """The test database; after a test that commits, it is again as the migrations left it."""
    with django_db_blocker.unblock():
        installed = keep_aside()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: installed.put_back())
        yield installed


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
