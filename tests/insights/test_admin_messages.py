from datetime import timedelta

import pytest
from django.urls import reverse

from campaigns.roles import Role
from insights.criteria import Criteria
from insights.events import EventType, Source
from insights.models import ExportJob
from sending.admin.messages.words import asked_in_words
from sending.tasks import run_export
from tests.admin_world import looking
from tests.factories.campaigns import (
    THE_PAST,
    CampaignFactory,
    CampaignLinkFactory,
    ContactListFactory,
    OrganizationFactory,
    RecipientFactory,
)
from tests.factories.iprouting import SendingIPFactory
from tests.factories.suppression import SuppressionFactory
from tests.insights.happening import happened, sent_message

pytestmark = pytest.mark.django_db
SEARCH = "admin:insights_messages"


@pytest.fixture
def organization():
    return OrganizationFactory(timezone="Europe/Berlin")


@pytest.fixture
def campaign(organization):
    return CampaignFactory(organization=organization, name="Autumn letter")


@pytest.fixture
def client(organization):
    return looking(organization, Role.EDITOR)


def message(campaign, email, **given):
    return RecipientFactory(campaign=campaign, contact__email=email, **given)


def refused(recipient):
    """Return the message after it was refused because the mailbox is full."""
    answer = {
        "smtp_code": 552,
        "enhanced_code": "5.2.2",
        "bounce_class": "soft",
        "smtp_response": "5.2.2 <b>Mailbox full</b>",
    }
    return happened(recipient, EventType.BOUNCED, **answer)


def shown(answer):
    return [row.email for row in answer.context["rows"]]


def page(client, recipient):
    answer = client.get(reverse("admin:insights_message", args=[recipient.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


class TestSearch:
    def test_shows_the_latest_messages_with_the_exact_answer(self, client, campaign):
        sent_message(message(campaign, "ada@example.com"))
        happened(message(campaign, "ben@example.com"), EventType.DEFERRED, after=5,
                 smtp_code=452, smtp_response="4.2.2 Over quota")  # fmt: skip

        answer = client.get(reverse(SEARCH))

        assert shown(answer) == ["ben@example.com", "ada@example.com"]
        text = answer.content.decode()
        assert "Mailbox full" in text
        assert "<code>452</code> 4.2.2 Over quota" in text
        assert "Autumn letter" in text

    def test_says_what_to_do_when_nothing_was_sent(self, client):
        assert "Nothing has been sent yet" in client.get(reverse(SEARCH)).content.decode()

    def test_says_what_to_do_when_nothing_matches(self, client, campaign):
        sent_message(message(campaign, "ada@example.com"))

        assert "No message matches" in client.get(reverse(SEARCH), {"q": "zoe"}).content.decode()

    def test_takes_every_filter_that_a_figure_leads_with(self, client, campaign, organization):
        list_ = ContactListFactory(organization=organization)
        wanted = message(campaign, "ada@example.com", provider="gmx", ip="203.0.113.7",
                         list=list_, variant="a")  # fmt: skip
        happened(wanted, EventType.OPENED, actor="human")
        happened(message(campaign, "ben@example.com"), EventType.OPENED, actor="machine")
        asked = {
            "campaign": campaign.pk, "provider": "gmx", "event": "opened", "actor": "human",
            "identity": campaign.identity_id, "ip": "203.0.113.7", "list": list_.pk,
            "stream": "marketing", "variant": "a", "from": THE_PAST.isoformat(),
            "to": (THE_PAST + timedelta(hours=1)).isoformat(),
        }  # fmt: skip

        for name, value in asked.items():
            assert "ada@example.com" in shown(client.get(reverse(SEARCH), {name: value})), name
        assert shown(client.get(reverse(SEARCH), asked)) == ["ada@example.com"]
        assert shown(client.get(reverse(SEARCH), {**asked, "actor": "machine"})) == []

    def test_takes_days_of_the_organizations_clock(self, client, campaign):
        # Midnight of UTC is one o'clock in Berlin.
        sent_message(message(campaign, "ada@example.com"))

        before = client.get(reverse(SEARCH), {"to": "2026-01-01"})
        within = client.get(reverse(SEARCH), {"from": "2026-01-01T01:00", "to": "2026-01-02"})

        assert (shown(before), shown(within)) == ([], ["ada@example.com"])
        assert 'value="2026-01-01T01:00:00"' in within.content.decode()

    def test_says_what_is_wrong_with_a_date_and_searches_by_the_rest(self, client, campaign):
        sent_message(message(campaign, "ada@example.com"))

        answer = client.get(reverse(SEARCH), {"from": "soon", "event": "sent", "campaign": "x"})

        assert shown(answer) == ["ada@example.com"]
        assert "Give a date" in answer.content.decode()

    def test_says_what_the_text_was_taken_for_and_offers_the_other(self, client, campaign):
        full = refused(message(campaign, "mailbox@example.com"))
        refused(message(campaign, "ben@example.com"))

        by_person = client.get(reverse(SEARCH), {"q": "mailbox"})
        by_words = client.get(reverse(SEARCH) + by_person.context["as_words_url"])

        assert shown(by_person) == [full.email]
        assert "Addresses beginning with" in by_person.content.decode()
        assert len(shown(by_words)) == 2

    def test_answers_htmx_with_the_results_and_their_address(self, client, campaign):
        sent_message(message(campaign, "ada@example.com"))
        headers = {"HX-Request": "true", "HX-Target": "results"}

        answer = client.get(reverse(SEARCH), {"q": "", "event": "sent"}, headers=headers)

        assert "<html" not in answer.content.decode()
        assert "ada@example.com" in answer.content.decode()
        assert answer["HX-Push-Url"] == f"{reverse(SEARCH)}?event=sent"

    def test_leads_through_pages(self, client, campaign):
        for number in range(60):
            happened(message(campaign, f"{number}@example.com"), EventType.SENT, after=number)

        first = client.get(reverse(SEARCH), {"event": "sent"})
        second = client.get(reverse(SEARCH) + first.context["next_url"])
        back = client.get(reverse(SEARCH) + second.context["previous_url"])

        assert len(shown(first)) == 50
        assert len(set(shown(first) + shown(second))) == 60
        assert shown(back) == shown(first)

    def test_takes_as_many_queries_for_many_messages_as_for_one(
        self, client, campaign, django_assert_max_num_queries
    ):
        for number in range(30):
            refused(message(campaign, f"{number}@example.com"))

        with django_assert_max_num_queries(16):
            client.get(reverse(SEARCH), {"event": "bounced"})

    def test_shows_nothing_of_others_and_nothing_to_nobody(self, campaign):
        sent_message(message(campaign, "ada@example.com"))
        stranger = looking(OrganizationFactory())

        assert shown(stranger.get(reverse(SEARCH), {"q": "ada"})) == []
        stranger.logout()
        assert stranger.get(reverse(SEARCH)).status_code == 302


class TestMessage:
    def test_tells_the_story_in_words_with_the_exact_answers(self, client, campaign):
        recipient = message(campaign, "ada@example.com", state="bounced", bounce_class="soft",
                            smtp_code=552, smtp_response="5.2.2 <b>Mailbox full</b>")  # fmt: skip
        happened(recipient, EventType.SENT, smtp_code=250, smtp_response="2.0.0 Ok: queued as 4D")
        refused(recipient)

        text = page(client, recipient)

        assert "Handed over to the mail server" in text
        assert "<b>250</b> 2.0.0 Ok: queued as 4D" in text
        assert "5.2.2 &lt;b&gt;Mailbox full&lt;/b&gt;" in text
        assert "The mailbox has no room left." in text
        assert "five such refusals in a row" in text
        assert "1 Jan 2026, 01:00:00" in text  # on the organization's clock
        assert 'title="Thu 1 Jan 2026, 01:00:00 CET"' in text

    def test_says_who_opened_and_clicked_and_why_we_think_so(self, client, campaign):
        recipient = message(campaign, "ada@example.com", state="delivered")
        CampaignLinkFactory(campaign=campaign)
        happened(recipient, EventType.OPENED, actor="machine", source=Source.TRACKING,
                 actor_reasons=("prefetch", "at_once"))  # fmt: skip
        happened(recipient, EventType.CLICKED, after=90, actor="human", source=Source.TRACKING,
                 actor_reasons=("browser", "later"), url="https://shop.example.com/a")  # fmt: skip

        text = page(client, recipient)

        assert "Opened by a machine" in text
        assert "The mail provider loads pictures before anybody reads." in text
        assert "99 % sure" in text  # never quite
        assert "Clicked by a person" in text
        assert "92 % sure" in text
        assert "<code>https://shop.example.com/a</code>" in text
        assert "1 min 30 s later" in text

    def test_says_whether_the_address_may_be_mailed(self, client, campaign, organization):
        recipient = message(campaign, "ada@example.com")
        free = page(client, recipient)
        SuppressionFactory(organization=organization, email="ada@example.com", reason="complaint")

        stopped = page(client, recipient)

        assert "the address is not suppressed" in free
        assert "Suppressed: Marked an earlier mail as spam" in stopped

    def test_says_how_it_left(self, client, campaign, organization):
        ip = SendingIPFactory(organization=organization, address="203.0.113.7", hostname="mta1.x")

        left = page(client, message(campaign, "ada@example.com", ip="203.0.113.7"))
        waits = page(client, message(campaign, "ben@example.com"))

        assert "mta1.x" in left
        assert ip.pool.name in left
        assert "It has not left yet" in waits

    def test_is_still_shown_when_the_contact_is_gone(self, client, campaign):
        recipient = sent_message(message(campaign, "ada@example.com"))
        recipient.contact.delete()

        assert "The contact was deleted." in page(client, recipient)

    def test_of_another_organization_does_not_exist(self, campaign):
        recipient = sent_message(message(campaign, "ada@example.com"))
        url = reverse("admin:insights_message", args=[recipient.pk])
        stranger = looking(OrganizationFactory())

        assert stranger.get(url).status_code == 404
        stranger.logout()
        assert stranger.get(url).status_code == 302

    def test_takes_few_queries(self, client, campaign, django_assert_max_num_queries):
        recipient = message(campaign, "ada@example.com", ip="203.0.113.7")
        for seconds in range(30):
            happened(recipient, EventType.OPENED, after=seconds, actor="human")

        with django_assert_max_num_queries(12):
            page(client, recipient)


class TestAskedInWords:
    def test_names_everything_that_is_asked(self):
        everything = Criteria(
            "full", "ada@x.example", 1, "gmail", "opened", "human", 2, "203.0.113.7", 0,
            "marketing", "a", 250, THE_PAST, THE_PAST,
        )  # fmt: skip

        assert asked_in_words(everything) == (
            "“full”, to ada@x.example, Opened, by a person, code 250, Gmail, campaign 1, "
            "identity 2, list none, from 203.0.113.7, marketing, variant a, "
            "from Thu 1 Jan 2026, 00:00:00 UTC, before Thu 1 Jan 2026, 00:00:00 UTC"
        )
        assert asked_in_words(Criteria()) == "All messages"


class TestExport:
    def test_is_started_followed_and_downloaded(self, client, campaign):
        refused(message(campaign, "ada@example.com"))
        sent_message(message(campaign, "ben@example.com"))
        start = reverse("admin:insights_export_start") + "?event=bounced"

        started = client.post(start, headers={"HX-Request": "true"}).content.decode()
        job = ExportJob.objects.get()
        run_export(job_id=job.pk)
        done = client.get(reverse("admin:insights_exports")).content.decode()
        file = client.get(reverse("admin:insights_export_file", args=[job.pk]))

        assert "every 1s" in started
        assert "Refused" in started
        assert "every 1s" not in done
        assert "1 message" in done
        lines = b"".join(file.streaming_content).decode("utf-8-sig").splitlines()
        assert len(lines) == 2
        assert ",ada@example.com," in lines[1]

    def test_is_not_offered_to_viewers(self, organization, campaign):
        sent_message(message(campaign, "ada@example.com"))
        viewer = looking(organization, Role.VIEWER)

        answer = viewer.post(reverse("admin:insights_export_start"))

        assert answer.status_code == 403
        assert "Export as CSV" not in viewer.get(reverse(SEARCH)).content.decode()
        assert viewer.get(reverse("admin:insights_export_start")).status_code == 405

    def test_of_another_organization_does_not_exist(self, client, campaign):
        client.post(reverse("admin:insights_export_start"))
        job = ExportJob.objects.get()
        run_export(job_id=job.pk)
        stranger = looking(OrganizationFactory())

        assert stranger.get(
            reverse("admin:insights_export_file", args=[job.pk])
        ).status_code == 404  # fmt: skip
        assert "messages-" not in stranger.get(reverse("admin:insights_exports")).content.decode()
