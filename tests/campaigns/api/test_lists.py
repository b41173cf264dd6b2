import pytest

from campaigns.models import Subscription
from tests.calling import caller, fields_of
from tests.factories.campaigns import (
    ContactFactory,
    ContactListFactory,
    OrganizationFactory,
    SubscriptionFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization():
    return OrganizationFactory()


@pytest.fixture
def api(organization):
    return caller(organization)


class TestCreate:
    def test_makes_a_list(self, api, organization):
        answer = api.post("/api/lists", {"name": "News", "slug": "news"})

        assert answer.status_code == 201
        assert answer.json()["public"] is True
        assert organization.lists.get().slug == "news"

    def test_refuses_a_slug_that_is_taken(self, api, organization):
        ContactListFactory(organization=organization, slug="news")

        answer = api.post("/api/lists", {"name": "News", "slug": "news"})

        assert answer.status_code == 400
        assert fields_of(answer) == ["slug"]

    def test_takes_a_slug_that_another_organization_has(self, api):
        ContactListFactory(slug="news")

        assert api.post("/api/lists", {"name": "News", "slug": "news"}).status_code == 201


class TestSubscribe:
    def test_puts_a_contact_on_the_list(self, api, organization):
        contact = ContactFactory(organization=organization)
        list_ = ContactListFactory(organization=organization)

        answer = api.post(
            f"/api/lists/{list_.pk}/subscribe",
            {"contact": contact.pk, "source": "form", "evidence": {"form": "footer"}},
        )

        assert answer.status_code == 200
        assert answer.json()["status"] == "subscribed"
        subscription = Subscription.objects.get(contact=contact, list=list_)
        assert subscription.evidence == {"form": "footer"}
        assert subscription.source == "form"

    def test_does_not_know_contacts_of_others(self, api, organization):
        list_ = ContactListFactory(organization=organization)

        answer = api.post(f"/api/lists/{list_.pk}/subscribe", {"contact": ContactFactory().pk})

        assert answer.status_code == 400
        assert fields_of(answer) == ["contact"]
        assert not Subscription.objects.exists()


class TestUnsubscribe:
    def test_takes_a_contact_off_the_list(self, api, organization):
        subscription = SubscriptionFactory(contact__organization=organization)

        answer = api.post(
            f"/api/lists/{subscription.list.pk}/unsubscribe", {"contact": subscription.contact.pk}
        )

        assert answer.json()["status"] == "unsubscribed"
        subscription.refresh_from_db()
        assert subscription.status == "unsubscribed"


class TestSubscriptions:
    def test_shows_who_is_on_the_list(self, api, organization):
        here = SubscriptionFactory(contact__organization=organization)
        gone = SubscriptionFactory(
            contact__organization=organization, list=here.list, status="unsubscribed"
        )
        SubscriptionFactory(contact__organization=organization)

        everybody = api.get(f"/api/lists/{here.list.pk}/subscriptions").json()["results"]
        subscribed = api.get(
            f"/api/lists/{here.list.pk}/subscriptions", {"status": "subscribed"}
        ).json()["results"]

        assert [row["contact"] for row in everybody] == [gone.contact.pk, here.contact.pk]
        assert [row["email"] for row in subscribed] == [here.contact.email]

    def test_comes_in_pages(self, api, organization):
        first = SubscriptionFactory(contact__organization=organization)
        for _ in range(2):
            SubscriptionFactory(contact__organization=organization, list=first.list)
        url = f"/api/lists/{first.list.pk}/subscriptions?page_size=2"

        page = api.get(url).json()

        assert len(page["results"]) == 2
        assert [row["id"] for row in api.get(page["next"]).json()["results"]] == [first.pk]
