import pytest

from tests.calling import caller, fields_of
from tests.factories.campaigns import (
    CampaignFactory,
    ContactFactory,
    OrganizationFactory,
    RecipientFactory,
    SubscriptionFactory,
)
from tests.factories.iprouting import SendingIPFactory
from tests.factories.suppression import SuppressionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization():
    return OrganizationFactory()


@pytest.fixture
def api(organization):
    return caller(organization, "viewer")


class TestPreflight:
    def test_counts_who_gets_it_and_who_does_not(self, api, organization):
        SendingIPFactory(organization=organization)
        first = SubscriptionFactory(contact__organization=organization)
        second = SubscriptionFactory(contact__organization=organization, list=first.list)
        SuppressionFactory(
            organization=organization, email=second.contact.email_key, reason="complaint"
        )
        campaign = CampaignFactory(organization=organization, lists=[first.list])

        body = api.get(f"/api/campaigns/{campaign.pk}/preflight").json()

        assert body["audience_count"] == 1
        assert body["excluded"] == {"complaint": 1}
        assert body["by_provider"] == {"other": 1}
        assert [problem for problem in body["problems"] if problem["blocking"]] == []

    def test_names_those_whose_provider_is_not_known_and_who_have_none(self, api, organization):
        list_ = SubscriptionFactory(contact__organization=organization).list
        for provider in ("unknown", "unknown", "none"):
            SubscriptionFactory(
                contact__organization=organization, contact__provider=provider, list=list_
            )
        campaign = CampaignFactory(organization=organization, lists=[list_])

        body = api.get(f"/api/campaigns/{campaign.pk}/preflight").json()

        said = {each["code"]: each for each in body["problems"] if not each["blocking"]}
        assert body["by_provider"] == {"unknown": 2, "none": 1, "other": 1}
        assert said["providers_unknown"]["message"].startswith("2 of them ")
        assert said["domains_without_mail"]["message"].startswith("1 of them ")

    def test_lists_what_is_wrong(self, api, organization):
        campaign = CampaignFactory(organization=organization, subject="")

        problems = api.get(f"/api/campaigns/{campaign.pk}/preflight").json()["problems"]

        codes = {problem["code"] for problem in problems}
        assert {"no_subject", "no_ip", "empty_audience"} <= codes
        assert all(problem["message"] for problem in problems)


class TestPreview:
    def test_shows_the_message_as_a_contact_gets_it(self, api, organization):
        contact = ContactFactory(organization=organization, first_name="Ada")
        campaign = CampaignFactory(organization=organization)

        body = api.get(f"/api/campaigns/{campaign.pk}/preview", {"contact": contact.pk}).json()

        assert body["subject"] == "Hello Ada"
        assert "Hello Ada" in body["html"]
        assert "Hello Ada" in body["text"]
        names = {header["name"] for header in body["headers"]}
        assert {"From", "To", "Subject", "List-Unsubscribe", "Feedback-ID"} <= names

    def test_makes_a_contact_up_where_none_is_named(self, api, organization):
        campaign = CampaignFactory(organization=organization)

        assert api.get(f"/api/campaigns/{campaign.pk}/preview").json()["subject"] == "Hello Alex"

    @pytest.mark.parametrize("asked", ["foreign", "x", "9" * 30, "-1"])
    def test_does_not_know_contacts_of_others(self, api, organization, asked):
        campaign = CampaignFactory(organization=organization)
        contact = ContactFactory().pk if asked == "foreign" else asked

        answer = api.get(f"/api/campaigns/{campaign.pk}/preview", {"contact": contact})

        assert answer.status_code == 404

    def test_says_which_part_cannot_be_rendered(self, api, organization):
        campaign = CampaignFactory(organization=organization, html="<p>{{ contact.name | }}</p>")

        answer = api.get(f"/api/campaigns/{campaign.pk}/preview")

        assert answer.status_code == 400
        assert fields_of(answer) == ["html"]


class TestProgress:
    def test_counts_every_recipient_once(self, api, organization):
        campaign = CampaignFactory(organization=organization, state="sending")
        for state in ("planned", "sent", "sent", "bounced", "in_doubt"):
            RecipientFactory(campaign=campaign, state=state)

        body = api.get(f"/api/campaigns/{campaign.pk}/progress").json()

        assert body["state"] == "sending"
        assert (body["total"], body["waiting"], body["sent"]) == (5, 1, 2)
        assert (body["bounced"], body["in_doubt"]) == (1, 1)
        assert body["share_done"] == pytest.approx(0.8)


class TestRecipients:
    def test_shows_the_exact_answer_of_the_mail_server(self, api, organization):
        campaign = CampaignFactory(organization=organization)
        RecipientFactory(
            campaign=campaign, state="bounced", smtp_code=550, smtp_response="5.1.1 no such user"
        )

        [row] = api.get(f"/api/campaigns/{campaign.pk}/recipients").json()["results"]

        assert (row["smtp_code"], row["smtp_response"]) == (550, "5.1.1 no such user")

    def test_comes_oldest_first_in_pages(self, api, organization):
        campaign = CampaignFactory(organization=organization)
        rows = [RecipientFactory(campaign=campaign).pk for _ in range(3)]
        RecipientFactory(campaign__organization=organization)

        page = api.get(f"/api/campaigns/{campaign.pk}/recipients?page_size=2").json()
        rest = api.get(page["next"]).json()

        assert [row["id"] for row in page["results"] + rest["results"]] == rows

    def test_can_be_narrowed_to_states(self, api, organization):
        campaign = CampaignFactory(organization=organization)
        for state in ("planned", "sent", "bounced"):
            RecipientFactory(campaign=campaign, state=state)
        url = f"/api/campaigns/{campaign.pk}/recipients"

        one = api.get(url, {"state": "bounced"}).json()["results"]
        two = api.get(url, {"state": ["bounced", "sent"]}).json()["results"]

        assert [row["state"] for row in one] == ["bounced"]
        assert [row["state"] for row in two] == ["sent", "bounced"]

    def test_refuses_a_state_that_is_none(self, api, organization):
        campaign = CampaignFactory(organization=organization)

        answer = api.get(f"/api/campaigns/{campaign.pk}/recipients?state=eaten")

        assert answer.status_code == 400
        assert fields_of(answer) == ["state"]
