import pytest
from django.urls import reverse

from campaigns.models import (
    Contact,
    ContactList,
    ImportJob,
    Segment,
)
from tests.admin_world import looking
from tests.factories.campaigns import (
    ContactFactory,
    ContactListFactory,
    OrganizationFactory,
    SegmentFactory,
    SubscriptionFactory,
)

pytestmark = pytest.mark.django_db
NO_ROWS = {
    "subscriptions-TOTAL_FORMS": "0",
    "subscriptions-INITIAL_FORMS": "0",
}


def url(noun, page, *args):
    return reverse(f"admin:campaigns_{noun}_{page}", args=args)


def errors_of(answer):
    return answer.context["adminform"].form.errors


@pytest.fixture
def organization():
    return OrganizationFactory()


@pytest.fixture
def client(organization):
    return looking(organization)


class TestContacts:
    def test_are_stored_under_their_normalized_address(self, client, organization):
        answer = client.post(
            url("contact", "add"), {"email": "Ada@BÜCHER.example", "attributes": "{}", **NO_ROWS}
        )

        contact = Contact.objects.get()
        assert answer.status_code == 302
        assert contact.organization == organization
        assert (contact.email, contact.email_key) == (
            "Ada@xn--bcher-kva.example",
            "ada@xn--bcher-kva.example",
        )

    @pytest.mark.parametrize("address", ["no address", "ada@example.com"])
    def test_say_at_the_address_what_is_wrong_with_it(self, client, organization, address):
        ContactFactory(organization=organization, email="ada@example.com")

        answer = client.post(
            url("contact", "add"), {"email": address, "attributes": "{}", **NO_ROWS}
        )

        assert answer.status_code == 200
        assert "email" in errors_of(answer)
        assert Contact.objects.count() == 1

    def test_may_have_an_address_that_another_organization_has(self, client):
        ContactFactory(email="ada@example.com")

        client.post(
            url("contact", "add"), {"email": "ada@example.com", "attributes": "{}", **NO_ROWS}
        )

        assert Contact.objects.filter(email_key="ada@example.com").count() == 2

    def test_join_and_leave_lists_in_their_form(self, client, organization):
        contact = SubscriptionFactory(contact__organization=organization).contact
        subscription = contact.subscriptions.get()
        joined = ContactListFactory(organization=organization)

        answer = client.post(
            url("contact", "change", contact.pk),
            {
                "email": contact.email,
                "attributes": "{}",
                "subscriptions-TOTAL_FORMS": "2",
                "subscriptions-INITIAL_FORMS": "1",
                "subscriptions-0-id": subscription.pk,
                "subscriptions-0-contact": contact.pk,
                "subscriptions-0-list": subscription.list_id,
                "subscriptions-0-status": "unsubscribed",
                "subscriptions-1-contact": contact.pk,
                "subscriptions-1-list": joined.pk,
                "subscriptions-1-status": "subscribed",
            },
        )

        assert answer.status_code == 302
        statuses = dict(contact.subscriptions.values_list("list", "status"))
        assert statuses == {subscription.list_id: "unsubscribed", joined.pk: "subscribed"}
        subscription.refresh_from_db()
        assert subscription.unsubscribed_at is not None
        assert contact.subscriptions.get(list=joined).source == "admin"

    def test_cannot_join_a_list_of_another_organization(self, client, organization):
        contact = ContactFactory(organization=organization)

        client.post(
            url("contact", "change", contact.pk),
            {
                "email": contact.email,
                "attributes": "{}",
                "subscriptions-TOTAL_FORMS": "1",
                "subscriptions-INITIAL_FORMS": "0",
                "subscriptions-0-contact": contact.pk,
                "subscriptions-0-list": ContactListFactory().pk,
                "subscriptions-0-status": "subscribed",
            },
        )

        assert not contact.subscriptions.exists()

    def test_are_found_by_the_beginning_of_their_address(self, client, organization):
        found = ContactFactory(organization=organization, email="grace@example.com")
        ContactFactory(organization=organization, email="ada.grace@example.com")

        answer = client.get(url("contact", "changelist"), {"q": "GRA"})

        assert list(answer.context["cl"].result_list) == [found]

    def test_are_searched_through_the_index_of_addresses(
        self, client, django_assert_max_num_queries
    ):
        with django_assert_max_num_queries(25) as asked:
            client.get(url("contact", "changelist"), {"q": "gra"})

        sql = " ".join(query["sql"] for query in asked.captured_queries)
        assert """UPPER("campaigns_contact"."email_key"::text) LIKE UPPER('gra%')""" in sql

    def test_are_filtered_by_list_and_status(self, client, organization):
        subscription = SubscriptionFactory(
            contact__organization=organization, status="unsubscribed"
        )
        SubscriptionFactory(contact__organization=organization)

        answer = client.get(
            url("contact", "changelist"),
            {"list": subscription.list_id, "status": "unsubscribed"},
        )

        assert list(answer.context["cl"].result_list) == [subscription.contact]

    @pytest.mark.parametrize("asked", [{"provider": "gmail"}, {"gateway": "mimecast"}])
    def test_are_filtered_by_provider_and_gateway(self, client, organization, asked):
        found = ContactFactory(organization=organization, provider="gmail", gateway="mimecast")
        ContactFactory(organization=organization, provider="yahoo", gateway="cisco")
        ContactFactory(provider="apple", gateway="barracuda")

        answer = client.get(url("contact", "changelist"), asked)

        assert list(answer.context["cl"].result_list) == [found]
        page = answer.content.decode()
        assert "Cisco Secure Email" in page
        assert "Barracuda" not in page

    def test_show_their_provider_and_gateway(self, client, organization):
        contact = ContactFactory(
            organization=organization, provider="microsoft365", gateway="mimecast"
        )
        waiting = ContactFactory(organization=organization, provider="unknown")

        page = client.get(url("contact", "change", contact.pk)).content.decode()
        other_page = client.get(url("contact", "change", waiting.pk)).content.decode()

        assert "Microsoft 365" in page
        assert "Mimecast" in page
        assert "Not looked up yet" in other_page


class TestLists:
    def test_say_how_many_are_on_them(self, client, organization):
        list_ = ContactListFactory(organization=organization)
        for status in ("subscribed", "subscribed", "unsubscribed"):
            SubscriptionFactory(list=list_, contact__organization=organization, status=status)

        answer = client.get(url("contactlist", "changelist"))

        assert answer.context["cl"].result_list[0].subscribed_count == 2

    def test_are_deleted_after_saying_how_much_goes_with_them(self, client, organization):
        list_ = SubscriptionFactory(contact__organization=organization).list
        ImportJob.objects.create(organization=organization, list=list_, file_name="a.csv")
        address = url("contactlist", "delete", list_.pk)

        asked = client.get(address)
        client.post(address, {"post": "yes"})

        assert asked.context["model_count"]
        assert dict(asked.context["model_count"]) == {"lists": 1, "subscriptions": 1, "imports": 1}
        assert not ContactList.objects.exists()
        assert Contact.objects.count() == 1

    def test_refuse_a_slug_that_is_taken_at_its_field(self, client, organization):
        ContactListFactory(organization=organization, slug="news")

        answer = client.post(url("contactlist", "add"), {"name": "News", "slug": "news"})

        assert errors_of(answer) == {
            "slug": ["There is already a list with this slug. Choose another."]
        }
        assert ContactList.objects.count() == 1


class TestSegments:
    def test_name_the_place_of_a_mistake(self, client):
        answer = client.post(
            url("segment", "add"), {"name": "Berlin", "rules": '{"all": [{"field": "shoes"}]}'}
        )

        assert "all[0]" in str(errors_of(answer)["rules"])
        assert not Segment.objects.exists()

    def test_count_who_matches_in_their_own_organization(self, client, organization):
        ContactFactory(organization=organization, first_name="Ada", email="ada@example.com")
        ContactFactory(organization=organization, first_name="Grace")
        ContactFactory(first_name="Ada", email="foreign@example.com")

        answer = client.post(
            url("segment", "matches"), {"rules": '{"all": [{"field": "first_name", "is": "Ada"}]}'}
        )

        assert answer.context["count"] == 1
        assert "ada@example.com" in answer.content.decode()
        assert "foreign@example.com" not in answer.content.decode()

    @pytest.mark.parametrize("rules", ["", "{", "[]", '{"all": []}'])
    def test_say_what_is_missing_while_they_are_written(self, client, rules):
        answer = client.post(url("segment", "matches"), {"rules": rules})

        assert answer.status_code == 200
        assert answer.context["mistake"]

    def test_offer_the_lists_of_their_own_organization_to_rules(self, client, organization):
        segment = SegmentFactory(organization=organization)
        own = ContactListFactory(organization=organization)
        ContactListFactory(name="A foreign list")

        answer = client.get(url("segment", "change", segment.pk))

        offered = answer.context["rule_choices"]["lists"]
        assert [choice["id"] for choice in offered] == [own.pk]
