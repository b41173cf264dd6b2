"""What the database itself guards while rows are applied."""

from datetime import UTC, datetime

import pytest

from campaigns.importing.cleaning import clean_row
from campaigns.importing.mapping import ColumnMapping
from campaigns.importing.table import Row
from campaigns.models import Contact, SubscriptionStatus
from campaigns.operations import import_rows
from tests.factories.campaigns import ContactListFactory, SubscriptionFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MAPPING = ColumnMapping(("email", "first_name", "attribute:city"))


@pytest.fixture
def list_():
    return ContactListFactory()


@pytest.fixture
def target(list_):
    return import_rows.Target(0, list_.organization_id, list_.pk, NOW)


@pytest.fixture
def staged():
    """Return a function that stages rows of cells, numbered from 2."""

    def stage(*rows):
        import_rows.create_staging()
        import_rows.stage(
            clean_row(Row(number, list(row)), MAPPING) for number, row in enumerate(rows, 2)
        )

    yield stage
    import_rows.drop_staging()


class TestApply:
    def test_leaves_alone_who_unsubscribes_after_the_check(self, staged, target, list_):
        left = SubscriptionFactory(
            list=list_,
            contact__organization=list_.organization,
            contact__email="jo@example.com",
            status=SubscriptionStatus.UNSUBSCRIBED,
        )
        staged(("jo@example.com", "Jo", ""))

        import_rows.apply([2], target=target)

        left.refresh_from_db()
        assert left.status == SubscriptionStatus.UNSUBSCRIBED

    def test_writes_only_the_rows_that_are_named(self, staged, target):
        staged(("jo@example.com", "Jo", ""), ("ann@example.com", "Ann", ""))

        new_count = import_rows.apply([3], target=target)

        assert new_count == 1
        assert Contact.objects.get().email == "ann@example.com"

    def test_counts_a_contact_as_new_once(self, staged, target):
        staged(("jo@example.com", "Jo", ""))

        counts = [import_rows.apply([2], target=target) for _ in range(2)]

        assert counts == [1, 0]


class TestStagedPiece:
    def test_goes_through_the_rows_in_the_order_of_the_file(self, staged):
        staged(*((f"p{9 - n}@example.com", "", "") for n in range(5)))

        first = import_rows.staged_piece(after=0, limit=3)
        rest = import_rows.staged_piece(after=first[-1].number, limit=3)

        assert [row.number for row in first + rest] == [2, 3, 4, 5, 6]
        assert first[0].email_key == "p9@example.com"
        assert import_rows.staged_count() == 5
        assert [import_rows.last_number_of_first(n) for n in (0, 2, 9)] == [0, 3, 6]
