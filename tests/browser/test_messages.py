"""Somebody looks for a message: searches, filters, reads its story, takes a file along."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from campaigns.roles import Role
from insights.events import EventType
from insights.models import ExportJob
from sending.tasks import run_export
from tests.admin_world import person
from tests.browser.conftest import NARROW, WIDE
from tests.factories.campaigns import CampaignFactory, OrganizationFactory, RecipientFactory
from tests.insights.happening import happened, sent_message

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

REFUSAL = {
    "smtp_code": 550,
    "enhanced_code": "5.1.1",
    "bounce_class": "hard",
    "smtp_response": "5.1.1 <eva@example.com>: User unknown in virtual mailbox table",
}
LONG = "a-very-long-address-that-nobody-would-choose-but-somebody-has-anyway"


@pytest.fixture
def organization(logged_in):
    """An organization that has sent to a few people, with an editor in front of it."""
    founded = OrganizationFactory(name="Harbour Books")
    campaign = CampaignFactory(organization=founded, name="Autumn letter")

    def message(email, **given):
        return RecipientFactory(campaign=campaign, contact__email=email, **given)

    sent_message(message("ada@example.com", state="sent"))
    happened(message("eva@example.com", state="bounced", **REFUSAL), EventType.BOUNCED, **REFUSAL)
    opened = sent_message(message("ben@example.com", state="delivered", provider="gmail"))
    happened(opened, EventType.OPENED, after=60, actor="human", actor_reasons=("mail_client",))
    sent_message(message(f"{LONG}@{'example.' * 12}com"))
    logged_in(person(founded, Role.EDITOR))
    return founded


@pytest.fixture(params=[WIDE, NARROW])
def page(watched, request):
    """A page as wide as a notebook, then as a phone."""
    watched.page.set_viewport_size({"width": request.param, "height": 900})
    return watched.page


def found(page):
    return page.locator("#results tbody tr")


class TestMessages:
    def test_are_searched_and_filtered(self, page, watched, organization):
        page.goto(reverse("admin:insights_messages"))
        expect(found(page)).to_have_count(4)
        assert watched.overflow() <= 0

        page.get_by_label("Find a message").fill("user unknown")
        expect(found(page)).to_have_count(1)
        expect(page).to_have_url(re.compile(r"\?q=user\+unknown$"))
        expect(found(page)).to_contain_text("No such mailbox")

        page.get_by_label("Find a message").fill("")
        page.get_by_label("What happened").select_option("Opened")
        expect(found(page)).to_contain_text("ben@example.com")
        expect(found(page)).to_have_count(1)
        page.get_by_label("Opened or clicked by").select_option("Not a person for certain")
        expect(page.get_by_text("No message matches")).to_be_visible()

        page.go_back()
        expect(found(page)).to_contain_text("ben@example.com")
        expect(page.get_by_label("What happened")).to_have_value("opened")
        page.get_by_role("link", name="Clear all").click()
        expect(found(page)).to_have_count(4)
        assert watched.faults == []

    def test_are_taken_along_as_a_file(self, page, watched, organization):
        page.goto(reverse("admin:insights_messages"))
        page.get_by_role("button", name="Export as CSV").click()
        exports = page.locator("#exports")
        expect(exports).to_contain_text("Waiting")
        run_export(job_id=ExportJob.objects.get(organization=organization).pk)
        expect(exports).to_contain_text("4 messages")
        with page.expect_download() as download:
            exports.get_by_role("link", name="Download").click()
        assert download.value.path().read_text("utf-8-sig").count("@example.com,") >= 3
        assert watched.overflow() <= 0
        assert watched.faults == []

    def test_tell_their_story(self, page, watched, organization):
        page.goto(f"{reverse('admin:insights_messages')}?event=bounced")
        page.get_by_role("link", name="eva@example.com").click()
        expect(page.get_by_role("heading", name="eva@example.com")).to_be_visible()
        expect(page.locator(".mw-said")).to_contain_text(REFUSAL["smtp_response"])
        expect(page.locator(".mw-timeline")).to_contain_text("Permanent: bad address")
        assert watched.overflow() <= 0
        page.get_by_role("link", name="All to this address").click()
        expect(found(page)).to_have_count(1)
        assert watched.overflow() <= 0
        assert watched.faults == []

    def test_open_a_search_that_somebody_shared(self, page, watched, organization):
        page.goto(f"{reverse('admin:insights_messages')}?smtp_code=550&from=2025-12-31T12%3A00")

        expect(found(page)).to_have_count(1)
        expect(page.get_by_label("SMTP code")).to_have_value("550")
        expect(page.get_by_label("From", exact=True)).to_have_value(re.compile("^2025-12-31T12:00"))
        assert watched.faults == []
