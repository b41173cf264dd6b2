"""A warm-up from its start to its end, at the width of a notebook and of a phone."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from campaigns.roles import Role
from iprouting.models import SendingIP
from tests.admin_world import person
from tests.browser.conftest import NARROW, WIDE
from tests.factories.campaigns import OrganizationFactory
from tests.factories.iprouting import SendingIPFactory
from tests.factories.warmup import EndedWarmupFactory
from warmup.caps import Cap
from warmup.models import WarmupSchedule
from warmup.operations.reservations import reserve
from warmup.operations.schedules import start_warmup

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

BOARD = "/admin/warmup/warmupschedule/"


@pytest.fixture
def organization():
    """An organization with two new IPs."""
    founded = OrganizationFactory(name="Harbour Books", timezone="Europe/Berlin")
    for number in (7, 8):
        SendingIPFactory(
            organization=founded, address=f"203.0.113.{number}", hostname=f"mta{number}.example.com"
        )
    return founded


def start(page):
    page.goto(BOARD)
    expect(page.get_by_role("heading", name="No IP is warming up")).to_be_visible()
    page.get_by_role("link", name="Start a warm-up").last.click()
    ip = SendingIP.objects.get(address="203.0.113.7")
    page.get_by_label("Sending IP").select_option(str(ip.pk))
    expect(page.get_by_text("On day 11 the volume grows")).to_be_visible()
    page.get_by_text("Take the smooth one").click()
    expect(page.get_by_role("radio", name="Smooth")).to_be_checked()
    expect(page.get_by_text("On day 11 the volume grows")).to_be_hidden()
    expect(page.get_by_label("Start at")).to_be_hidden()
    page.get_by_role("radio", name="Later").check()
    expect(page.get_by_label("Start at")).to_be_visible()
    page.get_by_role("radio", name="Now").check()
    page.get_by_role("button", name="Start the warm-up").click()
    expect(page.get_by_text("The warm-up of 203.0.113.7 is set up.")).to_be_visible()


def cap(page):
    """Limit a provider, and see what of it was used."""
    page.get_by_role("link", name="Limit single providers of 203.0.113.7").click()
    page.get_by_label("Provider 1").select_option("gmail")
    page.get_by_label("Limit 1").fill("40")
    page.get_by_label("Provider 2").select_option("outlook")
    page.get_by_label("Limit 2").fill("15")
    page.get_by_label("Unit 2").select_option("messages")
    page.get_by_role("button", name="Store the limits").click()
    expect(page.get_by_text("40 % of the day's limit")).to_be_visible()
    expect(page.get_by_text("15 a day")).to_be_visible()
    page.get_by_role("link", name="All warm-ups").click()
    page.wait_for_url(f"**{BOARD}")


def pause(page):
    page.get_by_role("link", name="Pause 203.0.113.7").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Pause: nothing leaves through 203.0.113.7")
    dialog.get_by_label("Reason").fill("the server moves")
    dialog.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("ada: the server moves")).to_be_visible()


def resume(page):
    page.get_by_role("link", name="Resume 203.0.113.7").click()
    page.get_by_role("dialog").get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Mail leaves through 203.0.113.7 again.")).to_be_visible()
    expect(page.get_by_text("Warming up")).to_be_visible()


def end(page):
    page.get_by_role("link", name="End now 203.0.113.7").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("no limit any more")
    dialog.get_by_role("link", name="Not now").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("link", name="End now 203.0.113.7").click()
    dialog.get_by_role("button", name="End the warm-up").click()
    expect(page.get_by_text("Ended early")).to_be_visible()


class TestAWarmUp:
    @pytest.mark.parametrize("width", [WIDE, NARROW])
    def test_is_started_paused_resumed_and_ended(self, watched, logged_in, organization, width):
        operator = person(organization, Role.OPERATOR)
        operator.username = "ada"
        operator.save()
        logged_in(operator)
        page = watched.page
        page.set_viewport_size({"width": width, "height": 900})

        for step in (start, cap, pause, resume, end):
            step(page)
            assert watched.overflow() <= 0, step.__name__

        assert watched.faults == []
        assert WarmupSchedule.objects.get().status == "aborted"

    def test_fits_its_window_with_every_day_and_every_state(self, watched, logged_in, organization):
        now = timezone.now()
        logged_in(person(organization, Role.OPERATOR))
        first, second = organization.ips.order_by("address")
        caps = [Cap("gmail", share=0.4), Cap("google_workspace", messages=2_000)]
        going = start_warmup(first, now=now, provider_caps=caps)
        wanted = {first.pk: ["gmail"] * 13 + ["yahoo"] * 7}
        reserve(wanted, owner=uuid.uuid4(), now=now)
        start_warmup(second, now=now, starts_at=now + timedelta(days=2))
        EndedWarmupFactory(ip__organization=organization)
        page = watched.page

        pages = ("", f"{going.pk}/change/", f"{going.pk}/pause/", f"{going.pk}/caps/", "add/")
        for address in (BOARD + page_ for page_ in pages):
            for width in (WIDE, NARROW):
                page.set_viewport_size({"width": width, "height": 900})
                page.goto(address)
                for numbers in page.get_by_text("The numbers").all():
                    numbers.click()
                assert watched.overflow() <= 0, (address, width)

        assert watched.faults == []
