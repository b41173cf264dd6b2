import pytest
from django.urls import reverse

from tests.admin_world import looking, ready_campaign
from tests.factories.campaigns import (
    OrganizationFactory,
    RecipientFactory,
)

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


class TestRecipients:
    def test_are_shown_with_the_exact_answer(self, client, campaign):
        RecipientFactory(
            campaign=campaign,
            state="bounced",
            bounce_class="hard",
            smtp_code=550,
            smtp_response="5.1.1 No such <user>",
        )

        text = client.get(url("recipients", campaign)).content.decode()

        assert "The address does not exist" in text
        assert "<code>550</code>" in text
        assert "5.1.1 No such &lt;user&gt;" in text

    def test_are_filtered_by_state(self, client, campaign):
        RecipientFactory(campaign=campaign, state="sent")
        refused = RecipientFactory(campaign=campaign, state="bounced")

        answer = client.get(url("recipients", campaign), {"state": "bounced"})

        assert [row for row, *_ in answer.context["recipients"]] == [refused]

    def test_are_found_by_the_beginning_of_their_address(self, client, organization, campaign):
        ada = organization.contacts.get(email="ada@example.com")
        found = RecipientFactory(campaign=campaign, contact=ada)
        RecipientFactory(campaign=campaign)

        answer = client.get(url("recipients", campaign), {"q": "Ada@"})

        assert [row for row, *_ in answer.context["recipients"]] == [found]

    @pytest.mark.parametrize("state", ["sent", "bounced", ""])
    def test_come_page_by_page_each_once(self, client, campaign, state, monkeypatch):
        monkeypatch.setattr("sending.admin.recipients.PER_PAGE", 2)
        rows = RecipientFactory.create_batch(5, campaign=campaign, state=state or "sent")
        seen, address = [], f"?state={state}"

        while address:
            answer = client.get(url("recipients", campaign) + address)
            seen += [row.pk for row, *_ in answer.context["recipients"]]
            address = answer.context["next_url"]

        assert sorted(seen) == sorted(row.pk for row in rows)

    @pytest.mark.parametrize("query", ["?state=nonsense", "?after=x", "?after=-1", "?q=%00"])
    def test_are_shown_whatever_the_address_of_the_page_asks_for(self, client, campaign, query):
        assert client.get(url("recipients", campaign) + query).status_code == 200

    def test_say_what_to_do_before_there_are_any(self, client, campaign):
        text = client.get(url("recipients", campaign)).content.decode()

        assert "when it is started" in text
