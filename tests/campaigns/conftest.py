"""Imports of contacts, for the tests of what runs them and of what tells about them."""

import io
from datetime import UTC, datetime

import pytest

from campaigns.operations.imports import NewImport, create_import, run_import
from tests.factories.campaigns import ContactListFactory

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TWO_PEOPLE = "Email,First name,City\njo@example.com,Jo,Rome\nann@example.com,Ann,Oslo\n"


@pytest.fixture
def import_list():
    """The list that imports go to."""
    return ContactListFactory()


@pytest.fixture
def started(import_list, tmp_path):
    """Return a function that uploads a text (or bytes) and gives the job that waits."""

    def create(content=TWO_PEOPLE, *, to_list=True, **wanted):
        data = content.encode() if isinstance(content, str) else content
        return create_import(
            io.BytesIO(data),
            wanted=NewImport(
                organization=import_list.organization,
                list=import_list if to_list else None,
                **{"file_name": "contacts.csv"} | wanted,
            ),
            directory=tmp_path / "imports",
        )

    return create


@pytest.fixture
def run(started):
    """Return a function that uploads a text, runs the import and gives the ended job."""

    def upload_and_run(content=TWO_PEOPLE, *, suppressed=None, now=NOW, **wanted):
        job = started(content, **wanted)
        assert run_import(job.pk, suppressed_among=lambda _: suppressed or {}, now=now)
        job.refresh_from_db()
        return job

    return upload_and_run
