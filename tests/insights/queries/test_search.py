from datetime import timedelta

import pytest

from insights.criteria import Criteria, Meaning
from insights.events import EventType
from insights.queries import event_search, search
from tests.factories.campaigns import (
    THE_PAST,
    CampaignFactory,
    ContactFactory,
    ContactListFactory,
    OrganizationFactory,
    RecipientFactory,
)
from tests.insights.happening import happened, sent_message

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    return CampaignFactory()


@pytest.fixture
def find(campaign):
    """Return a function that searches in the organization of `campaign`."""

    def found(*, limit=50, place=None, **asked):
        return search.page_of(campaign.organization_id, Criteria(**asked), limit=limit, place=place)

    return found


def message(campaign, email="somebody@example.com", **given):
    """Return a message to a new contact."""
    contact = ContactFactory.create(organization=campaign.organization, email=email)
    contact.domain = email.lower().partition("@")[2]
    contact.save()
    return RecipientFactory(campaign=campaign, contact=contact, **given)


def ids(page):
    return [found.message.pk for found in page.messages]


class TestByPerson:
    def test_finds_the_newest_message_first(self, find, campaign):
        first = message(campaign, "ada@example.com")
        other = CampaignFactory(organization=campaign.organization)
        second = RecipientFactory(campaign=other, contact=first.contact)
        message(campaign, "ben@example.com")

        page = find(email="ADA@example.com")

        assert ids(page) == [second.pk, first.pk]
        assert page.meaning is Meaning.ADDRESS

    @pytest.mark.parametrize(
        ("q", "meaning"),
        [
            ("ada", Meaning.ADDRESS),
            ("Ada.L@ex", Meaning.ADDRESS),
            ("@harbour", Meaning.DOMAIN),
            ("harbour.ex", Meaning.DOMAIN),
        ],
    )
    def test_takes_a_beginning_of_address_or_domain(self, find, campaign, q, meaning):
        wanted = message(
            campaign, "ada.l@example.com" if meaning == "address" else "x@harbour.example"
        )
        message(campaign, "ben@example.org")

        page = find(q=q)

        assert (ids(page), page.meaning) == ([wanted.pk], meaning)

    def test_takes_a_message_id(self, find, campaign):
        wanted = message(campaign)
        wanted.message_id = f"{wanted.pk:x}.0123456789abcdef@news.example.com"
        wanted.save()

        assert ids(find(q=f"<{wanted.message_id}>")) == [wanted.pk]
        assert ids(find(q=f"{wanted.pk:x}.0123456789abcdee@news.example.com")) == []

    def test_finds_messages_whose_contact_is_gone(self, find, campaign):
        wanted = message(campaign, "Ada@example.com")
        wanted.contact.delete()

        assert ids(find(email="ada@EXAMPLE.com")) == [wanted.pk]
        assert ids(find(q="ada@exa")) == [wanted.pk]

    def test_goes_through_the_ledger_for_many_people(self, find, campaign, monkeypatch):
        monkeypatch.setattr("insights.queries.people.PEOPLE_LISTED", 1)
        wanted = [message(campaign, f"a{number}@harbour.example").pk for number in range(3)]

        assert ids(find(q="@harbour.example")) == wanted[::-1]
        assert ids(find(q="a", limit=2)) == wanted[:0:-1]

    def test_asks_for_one_event_that_has_everything(self, find, campaign):
        wanted = message(campaign, "ada@example.com")
        happened(wanted, EventType.DEFERRED, smtp_code=452)
        other = message(campaign, "adb@example.com")
        happened(other, EventType.DEFERRED, smtp_code=421)
        happened(other, EventType.BOUNCED, smtp_code=452, after=1)

        page = find(q="ad", event="deferred", smtp_code=452)

        assert ids(page) == [wanted.pk]
        assert page.messages[0].event.smtp_code == 452

    def test_can_be_narrowed_by_what_the_ledger_knows(self, find, campaign):
        wanted = message(campaign, "ada@example.com", provider="gmail", ip="203.0.113.7")
        message(campaign, "adb@example.com", provider="gmail", ip="203.0.113.8")
        same = {"identity": campaign.identity_id, "stream": campaign.stream, "list": 0}

        assert ids(find(q="ad", provider="gmail", ip="203.0.113.7", **same)) == [wanted.pk]
        assert ids(find(q="ad", stream="transactional")) == []


class TestByEvents:
    def test_shows_a_message_once_at_its_latest_matching_event(self, find, campaign):
        busy, quiet = message(campaign, "a@example.com"), message(campaign, "b@example.com")
        happened(busy, EventType.OPENED, after=1, actor="human")
        happened(quiet, EventType.OPENED, after=2, actor="human")
        happened(busy, EventType.OPENED, after=3, actor="human")
        happened(quiet, EventType.CLICKED, after=4, actor="human")

        page = find(event="opened")

        assert ids(page) == [busy.pk, quiet.pk]
        assert page.messages[0].event.ts == THE_PAST + timedelta(seconds=3)
        assert page.messages[1].event.event_type == "opened"

    def test_narrows_by_everything_an_event_knows(self, find, campaign):
        list_ = ContactListFactory(organization=campaign.organization)
        wanted = message(
            campaign, "a@example.com", list=list_, provider="gmx", ip="203.0.113.7", variant="a"
        )
        happened(wanted, EventType.BOUNCED, smtp_code=550)
        happened(message(campaign, "b@example.com"), EventType.BOUNCED, smtp_code=550)
        asked = {"list": list_.pk, "provider": "gmx", "ip": "203.0.113.7", "variant": "a",
                 "identity": campaign.identity_id, "smtp_code": 550}  # fmt: skip

        for name, value in asked.items():
            assert wanted.pk in ids(find(**{name: value})), name
        assert ids(find(**asked)) == [wanted.pk]
        assert len(ids(find(list=0))) == 1
        assert ids(find(provider="nobody")) == []

    def test_takes_from_inclusive_and_to_exclusive(self, find, campaign):
        first, second, third = (message(campaign, f"{n}@example.com") for n in range(3))
        for seconds, one in enumerate((first, second, third)):
            happened(one, EventType.SENT, after=seconds)

        page = find(begin=THE_PAST + timedelta(seconds=1), end=THE_PAST + timedelta(seconds=2))

        assert ids(page) == [second.pk]

    def test_counts_as_machine_whoever_is_not_a_person_for_certain(self, find, campaign):
        messages = {
            actor: happened(
                message(campaign, f"{actor}@x.example"), EventType.OPENED, actor=actor
            ).pk
            for actor in ("human", "machine", "unknown")
        }

        assert set(ids(find(actor="machine"))) == {messages["machine"], messages["unknown"]}
        assert ids(find(actor="human")) == [messages["human"]]
        assert ids(find(actor="unknown")) == [messages["unknown"]]

    def test_merges_the_types_of_a_campaign_in_order_of_time(self, find, campaign):
        first, second = message(campaign, "a@example.com"), message(campaign, "b@example.com")
        sent_message(first)
        happened(second, EventType.SENT, after=1)
        happened(first, EventType.DELIVERED, after=2)
        sent_message(RecipientFactory(campaign__organization=campaign.organization))

        assert ids(find(campaign=campaign.pk)) == [first.pk, second.pk]

    @pytest.mark.parametrize("asked", [{}, {"event": "opened"}, {"campaign": True}])
    def test_leads_through_pages_and_back(self, find, campaign, asked):
        if "campaign" in asked:
            asked = {"campaign": campaign.pk}
        every = [message(campaign, f"{number}@example.com") for number in range(7)]
        for seconds, one in enumerate(every * 2):
            happened(one, EventType.OPENED, after=seconds // 2, actor="human")
        pages = [find(limit=3, **asked)]
        while pages[-1].after:
            pages.append(find(limit=3, place=pages[-1].after, **asked))

        forward = [number for page in pages for number in ids(page)]

        assert forward == [one.pk for one in reversed(every)]
        assert [len(page.messages) for page in pages] == [3, 3, 1]
        assert pages[0].before is None
        assert ids(find(limit=3, place=pages[2].before, **asked)) == ids(pages[1])
        back = find(limit=3, place=pages[1].before, **asked)
        assert (ids(back), back.before) == (ids(pages[0]), None)
        assert ids(find(limit=3, place=back.after, **asked)) == ids(pages[1])

    def test_goes_on_after_more_events_of_one_message_than_it_looks_at(
        self, find, campaign, monkeypatch
    ):
        monkeypatch.setattr(search, "EVENTS_LOOKED_AT", 4)
        robot, person = message(campaign, "r@example.com"), message(campaign, "p@example.com")
        happened(person, EventType.OPENED, actor="human")
        for seconds in range(1, 20):
            happened(robot, EventType.OPENED, after=seconds, actor="machine")

        seen, place = [], None
        for _ in range(10):
            page = find(limit=2, event="opened", place=place)
            seen += ids(page)
            place = page.after
            if place is None:
                break

        assert seen == [robot.pk, person.pk]

    def test_sees_nothing_of_others(self, find, campaign):
        stranger = sent_message(RecipientFactory(contact__email="ada@example.com"))
        asked = [{}, {"q": "ada"}, {"email": "ada@example.com"}, {"event": "sent"},
                 {"campaign": stranger.campaign_id}, {"smtp_code": 250}]  # fmt: skip

        assert [ids(find(**each)) for each in asked] == [[]] * len(asked)

    def test_takes_few_queries_however_many_messages(
        self, find, campaign, django_assert_num_queries
    ):
        for number in range(10):
            sent_message(message(campaign, f"{number}@example.com"))

        with django_assert_num_queries(3):
            assert len(find(event="sent").messages) == 10


class TestByWords:
    @pytest.fixture
    def refused(self, campaign):
        return happened(
            message(campaign, "ada@example.com"),
            EventType.BOUNCED,
            smtp_code=552,
            smtp_response="5.2.2 <ada@example.com>: Mailbox full, try again\r\n5.2.2 later",
        )

    @pytest.mark.parametrize(
        "q", ["mailbox FULL", '"full"', "try aga", "5.2.2", '"<ada@example.com>"', "552"]
    )
    def test_finds_all_words_wherever_they_stand(self, find, campaign, refused, q):
        happened(
            message(campaign, "b@example.com"),
            EventType.BOUNCED,
            smtp_code=550,
            smtp_response="No such mailbox",
        )

        assert ids(find(q=q)) == [refused.pk]

    @pytest.mark.parametrize("q", ["full mailbox box", "' & | !", '""', "a'b \\ c:*", "-- ()"])
    def test_finds_nothing_without_harm(self, find, refused, q):
        assert ids(find(q=q)) == []

    @pytest.mark.parametrize("answers_read", [0, 2, 100])
    def test_leads_through_pages_whether_words_are_rare_or_not(
        self, find, campaign, monkeypatch, answers_read
    ):
        monkeypatch.setattr(event_search, "ANSWERS_READ", answers_read)
        every = [message(campaign, f"{number}@example.com") for number in range(6)]
        for seconds, one in enumerate(every * 2):
            kind = EventType.DEFERRED if seconds % 2 else EventType.BOUNCED
            happened(one, kind, after=seconds, smtp_response="4.2.2 Mailbox full")
            happened(one, kind, after=seconds, smtp_response="4.4.1 No answer")

        first = find(q="mailbox full", limit=4)
        second = find(q="mailbox full", limit=4, place=first.after)
        back = find(q="mailbox full", limit=4, place=second.before)

        assert ids(first) + ids(second) == [one.pk for one in reversed(every)]
        assert ids(back) == ids(first)

    def test_is_one_word_that_nobody_is_called(self, find, refused):
        assert find(q="mailbox").meaning is Meaning.WORDS
        assert ids(find(q="mailbox")) == [refused.pk]


class TestMatching:
    def test_is_the_same_as_all_pages(self, find, campaign):
        wanted = {happened(message(campaign, f"{n}@example.com"), EventType.BOUNCED,
                           smtp_response="User unknown").pk for n in range(3)}  # fmt: skip
        sent_message(message(campaign, "x@example.org"))
        sent_message(RecipientFactory(campaign__organization=OrganizationFactory()))

        for asked in ({"q": "user unknown"}, {"event": "bounced"}, {"q": "@example.com"}):
            found = search.matching(campaign.organization_id, Criteria(**asked))
            assert set(found.values_list("pk", flat=True)) == wanted == set(ids(find(**asked)))
