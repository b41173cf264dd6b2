"""Pixel and links, by HTTP: what is counted, where links lead, what never happens."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client

from campaigns.models import Contact, Recipient
from common.conf import token_signer
from insights.models import DeliveryEvent, HourlyCount, TrackingHit
from sending.operations.tracking import record_hits
from sending.tracking import PIXEL
from tests.factories.campaigns import CampaignLinkFactory, ContactListFactory, RecipientFactory

pytestmark = pytest.mark.django_db

BROWSER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0.0.0 Safari/537.36"
)
APPLE_PREFETCH = "Mozilla/5.0"


@pytest.fixture
def client():
    """Return a client with a cookie that must not be looked at."""
    client = Client(HTTP_USER_AGENT=BROWSER)
    client.cookies["sessionid"] = "not a session"
    return client


@pytest.fixture
def recipient():
    list_ = ContactListFactory()
    return RecipientFactory(
        campaign__organization=list_.organization,
        list=list_,
        ip="203.0.113.9",
        variant="b",
        provider="gmail",
        sent_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def recorded():
    """Have the hits that were noted recorded, and return how many there were."""
    return record_hits(now=datetime.now(UTC))


def pixel_path(recipient):
    return f"/t/o/{token_signer().for_message(recipient.pk).opened}.gif"


def link_path(recipient, number):
    return f"/t/c/{token_signer().for_message(recipient.pk).clicked}.{number}"


def signed_path(recipient, number, url):
    return f"/t/c/{token_signer().sign_url(recipient.pk, number, url)}"


class TestPixel:
    def test_is_a_picture_that_nobody_keeps(self, client, recipient):
        answer = client.get(pixel_path(recipient))

        assert (answer.status_code, answer["Content-Type"]) == (200, "image/gif")
        assert answer.content == PIXEL
        assert PIXEL.startswith(b"GIF89a\x01\x00\x01\x00")
        assert "no-store" in answer["Cache-Control"]
        assert not answer.cookies
        assert "Cookie" not in answer.get("Vary", "")

    def test_counts_an_open_with_all_that_is_known(self, client, recipient):
        client.get(pixel_path(recipient))
        recorded()

        event = DeliveryEvent.objects.get()
        assert (event.event_type, event.source) == ("opened", "tracking")
        assert (event.recipient_id, event.campaign_id) == (recipient.pk, recipient.campaign_id)
        assert event.organization_id == recipient.organization_id
        assert event.identity_id == recipient.campaign.identity_id
        assert event.list_id == recipient.list_id
        assert (event.ip, event.variant) == ("203.0.113.9", "b")
        assert (event.provider, event.stream) == ("gmail", "marketing")
        assert event.actor == "human"

    def test_counts_every_hit_and_keeps_the_first_time(self, client, recipient):
        client.get(pixel_path(recipient))
        recorded()
        recipient.refresh_from_db()
        first = recipient.opened_at

        client.get(pixel_path(recipient))
        recorded()

        recipient.refresh_from_db()
        times = DeliveryEvent.objects.order_by("ts").values_list("ts", flat=True)
        assert recipient.opened_at == first == times[0]
        assert len(times) == 2

    def test_of_a_person_is_remembered_on_the_contact(self, client, recipient):
        client.get(pixel_path(recipient))
        recorded()

        recipient.refresh_from_db()
        contact = Contact.objects.get(pk=recipient.contact_id)
        assert contact.last_human_at == recipient.opened_at is not None

    def test_of_a_machine_is_counted_apart(self, client, recipient):
        client.get(pixel_path(recipient), HTTP_USER_AGENT=APPLE_PREFETCH)
        recorded()

        recipient.refresh_from_db()
        counts = HourlyCount.objects.get()
        assert DeliveryEvent.objects.get().actor == "machine"
        assert recipient.opened_at is None
        assert Contact.objects.get(pk=recipient.contact_id).last_human_at is None
        assert (counts.machine_opens, counts.opens, counts.unique_opens) == (1, 0, 0)

    def test_answers_head_without_counting(self, client, recipient):
        assert client.head(pixel_path(recipient)).status_code == 200
        recorded()

        event = DeliveryEvent.objects.get()
        assert (event.method, event.actor) == ("HEAD", "machine")
        assert event.actor_reasons[0] == "head_request"
        assert not HourlyCount.objects.exists()
        assert Recipient.objects.get().opened_at is None

    def test_keeps_network_and_family_instead_of_address_and_user_agent(self, client, recipient):
        client.get(pixel_path(recipient), REMOTE_ADDR="203.0.113.77")
        recorded()

        event = DeliveryEvent.objects.values().get()
        assert (event["agent"], event["network"]) == ("chrome", "203.0.113.0/24")
        assert "203.0.113.77" not in str(event)
        assert BROWSER not in str(event)
        assert not TrackingHit.objects.exists()

    def test_asks_the_database_little(self, client, recipient, django_assert_max_num_queries):
        with django_assert_max_num_queries(1):
            client.get(pixel_path(recipient))

    @pytest.mark.parametrize("token", ["x", "0.", "01.AAAAAAAAAAAAAAAA", "%00", "💥"])
    def test_is_not_there_for_a_forged_token(self, client, token):
        assert client.get(f"/t/o/{token}.gif").status_code == 404

    def test_is_not_there_for_the_token_of_a_link(self, client, recipient):
        token = token_signer().for_message(recipient.pk).clicked

        assert client.get(f"/t/o/{token}.gif").status_code == 404

    def test_shows_when_it_cannot_be_counted(self, client, recipient, caplog):
        without_hits_table()

        answer = client.get(pixel_path(recipient))

        assert answer.content == PIXEL
        assert "was not recorded" in caplog.text


class TestLink:
    @pytest.mark.parametrize(
        "url",
        [
            "https://shop.example.com/",
            "https://shop.example.com/a?x=1&y=%20b&z=a+b#part-2",
            "https://shop.example.com/?next=https://other.example/?a=1%26b=2",
            "http://shop.example.com:8080/a|b/{c}/~d;e=f,g",
            "HTTPS://Shop.Example.com",
            "https://shop.example.com/#",
        ],
    )
    def test_leads_to_exactly_that_address(self, client, recipient, url):
        CampaignLinkFactory(campaign=recipient.campaign, number=3, url=url)

        for path in (link_path(recipient, 3), signed_path(recipient, 7, url)):
            answer = client.get(path)
            assert answer.status_code == 302
            assert answer["Location"] == url

    @pytest.mark.parametrize("ending", ["", "/"])
    def test_tells_the_site_nothing_and_nobody_keeps_it(self, client, recipient, ending):
        CampaignLinkFactory(campaign=recipient.campaign)

        answer = client.get(link_path(recipient, 1) + ending)

        assert answer.status_code == 302
        assert "no-store" in answer["Cache-Control"]
        assert answer["Referrer-Policy"] == "no-referrer"
        assert not answer.cookies
        assert "Cookie" not in answer.get("Vary", "")

    def test_encodes_what_a_header_cannot_hold(self, client, recipient):
        url = "https://bücher.example/ä b\r\nSet-Cookie: x=1"

        answer = client.get(signed_path(recipient, 1, url))

        assert answer["Location"] == (
            "https://b%C3%BCcher.example/%C3%A4%20b%0D%0ASet-Cookie:%20x=1"
        )
        assert not answer.cookies

    def test_counts_a_click_with_its_address(self, client, recipient):
        CampaignLinkFactory(campaign=recipient.campaign, number=1, url="https://a.example/#x")

        client.get(link_path(recipient, 1))
        recorded()

        event = DeliveryEvent.objects.get()
        recipient.refresh_from_db()
        assert (event.event_type, event.actor) == ("clicked", "human")
        assert (event.url, event.link_number) == ("https://a.example/#x", 1)
        assert event.list_id == recipient.list_id
        assert recipient.clicked_at == event.ts
        assert recipient.opened_at is None

    def test_counts_a_click_on_a_signed_address(self, client, recipient):
        client.get(signed_path(recipient, 9, "https://a.example/?for=ada"))
        recorded()

        event = DeliveryEvent.objects.get()
        assert (event.url, event.link_number) == ("https://a.example/?for=ada", 9)

    def test_answers_head_without_counting(self, client, recipient):
        CampaignLinkFactory(campaign=recipient.campaign, url="https://a.example/")

        answer = client.head(link_path(recipient, 1))

        recorded()
        assert answer["Location"] == "https://a.example/"
        assert DeliveryEvent.objects.get().actor == "machine"
        assert not HourlyCount.objects.exists()
        assert Recipient.objects.get().clicked_at is None

    def test_refuses_other_methods(self, client, recipient):
        CampaignLinkFactory(campaign=recipient.campaign)

        assert client.post(link_path(recipient, 1)).status_code == 405

    def test_of_another_campaign_is_not_there(self, client, recipient):
        CampaignLinkFactory(number=5)

        answer = client.get(link_path(recipient, 5))

        assert answer.status_code == 404
        assert not answer.has_header("Location")

    def test_that_differs_by_recipient_needs_its_own_token(self, client, recipient):
        CampaignLinkFactory(
            campaign=recipient.campaign, number=2, url="{{ contact.url }}", dynamic=True
        )

        assert client.get(link_path(recipient, 2)).status_code == 404

    @pytest.mark.parametrize("number", ["", "0", "-1", "+1", " 1", "1_0", "²", "9" * 30, "1.1"])
    def test_with_an_odd_number_is_not_there(self, client, recipient, number):
        CampaignLinkFactory(campaign=recipient.campaign)

        assert client.get(link_path(recipient, number)).status_code == 404

    def test_with_a_forged_token_never_leads_anywhere(self, client, recipient):
        CampaignLinkFactory(campaign=recipient.campaign)
        good = signed_path(recipient, 1, "https://a.example/")
        evil = signed_path(recipient, 1, "https://evil.example/")
        forged = [
            good.rpartition(".")[0] + "." + evil.rpartition(".")[2],
            good[:-1] + ("A" if good[-1] != "A" else "B"),
            good[:5] + "z" + good[6:],
            "/t/c/https://evil.example/",
            "/t/c/0.0.aHR0cHM6Ly9ldmlsLmV4YW1wbGUv.AAAAAAAAAAAAAAAA",
            "/t/c/x?url=https://evil.example/",
            f"/t/c/{token_signer().for_message(recipient.pk).opened}.1",
        ]

        for path in forged:
            answer = client.get(path)
            assert answer.status_code == 404, path
            assert not answer.has_header("Location")
        assert not TrackingHit.objects.exists()

    def test_leads_on_when_it_cannot_be_counted(self, client, recipient, caplog):
        CampaignLinkFactory(campaign=recipient.campaign, url="https://a.example/")
        without_hits_table()

        assert client.get(link_path(recipient, 1))["Location"] == "https://a.example/"
        assert "was not recorded" in caplog.text

    def test_that_is_signed_leads_on_without_its_message(self, client, recipient):
        path = signed_path(recipient, 1, "https://a.example/")
        recipient.delete()

        assert client.get(path)["Location"] == "https://a.example/"
        assert recorded() == 1
        assert not DeliveryEvent.objects.exists()

    def test_asks_the_database_little(self, client, recipient, django_assert_max_num_queries):
        CampaignLinkFactory(campaign=recipient.campaign)

        with django_assert_max_num_queries(2):
            client.get(link_path(recipient, 1))

    def test_counts_at_the_time_of_the_hit(self, client, recipient):
        before = datetime.now(UTC)
        client.get(signed_path(recipient, 1, "https://a.example/"))
        after = datetime.now(UTC)
        recorded()

        assert before <= DeliveryEvent.objects.get().ts <= after


def without_hits_table():
    """Take the place away where hits go; the test's transaction brings it back."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE insights_trackinghit RENAME TO elsewhere")
