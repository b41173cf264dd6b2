from datetime import timedelta

import pytest

from insights.events import EventType
from insights.operations.recording import record_events
from tests.calling import caller, fields_of
from tests.factories.campaigns import THE_PAST, CampaignFactory, RecipientFactory
from tests.factories.insights import EventFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    return CampaignFactory()


@pytest.fixture
def api(campaign):
    return caller(campaign.organization, "viewer")


def happened(recipient, event_type, *, after=0, **facts):
    """Record an event of a recipient, some seconds after THE_PAST."""
    event = EventFactory(
        event_type=event_type,
        organization_id=recipient.organization_id,
        campaign_id=recipient.campaign_id,
        recipient_id=recipient.pk,
        ts=THE_PAST + timedelta(seconds=after),
        **facts,
    )
    record_events([event])


def ids(answer):
    return [row["recipient_id"] for row in answer.json()["results"]]


class TestList:
    def test_shows_the_exact_answer_of_the_mail_server(self, api, campaign):
        response = "5.1.1 <ada@example.com>: no such user\nask your administrator"
        RecipientFactory(
            campaign=campaign,
            state="bounced",
            smtp_code=550,
            enhanced_code="5.1.1",
            smtp_response=response,
        )

        [row] = api.get("/api/messages").json()["results"]

        assert row["smtp_code"] == 550
        assert row["smtp_response"] == response
        assert row["campaign_name"] == campaign.name

    def test_shows_nothing_of_others(self, api):
        RecipientFactory()

        assert ids(api.get("/api/messages")) == []

    def test_finds_all_messages_to_an_address(self, api, campaign):
        wanted = RecipientFactory(campaign=campaign, contact__email="ada@example.com")
        RecipientFactory(campaign=campaign)

        assert ids(api.get("/api/messages?email=ADA@example.com")) == [wanted.pk]

    def test_finds_an_address_whose_contact_is_gone(self, api, campaign):
        wanted = RecipientFactory(campaign=campaign, contact__email="ada@example.com")
        wanted.contact.delete()

        assert ids(api.get("/api/messages?email=ada@example.com")) == [wanted.pk]

    @pytest.mark.parametrize("words", ["ada@", "mailbox FULL"])
    def test_finds_by_address_or_words_of_the_answer(self, api, campaign, words):
        wanted = RecipientFactory(
            campaign=campaign, contact__email="ada@example.com", smtp_response="4.2.2 Mailbox full"
        )
        RecipientFactory(campaign=campaign)

        assert ids(api.get("/api/messages", {"q": words})) == [wanted.pk]

    def test_can_be_narrowed_to_campaign_and_provider(self, api, campaign):
        wanted = RecipientFactory(campaign=campaign, provider="gmail")
        RecipientFactory(campaign=campaign, provider="yahoo")
        other = RecipientFactory(campaign__organization=campaign.organization, provider="gmail")

        assert ids(api.get("/api/messages?provider=gmail")) == [other.pk, wanted.pk]
        assert ids(api.get("/api/messages", {"campaign": campaign.pk, "provider": "gmail"})) == [
            wanted.pk
        ]

    def test_asks_for_one_event_that_has_everything(self, api, campaign):
        wanted = RecipientFactory(campaign=campaign)
        happened(wanted, EventType.DEFERRED, smtp_code=452)
        other = RecipientFactory(campaign=campaign)
        happened(other, EventType.DEFERRED, smtp_code=421)
        happened(other, EventType.BOUNCED, smtp_code=452, after=1)

        found = api.get("/api/messages?event=deferred&smtp_code=452")

        assert ids(found) == [wanted.pk]

    def test_takes_from_inclusive_and_to_exclusive(self, api, campaign):
        first, second, third = (RecipientFactory(campaign=campaign) for _ in range(3))
        for seconds, recipient in enumerate((first, second, third)):
            happened(recipient, EventType.SENT, after=seconds)
        begin, end = THE_PAST + timedelta(seconds=1), THE_PAST + timedelta(seconds=2)

        found = api.get("/api/messages", {"from": begin.isoformat(), "to": end.isoformat()})

        assert ids(found) == [second.pk]

    def test_takes_offsets_that_the_database_does_not_know(self, api, campaign):
        recipient = RecipientFactory(campaign=campaign)
        happened(recipient, EventType.SENT)

        found = api.get("/api/messages", {"from": "2025-12-31T23:11:00+23:11"})

        assert ids(found) == [recipient.pk]

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("event", "eaten"),
            ("smtp_code", "x"),
            ("from", "soon"),
            ("to", "9999-12-31T23:59:59-23:00"),
            ("campaign", "x"),
            ("email", "\x00"),
        ],
    )
    def test_names_the_parameter_that_is_not_right(self, api, field, value):
        answer = api.get("/api/messages", {field: value})

        assert answer.status_code == 400
        assert fields_of(answer) == [field]


class TestRetrieve:
    def test_tells_the_whole_story_oldest_first(self, api, campaign):
        recipient = RecipientFactory(campaign=campaign)
        happened(recipient, EventType.OPENED, after=60, actor="machine", actor_reasons=("proxy",))
        happened(recipient, EventType.SENT, smtp_code=250, smtp_response="2.0.0 queued as 4XYZ")

        body = api.get(f"/api/messages/{recipient.pk}").json()

        assert body["recipient_id"] == recipient.pk
        assert [event["event_type"] for event in body["events"]] == ["sent", "opened"]
        assert body["events"][0]["smtp_response"] == "2.0.0 queued as 4XYZ"
        assert body["events"][1]["actor_reasons"] == ["proxy"]

    def test_does_not_know_messages_of_others(self, api):
        foreign = RecipientFactory()
        happened(foreign, EventType.SENT)

        assert api.get(f"/api/messages/{foreign.pk}").status_code == 404
