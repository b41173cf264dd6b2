import pytest
from django.urls import reverse

from tests.admin_world import looking, made
from tests.factories.campaigns import ContactFactory, OrganizationFactory, RecipientFactory

pytestmark = pytest.mark.django_db
LIST = "admin:insights_deliveryevent_changelist"


@pytest.fixture
def organization():
    return OrganizationFactory()


@pytest.fixture
def client(organization):
    return looking(organization)


class TestEvents:
    def test_show_what_the_server_said_beside_the_word(self, client, organization):
        made("insights.DeliveryEvent", organization)

        text = client.get(reverse(LIST)).content.decode()

        assert "Refused" in text
        assert "<code>550</code> 5.1.1 No such user" in text

    def test_are_found_by_the_beginning_of_an_address(self, client, organization):
        found = made("insights.DeliveryEvent", organization)
        contact = ContactFactory(organization=organization, email="grace@example.com")
        recipient = RecipientFactory(campaign__organization=organization, contact=contact)
        type(found).objects.filter(pk=found.pk).update(recipient_id=recipient.pk)
        made("insights.DeliveryEvent", organization)

        answer = client.get(reverse(LIST), {"q": "Grace@"})

        assert [event.pk for event in answer.context["cl"].result_list] == [found.pk]

    def test_are_still_shown_when_what_they_speak_of_is_gone(self, client, organization):
        event = made("insights.DeliveryEvent", organization)
        type(event).objects.filter(pk=event.pk).update(recipient_id=1, campaign_id=1)

        listed = client.get(reverse(LIST))
        shown = client.get(reverse("admin:insights_deliveryevent_change", args=[event.pk]))

        assert (listed.status_code, shown.status_code) == (200, 200)
        assert "The record is gone" in listed.content.decode()

    def test_cannot_be_changed_nor_deleted(self, client, organization):
        event = made("insights.DeliveryEvent", organization)

        changed = client.post(
            reverse("admin:insights_deliveryevent_change", args=[event.pk]), {"smtp_code": 250}
        )
        deleted = client.post(
            reverse("admin:insights_deliveryevent_delete", args=[event.pk]), {"post": "yes"}
        )

        assert (changed.status_code, deleted.status_code) == (403, 403)
