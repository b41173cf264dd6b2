"""The boards of IPs, breakers and their rules, at the width of a notebook and of a phone."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from campaigns.models import Stream
from campaigns.roles import Role
from insights.periods import hour_of
from tests.admin_world import person
from tests.browser.conftest import NARROW, WIDE
from tests.factories.campaigns import OrganizationFactory
from tests.factories.iprouting import (
    BreakerFactory,
    BreakerRuleFactory,
    IPReputationFactory,
    PoolFactory,
    ProviderLimitFactory,
    SendingIPFactory,
)
from warmup.operations.schedules import start_warmup

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

BOARD = "/admin/iprouting/board/"
# As long as they come, with an address that no line can hold.
REASON = (
    "Answered 5 times within an hour: 550 5.7.1 Unfortunately, messages from [203.0.113.7] weren't "
    "sent, see http://mail.example.com/mail/troubleshooting.aspx?reason=a-long-one#errors-at-length"
)
PROVIDERS = ("gmail", "google_workspace", "outlook", "microsoft365", "yahoo", "apple", "gmx")


@pytest.fixture
def organization():
    """An organization with IPs in every state, and figures of most of them."""
    founded = OrganizationFactory(name="Harbour Books", timezone="Europe/Berlin")
    reserve = PoolFactory(organization=founded, name="Reserve", stream=Stream.TRANSACTIONAL)
    orders = PoolFactory(
        organization=founded, name="Orders", stream=Stream.TRANSACTIONAL, fallback=reserve
    )
    news = PoolFactory(organization=founded, name="News")
    for number, pool in ((7, news), (8, news), (9, news), (10, orders), (11, reserve)):
        SendingIPFactory(
            organization=founded,
            pool=pool,
            address=f"203.0.113.{number}",
            hostname=f"mta{number}.example.com",
        )
    _with_figures(founded)
    start_warmup(founded.ips.get(address="203.0.113.9"), now=timezone.now())
    return founded


def _with_figures(organization):
    for number in (7, 8, 10):
        for at, provider in enumerate(PROVIDERS):
            IPReputationFactory(
                organization=organization,
                ip=f"203.0.113.{number}",
                provider=provider,
                window_start=hour_of(timezone.now()),
                sent=1000 * (at + 1),
                delivered=1000 * (at + 1) - 20 * number,
                bounced=20 * number,
            )


@pytest.fixture
def breakers(organization):
    """A breaker in each state."""
    now = timezone.now()
    given = {"organization": organization, "opened_at": now}
    return [
        BreakerFactory(
            **given, ip="203.0.113.7", provider="outlook", state="suspended", reason=REASON,
            until=now + timedelta(hours=1),
            evidence=[{"rule": "1", "recipient": 1, "text": REASON, "at": now.isoformat()}],
        ),
        BreakerFactory(
            **given, ip="203.0.113.8", state="slowed", reason="Answered once: 421 unusual rate",
            until=now + timedelta(hours=20), rate_per_minute=60,
        ),
        BreakerFactory(
            **given, ip="203.0.113.9", provider="gmx", state="probing", reason="Said it was busy"
        ),
    ]  # fmt: skip


def fits(watched, address):
    """Open a page at both widths; it must not scroll sideways."""
    for width in (WIDE, NARROW):
        watched.page.set_viewport_size({"width": width, "height": 900})
        watched.page.goto(address)
        assert watched.overflow() <= 0, (address, width)


class TestTheRoutingBoard:
    @pytest.mark.parametrize("width", [WIDE, NARROW])
    def test_says_what_is_held_back_until_when_and_why(
        self, watched, logged_in, organization, breakers, width
    ):
        logged_in(person(organization, Role.OPERATOR))
        page = watched.page
        page.set_viewport_size({"width": width, "height": 900})

        page.goto(BOARD)

        held = page.locator(f"#breaker-{breakers[0].pk}")
        expect(held).to_be_visible()
        expect(held).to_contain_text("Stopped until")
        expect(held).to_contain_text("203.0.113.7 at Outlook")
        expect(held).to_contain_text("550 5.7.1 Unfortunately")
        told = page.locator(".mw-held-list").first
        expect(told).to_contain_text("60 messages a minute until")
        expect(told).to_contain_text("5 messages try whether mail is taken again")
        expect(page.get_by_text("when none of its IPs can take a message, Reserve")).to_be_visible()
        assert watched.overflow() <= 0
        assert watched.faults == []

    @pytest.mark.parametrize("width", [WIDE, NARROW])
    def test_explains_a_field_to_the_keyboard_and_leads_on(
        self, watched, logged_in, organization, breakers, width
    ):
        logged_in(person(organization, Role.OPERATOR))
        page = watched.page
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(BOARD)
        field = page.get_by_role("cell").get_by_role("link", name="Stopped until")
        why = field.locator(".mw-held-why")
        expect(why).to_be_hidden()

        field.focus()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")

        expect(why).to_be_visible()
        expect(why).to_contain_text("550 5.7.1 Unfortunately")
        box = why.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/iprouting/breaker/{breakers[0].pk}/change/")
        assert watched.faults == []

    def test_says_what_to_do_while_there_is_nothing(self, watched, logged_in):
        logged_in(person(OrganizationFactory(), Role.VIEWER))

        fits(watched, BOARD)

        expect(watched.page.get_by_text("No sending IP yet")).to_be_visible()
        expect(watched.page.get_by_text("needs the role of an operator")).to_be_visible()
        assert watched.faults == []


class TestTheOtherBoards:
    def test_fit_their_windows_whatever_a_provider_answered(
        self, watched, logged_in, organization, breakers
    ):
        operator = person(organization, Role.OPERATOR)
        operator.is_superuser = True
        operator.save()
        logged_in(operator)
        rule = BreakerRuleFactory(pattern="^4.{0,60}(?:temporarily_deferred|server_is_too_busy)")
        ProviderLimitFactory()

        for address in (
            "/admin/iprouting/breaker/",
            f"/admin/iprouting/breaker/{breakers[0].pk}/change/",
            f"/admin/iprouting/breaker/{breakers[0].pk}/overrule/",
            "/admin/iprouting/breaker/stop/",
            "/admin/iprouting/breakerrule/",
            f"/admin/iprouting/breakerrule/{rule.pk}/change/",
            "/admin/iprouting/breakerrule/try/?provider=&kind=words&pattern=busy",
            "/admin/iprouting/providerlimit/",
            "/admin/iprouting/sendingip/",
            f"/admin/iprouting/sendingip/{organization.ips.first().pk}/change/",
        ):
            fits(watched, address)

        assert watched.faults == []

    def test_show_all_of_a_long_reason_on_a_phone(self, watched, logged_in, organization, breakers):
        logged_in(person(organization, Role.VIEWER))
        page = watched.page
        page.set_viewport_size({"width": NARROW, "height": 900})

        page.goto("/admin/iprouting/breaker/")

        line = page.locator(".result-list td", has_text="550 5.7.1").first
        assert line.evaluate("cell => cell.scrollHeight - cell.clientHeight") <= 1
        assert line.bounding_box()["height"] > 60
