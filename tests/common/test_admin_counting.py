import pytest

import common.admin.counting
from campaigns.models import Contact
from common.admin import EstimatingPaginator
from tests.factories.campaigns import ContactFactory, OrganizationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def few(monkeypatch):
    """Ten contacts, where five are already more than is counted exactly."""
    monkeypatch.setattr(common.admin.counting, "EXACT_COUNT_LIMIT", 5)
    monkeypatch.setattr(common.admin.counting, "DEEPEST_ROW", 6)
    organization = OrganizationFactory()
    ContactFactory.create_batch(10, organization=organization)
    return Contact.objects.filter(organization=organization).order_by("pk")


class TestEstimatingPaginator:
    def test_counts_exactly_up_to_the_limit(self, few):
        pages = EstimatingPaginator(few.filter(pk__lt=few[4].pk), 3)

        assert pages.count == 4
        assert not pages.estimated

    def test_says_so_when_it_only_estimates(self, few):
        pages = EstimatingPaginator(few, 3)

        assert pages.estimated
        assert pages.count > 5

    def test_asks_the_database_for_no_more_rows_than_the_limit(
        self, few, django_assert_num_queries
    ):
        with django_assert_num_queries(2) as asked:
            assert EstimatingPaginator(few, 3).count

        assert "LIMIT 6" in asked.captured_queries[0]["sql"]
        assert asked.captured_queries[1]["sql"].startswith("EXPLAIN")

    def test_leads_no_deeper_than_a_page_can_be_found_fast(self, few):
        pages = EstimatingPaginator(few, 3)

        assert pages.num_pages == 2

    def test_has_a_page_when_there_is_nothing(self):
        assert EstimatingPaginator(Contact.objects.none(), 3).num_pages == 1

    def test_counts_a_plain_list(self):
        assert EstimatingPaginator([1, 2, 3], 2).count == 3

    @pytest.mark.parametrize(
        ("count", "shown"), [(1_234_567, 1_200_000), (98_765, 99_000), (10_001, 10_000)]
    )
    def test_shows_an_estimate_by_its_leading_digits(self, count, shown):
        pages = EstimatingPaginator(range(count), 50)

        assert pages.rounded_count == shown
