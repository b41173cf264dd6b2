"""What a person does with the figures: looks, narrows, turns, follows one to its messages."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from campaigns.roles import Role
from tests.browser.conftest import NARROW, WIDE
from tests.factories.campaigns import MembershipFactory
from tests.insights.board_world import campaign_world, refusals, week

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGE = "/admin/insights/dashboard/"
DAY = timedelta(days=1)
LONG = "a-very-long-name-that-nobody-would-choose-but-somebody-has" * 2
# How many charts the library knows of, and whether each canvas has something drawn on it.
DRAWN = """() => Array.from(document.querySelectorAll("[data-chart] canvas")).map(
    (canvas) => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
        .data.some((value) => value !== 0))"""


@pytest.fixture
def member():
    return MembershipFactory(role=Role.VIEWER.value, organization__name="Harbour Books")


@pytest.fixture
def campaigns(member):
    return week(member.organization, now=timezone.now())


@pytest.fixture
def page(watched, logged_in, member):
    logged_in(member.user)
    return watched.page


def sent(page):
    return page.locator(".mw-totals .mw-figure").first.locator("dd").first


def fits(watched):
    """Say whether the page is no wider than its window, at both widths."""
    found = []
    for width in (WIDE, NARROW):
        watched.page.set_viewport_size({"width": width, "height": 900})
        found.append(watched.overflow() <= 0)
    watched.page.set_viewport_size({"width": WIDE, "height": 900})
    return all(found)


class TestInsights:
    def test_shows_at_once_who_the_problem_is(self, watched, page, campaigns):
        page.goto(PAGE)

        expect(page.locator(".mw-problem").first).to_contain_text(
            re.compile(r"Yahoo refuses 12\.3.%.*554 5\.7\.9")
        )
        assert page.evaluate(DRAWN) == [True] * 4
        assert fits(watched)
        assert watched.faults == []

    def test_is_narrowed_without_loading_the_page_anew(self, watched, page, campaigns):
        page.goto(PAGE)
        expect(sent(page)).to_have_text("69,001")
        page.evaluate("window.stayed = true")

        page.get_by_label("Provider", exact=True).select_option("yahoo")
        expect(sent(page)).to_have_text("9,660")
        page.get_by_label("24 hours").check()

        expect(page).to_have_url(re.compile(r"\?period=24h&provider=yahoo$"))
        expect(page.get_by_label("Provider", exact=True)).to_have_value("yahoo")
        assert page.evaluate("window.stayed")
        page.go_back()
        expect(page).to_have_url(re.compile(r"\?provider=yahoo$"))
        expect(sent(page)).to_have_text("9,660")
        expect(page.get_by_label("30 days")).to_be_checked()
        assert page.evaluate(DRAWN) == [True] * 4
        assert watched.faults == []

    def test_opens_an_address_that_was_shared(self, watched, page, campaigns):
        page.goto(f"{PAGE}?period=7d&provider=gmail&by=ip")

        expect(page.get_by_label("Provider", exact=True)).to_have_value("gmail")
        expect(page.get_by_label("7 days")).to_be_checked()
        expect(page.get_by_role("rowheader", name="203.0.113.7")).to_be_visible()
        assert watched.faults == []

    def test_turns_to_another_side_and_shows_another_measure(self, watched, page, campaigns):
        page.goto(PAGE)

        page.get_by_role("link", name="Provider", exact=True).click()
        expect(page.get_by_role("rowheader", name="Yahoo")).to_be_visible()
        page.get_by_label("Shown in the bars").select_option("complaints")

        expect(page).to_have_url(re.compile(r"\?by=provider&count=complaints$"))
        expect(page.get_by_role("heading", name="Marked as spam")).to_be_visible()
        assert page.evaluate(DRAWN) == [True, True]
        page.get_by_role("button", name="Gmail").first.click()
        pressed = page.get_by_role("button", name="Gmail").first
        expect(pressed).to_have_attribute("aria-pressed", "false")
        assert fits(watched)
        assert watched.faults == []

    def test_takes_days_that_are_typed(self, watched, page, campaigns):
        page.goto(PAGE)
        page.get_by_label("Other days").check()
        first = page.get_by_label("From", exact=True)
        expect(first).to_be_visible()

        first.fill("2030-01-02")
        page.get_by_role("button", name="Show these days").click()
        expect(page.get_by_text("The first day is after the last one.")).to_be_visible()
        first.fill("2020-01-01")
        page.get_by_label("to", exact=True).fill("2020-01-31")
        page.get_by_role("button", name="Show these days").click()

        expect(page.get_by_text("Nothing happened in this period")).to_be_visible()
        page.get_by_role("link", name="Show the week before").click()
        expect(page.locator(".mw-totals")).to_be_visible()
        assert watched.faults == []

    def test_leads_from_a_figure_to_its_messages(self, page, campaigns):
        page.goto(f"{PAGE}?by=provider")
        row = page.get_by_role("row", name=re.compile("^Yahoo"))

        link = row.get_by_role("link", name=re.compile("1,186"))

        address = link.get_attribute("href")
        assert address.startswith("/admin/insights/messages/?event=bounced&provider=yahoo&from=")

    def test_hands_out_what_it_shows_as_a_file(self, page, campaigns):
        page.goto(f"{PAGE}?by=provider&period=90d")

        with page.expect_download() as waiting:
            page.get_by_role("link", name="CSV").click()

        lines = waiting.value.path().read_text().splitlines()
        assert waiting.value.suggested_filename.startswith("insights-provider-")
        assert lines[0].startswith("provider,name,sent,delivered")
        assert len(lines) == 8

    def test_says_what_to_do_when_there_is_nothing(self, watched, page):
        page.goto(PAGE)

        expect(page.get_by_role("heading", name="Nothing has been sent yet")).to_be_visible()
        expect(page.get_by_role("link", name="To the campaigns")).to_be_visible()
        assert fits(watched)
        assert watched.faults == []

    def test_says_when_figures_cannot_be_loaded(self, page, campaigns):
        page.goto(PAGE)
        page.route("**/dashboard/?*", lambda route: route.fulfill(status=500, body="no"))

        page.get_by_label("7 days").check()

        error = page.locator("#insights-error")
        expect(error).to_contain_text("The server answered with an error (500)")
        expect(sent(page)).to_be_visible()
        page.unroute("**/dashboard/?*")
        error.get_by_role("link", name="Try again").click()
        expect(page.get_by_label("7 days")).to_be_checked()
        expect(error).to_be_hidden()

    def test_comes_back_after_a_new_login(self, page, context, campaigns):
        page.goto(PAGE)
        context.clear_cookies()

        page.get_by_label("Provider", exact=True).select_option("yahoo")

        expect(page).to_have_url(
            re.compile(r"/admin/login/\?next=/admin/insights/dashboard/.*yahoo")
        )

    def test_can_be_used_with_the_keyboard_alone(self, watched, page, campaigns):
        page.goto(PAGE)
        page.get_by_label("30 days").focus()

        page.keyboard.press("ArrowLeft")

        expect(page).to_have_url(re.compile(r"\?period=7d$"))
        expect(page.get_by_label("7 days")).to_be_focused()
        assert watched.faults == []

    def test_is_drawn_anew_in_the_dark(self, watched, page, campaigns):
        page.goto(PAGE)

        page.evaluate("document.documentElement.classList.add('dark')")

        page.wait_for_timeout(100)
        assert page.evaluate(DRAWN) == [True] * 4
        assert watched.faults == []


class TestLongNames:
    def test_never_make_a_page_wider_than_its_window(self, watched, page, member):
        first, second = (
            campaign_world(
                member.organization, name=LONG, started=timezone.now() - DAY, size=900, hours=3
            )
            for _ in range(2)
        )
        refusals(first, response=LONG * 3)
        pair = f"/admin/insights/compare/?a={first.pk}&b={second.pk}"
        report = reverse("admin:insights_campaign", args=[first.pk])
        wrong = []

        for address in (PAGE, f"{PAGE}?by=campaign", f"{PAGE}?by=list", report, pair):
            page.goto(address)
            wrong += [] if fits(watched) else [address]

        assert wrong == []
        assert watched.faults == []


class TestCampaignReport:
    def test_has_the_problem_on_top_and_a_way_to_compare(self, watched, page, campaigns):
        page.goto(reverse("admin:campaigns_campaign_overview", args=[campaigns[1].pk]))
        page.get_by_label("Pages of this campaign").get_by_role("link", name="Insights").click()

        expect(page.locator(".mw-problem")).to_have_count(1)
        first = page.get_by_role("region", name="Providers, as a table").locator("tbody tr")
        expect(first.first).to_contain_text("Yahoo")
        expect(first.nth(1)).to_contain_text("Yahoo refuses 12.3")
        assert fits(watched)

        page.get_by_role("link", name="Compare").click()
        page.get_by_label("Second campaign").select_option(label="Autumn letter")
        expect(page.get_by_role("row", name=re.compile("^Opened by people"))).to_contain_text(
            "May be chance"
        )
        page.get_by_label("Shown in the chart").select_option("bounced")
        expect(page).to_have_url(re.compile(r"metric=bounced$"))
        assert page.evaluate(DRAWN) == [True]
        assert fits(watched)
        assert watched.faults == []
