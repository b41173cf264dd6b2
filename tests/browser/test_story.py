"""What a person does on the first day: bring in contacts, write, look, start, follow to the end."""

import re
import threading

import pytest
from django.db import connection
from django.utils import timezone
from playwright.sync_api import expect

import sending.operations.importing
import sending.operations.lifecycle
from campaigns.models import Campaign, Contact, ImportJob, Recipient
from campaigns.roles import Role
from sending.pipeline import run_campaign
from tests.factories.campaigns import PASSWORD, IdentityFactory, MembershipFactory
from tests.factories.iprouting import SendingIPFactory
from tests.flows.sink import running_sink

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PEOPLE = "E-Mail;Vorname;Stadt\r\n" + "".join(
    f"reader{number}@example.com;Reader{number};Berlin\r\n" for number in range(40)
)
BROKEN = "not an address;Nobody;Nowhere\r\n"
HTML = (
    "<h1>Hello {{ contact.first_name }}</h1>"
    '<p><a href="https://shop.example.com/">Shop</a> '
    '<a href="{{ unsubscribe_url }}">Unsubscribe</a></p>'
)


def aside(work):
    """Start work in a thread, as a worker would do it, and return the thread."""

    def run():
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def send(campaign_id):
    """Prepare a campaign, send it and close it."""
    sending.operations.lifecycle.prepare(campaign_id, now=timezone.now())
    run_campaign(campaign_id, clock=timezone.now, seconds=60)
    sending.operations.lifecycle.end_finished(now=timezone.now())


@pytest.fixture
def operator():
    """Somebody who may start campaigns, in an organization that has a way to send."""
    member = MembershipFactory(
        role=Role.OPERATOR.value, organization__name="Harbour Books", user__username="ada"
    )
    IdentityFactory(organization=member.organization)
    return member


def log_in(page):
    page.goto("/admin/")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def bring_in(job):
    """Import what was uploaded, and know its providers, as beat does within seconds."""
    sending.operations.importing.run(job.pk, now=timezone.now())
    Contact.objects.update(provider="other")


def import_people(page):
    page.get_by_role("link", name="Import contacts").click()
    page.locator("input[type=file]").set_input_files(
        {"name": "readers.csv", "mimeType": "text/csv", "buffer": (PEOPLE + BROKEN).encode()}
    )
    expect(page.get_by_label("What the column Vorname is")).to_have_value("first_name")
    page.get_by_label("Name of the new list").fill("Readers")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("Waits for a worker")).to_be_visible()


def write_campaign(page):
    page.get_by_role("link", name="Write a campaign").click()
    page.locator("#id_name").fill("Autumn letter")
    page.locator("#id_identity + .select2").click()
    page.get_by_role("option", name="Example News").click()
    page.locator("#id_lists + .select2").click()
    page.get_by_role("option", name="Readers").click()
    page.locator("#id_subject").fill("News for {{ contact.first_name }}")
    page.locator("#id_html").fill(HTML)
    page.get_by_role("button", name="Save", exact=True).click()


def look_at(page):
    page.get_by_role("link", name="Preview and test").click()
    subject = page.locator(".mw-inbox-subject")
    expect(subject).to_have_text("News for Alex")
    page.get_by_label("Search a contact").fill("reader7@")
    page.get_by_role("button", name="reader7@example.com").click()
    expect(subject).to_have_text("News for Reader7")
    shown = page.frame_locator("iframe").get_by_role("heading")
    expect(shown).to_have_text("Hello Reader7")
    page.get_by_role("button", name="Phone").click()
    page.get_by_role("button", name="Text").click()
    expect(page.locator(".mw-plain")).to_contain_text("Hello Reader7")


def send_a_test(page, sink):
    page.get_by_label("To", exact=True).fill("me@example.com")
    page.get_by_role("button", name="Send the test").click()
    expect(page.locator("#tested")).to_contain_text("Accepted")
    assert sink.addresses == ["me@example.com"]


class TestTheFirstDay:
    def test_ends_with_a_campaign_that_everybody_got(self, watched, operator):
        page = watched.page
        with running_sink(delay=0.05) as sink:
            SendingIPFactory(organization=operator.organization, transport__port=sink.port)
            log_in(page)
            import_people(page)
            job = ImportJob.objects.get()
            aside(lambda: bring_in(job)).join()
            expect(page.get_by_text("Finished")).to_be_visible()
            expect(page.get_by_role("row", name=re.compile("Refused"))).to_have_count(1)

            write_campaign(page)
            expect(page.get_by_text("Nothing is in the way")).to_be_visible()
            expect(page.get_by_text("40 people")).to_be_visible()
            look_at(page)
            send_a_test(page, sink)

            page.get_by_role("link", name="Overview").last.click()
            page.get_by_role("link", name="Start", exact=True).click()
            dialog = page.get_by_role("dialog")
            expect(dialog).to_contain_text("Start: 40 people will get this")
            dialog.get_by_role("button", name="Start: 40 people").click()
            expect(page.get_by_role("progressbar")).to_be_visible()
            campaign = Campaign.objects.get()
            worker = aside(lambda: send(campaign.pk))
            expect(page.get_by_text("All out")).to_be_visible(timeout=60_000)
            worker.join()

        expect(page.get_by_text("100.0 %")).to_be_visible()
        assert sorted(sink.addresses[1:]) == sorted(
            f"reader{number}@example.com" for number in range(40)
        )
        assert Recipient.objects.filter(state="sent").count() == 40
        page.get_by_role("link", name="Recipients").click()
        expect(page.get_by_role("link", name=re.compile(r"Sent\s+40"))).to_be_visible()
        assert watched.faults == []


class TestASegment:
    def test_is_put_together_without_writing_json(self, watched, logged_in, operator):
        page = watched.page
        logged_in(operator.user)
        page.goto("/admin/campaigns/segment/add/")
        page.locator("#id_name").fill("Berlin")
        page.get_by_label("What", exact=True).select_option("Attribute")
        page.get_by_label("Name of the attribute").fill("city")
        page.get_by_label("Value").fill("Berlin")
        page.get_by_role("button", name="Add a rule").click()

        expect(page.get_by_text("0 contacts match")).to_be_visible()
        page.get_by_role("button", name="Save", exact=True).click()

        expect(page.get_by_text("2 conditions")).to_be_visible()
        segment = operator.organization.segments.get()
        assert segment.rules == {
            "all": [
                {"field": "attributes.city", "is": "Berlin"},
                {"engaged": {"within_days": 90}},
            ]
        }
        assert watched.faults == []


class TestAnotherOrganization:
    def test_is_worked_in_after_choosing_it(self, watched, logged_in, operator):
        other = MembershipFactory(user=operator.user, organization__name="Pier Books")
        page = watched.page
        logged_in(operator.user)
        page.goto("/admin/")

        page.get_by_role("button", name="Work in another organization").click()
        page.get_by_role("link", name="Pier Books").click()

        expect(page.get_by_text("You now work in Pier Books.")).to_be_visible()
        assert other.organization.name in page.locator("#nav-sidebar").inner_text()
        assert watched.faults == []
