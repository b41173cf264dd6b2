from datetime import timedelta

import pytest

from insights.events import EventType
from tests.calling import caller, fields_of
from tests.factories.campaigns import THE_PAST, CampaignFactory, RecipientFactory
from tests.factories.iprouting import SendingIPFactory
from tests.insights.happening import happened, sent_message

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    return CampaignFactory()


@pytest.fixture
def api(campaign):
    return caller(campaign.organization, "viewer")


def ids(answer):
    return [row["recipient_id"] for row in answer.json()["results"]]


class TestList:
    def test_shows_the_exact_answer_of_the_mail_server(self, api, campaign):
        response = "5.1.1 <ada@example.com>: no such user\nask your administrator"
        answer = {"smtp_code": 550, "enhanced_code": "5.1.1", "smtp_response": response}
        message = RecipientFactory(campaign=campaign, state="bounced", **answer)
        happened(message, EventType.BOUNCED, bounce_class="hard", **answer)

        [row] = api.get("/api/messages").json()["results"]

        assert row["smtp_code"] == row["event"]["smtp_code"] == 550
        assert row["smtp_response"] == row["event"]["smtp_response"] == response
        assert row["campaign_name"] == campaign.name

    def test_shows_nothing_of_others(self, api):
        sent_message(RecipientFactory())

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
        wanted = RecipientFactory(campaign=campaign, contact__email="ada@example.com")
        happened(wanted, EventType.DEFERRED, smtp_response="4.2.2 Mailbox full")
        sent_message(RecipientFactory(campaign=campaign))

        assert ids(api.get("/api/messages", {"q": words})) == [wanted.pk]

    def test_can_be_narrowed_to_campaign_and_provider(self, api, campaign):
        wanted = sent_message(RecipientFactory(campaign=campaign, provider="gmail"))
        sent_message(RecipientFactory(campaign=campaign, provider="yahoo"))
        foreign = RecipientFactory(campaign__organization=campaign.organization, provider="gmail")
        other = sent_message(foreign)

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
            ("campaign", "9" * 30),
            ("email", "\x00"),
            ("actor", "cat"),
            ("list", "-1"),
            ("cursor", "no-cursor"),
        ],
    )
    def test_names_the_parameter_that_is_not_right(self, api, field, value):
        answer = api.get("/api/messages", {field: value})

        assert answer.status_code == 400
        assert fields_of(answer) == [field]

    def test_leads_from_page_to_page(self, api, campaign):
        messages = [sent_message(RecipientFactory(campaign=campaign)) for _ in range(3)]

        first = api.get("/api/messages?page_size=2&event=sent").json()
        second = api.get(first["next"]).json()

        shown = [row["recipient_id"] for row in first["results"] + second["results"]]
        assert shown == [message.pk for message in reversed(messages)]
        assert (first["previous"], second["next"]) == (None, None)
        assert api.get(second["previous"]).json()["results"] == first["results"]


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

    def test_says_how_it_left(self, api, campaign):
        ip = SendingIPFactory(organization=campaign.organization, address="203.0.113.7")
        left = RecipientFactory(campaign=campaign, ip="203.0.113.7")
        retired = RecipientFactory(campaign=campaign, ip="203.0.113.8")
        waits = RecipientFactory(campaign=campaign)

        ways = [
            api.get(f"/api/messages/{message.pk}").json()["routing"]
            for message in (left, retired, waits)
        ]

        assert ways[0]["pool"] == ip.pool.name
        assert ways[1] == {"ip": "203.0.113.8", "hostname": "", "pool": "", "transport": ""}
        assert ways[2] is None

    def test_does_not_know_messages_of_others(self, api):
        foreign = RecipientFactory()
        happened(foreign, EventType.SENT)

        assert api.get(f"/api/messages/{foreign.pk}").status_code == 404
