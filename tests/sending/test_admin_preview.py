import pytest
from django.urls import reverse

from campaigns.roles import Role
from tests.admin_world import looking, ready_campaign
from tests.factories.campaigns import (
    CampaignFactory,
    ContactFactory,
    OrganizationFactory,
)
from tests.flows.sink import running_sink

pytestmark = pytest.mark.django_db


def url(page, campaign):
    return reverse(f"admin:campaigns_campaign_{page}", args=[campaign.pk])


@pytest.fixture
def organization():
    return OrganizationFactory()


@pytest.fixture
def client(organization):
    return looking(organization)


@pytest.fixture
def campaign(organization):
    return ready_campaign(organization)


class TestPreview:
    def test_is_the_message_of_a_made_up_contact_at_first(self, client, campaign):
        answer = client.get(url("preview", campaign))

        assert answer.context["preview"].subject == "Hello Alex"
        assert 'sandbox=""' in answer.content.decode()

    def test_is_the_message_of_whoever_is_chosen(self, client, organization, campaign):
        contact = ContactFactory(organization=organization, first_name="Grace")

        answer = client.get(url("message", campaign), {"contact": contact.pk})

        assert answer.context["preview"].subject == "Hello Grace"
        assert "List-Unsubscribe" in answer.content.decode()

    def test_leads_where_the_links_lead_and_counts_nothing(self, client, campaign):
        html = client.get(url("preview", campaign)).context["preview"].html

        assert "https://shop.example.com/" in html
        assert "/t/" not in html

    def test_never_shows_a_contact_of_another_organization(self, client, campaign):
        foreign = ContactFactory(first_name="Foreign", email="foreign@example.com")

        message = client.get(url("message", campaign), {"contact": foreign.pk})
        found = client.get(url("contacts", campaign), {"q": "foreign"})

        assert message.context["preview"].subject == "Hello Alex"
        assert "foreign@example.com" not in found.content.decode()

    def test_offers_contacts_whose_address_begins_as_typed(self, client, campaign):
        text = client.get(url("contacts", campaign), {"q": "AD"}).content.decode()

        assert "ada@example.com" in text
        assert "ben@example.com" not in text

    def test_says_in_which_line_the_content_is_broken(self, client, organization):
        broken = CampaignFactory(
            organization=organization,
            identity__organization=organization,
            html="<p>\n{% if contact.x %}</p>",
        )

        answer = client.get(url("preview", broken))

        assert answer.status_code == 200
        assert answer.context["mistake"]
        assert answer.context["line"]


class TestTestMessage:
    def test_shows_what_the_server_said_to_each_address(self, client, organization, campaign):
        refusals = {"no@example.com": b"550 5.1.1 No such user here\r\n"}
        with running_sink(answer=refusals.get) as sink:
            organization.ips.get().transport.__class__.objects.update(port=sink.port)

            answer = client.post(
                url("test", campaign), {"addresses": "yes@example.com, no@example.com"}
            )

        text = answer.content.decode()
        assert "Accepted" in text
        assert "No such user here" in text
        assert sink.addresses == ["yes@example.com"]
        assert b"[Test] Hello Alex" in sink.kept[0].data

    @pytest.mark.parametrize("addresses", ["", " , ", "no address"])
    def test_says_what_is_wrong_with_the_addresses(self, client, campaign, addresses):
        answer = client.post(url("test", campaign), {"addresses": addresses})

        assert answer.context["mistake"]

    def test_is_closed_to_a_viewer(self, organization, campaign):
        viewer = looking(organization, Role.VIEWER)

        assert viewer.post(url("test", campaign), {"addresses": "a@example.com"}).status_code == 403
