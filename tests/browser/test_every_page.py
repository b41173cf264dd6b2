"""Every page of the admin, as the registry knows them, at the width of a notebook and a phone."""

import pytest
from django.contrib import admin
from django.urls import reverse

from campaigns.operations.organizations import create_api_key
from campaigns.roles import Role
from tests.admin_world import MAKERS, NO_PASSWORD, PLATFORM_MAKERS, moved, ready_campaign
from tests.browser.conftest import NARROW, WIDE
from tests.factories.campaigns import MembershipFactory, OrganizationFactory
from tests.factories.iprouting import SendingIPFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LONG = "a-very-long-name-that-nobody-would-choose-but-somebody-has" * 2
# Pages about one object that answer with parts of pages or files, or only to a POST.
NO_PAGES = ("_preflight", "_progress", "_message", "_contacts", "_test", "_report", "_run",
            "_work_in", "_unschedule", "_resume", "_pause", "_cancel")  # fmt: skip


def addresses(organization):
    """Return the address of every list, form and page there is."""
    found = [reverse("admin:index"), reverse("admin:password_change")]
    makers = MAKERS | PLATFORM_MAKERS
    for number, (model, pages) in enumerate(admin.site._registry.items()):
        label = model._meta.label
        one = makers[label](organization if label in MAKERS else number)
        start = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        found += [reverse(f"{start}_changelist"), reverse(f"{start}_add")]
        for route in pages.get_urls():
            name = route.name or ""
            if "object_id" in str(route.pattern) and not name.endswith(NO_PAGES):
                found.append(reverse(f"admin:{name}", args=[one.pk]))
    return found


@pytest.fixture
def organization():
    """An organization whose people use long names."""
    founded = OrganizationFactory(name="Harbour Books")
    SendingIPFactory(organization=founded, hostname=f"{LONG}.example.com"[:200])
    create_api_key(founded, role=Role.VIEWER, name=LONG[:90])
    return founded


@pytest.fixture
def administrator(organization):
    """Somebody who may open every page."""
    return MembershipFactory(
        organization=organization,
        role=Role.ADMIN.value,
        user__is_superuser=True,
        user__password=NO_PASSWORD,
        user__first_name=LONG[:100],
    ).user


class TestEveryPage:
    @pytest.mark.parametrize("width", [WIDE, NARROW])
    def test_fits_its_window_and_works(
        self, watched, logged_in, organization, administrator, width
    ):
        pages = addresses(organization)
        logged_in(administrator)
        watched.page.set_viewport_size({"width": width, "height": 900})
        wrong = {}

        for address in pages:
            watched.faults.clear()
            answer = watched.page.goto(address, wait_until="load")
            watched.page.wait_for_load_state("networkidle")
            faults = list(watched.faults)
            if answer is None or answer.status not in {200, 403}:
                faults.append(f"answered {answer and answer.status}")
            if answer is not None and answer.status == 403:
                faults = []  # forms for what only the system writes
            if watched.overflow() > 0:
                faults.append(f"{watched.overflow()} px too wide")
            if faults:
                wrong[address] = faults

        assert len(pages) > 70
        assert wrong == {}

    @pytest.mark.parametrize("width", [WIDE, NARROW])
    def test_of_a_campaign_fits_in_every_state(
        self, watched, logged_in, organization, administrator, width
    ):
        logged_in(administrator)
        watched.page.set_viewport_size({"width": width, "height": 900})
        lives = [[], ["begin"], ["begin", "prepare"], ["begin", "prepare", "pause"],
                 ["begin", "prepare", "cancel"]]  # fmt: skip
        campaigns = [moved(ready_campaign(organization), *life) for life in lives]
        wrong = {}

        for campaign in campaigns:
            campaign.problem = f"421 4.7.0 {LONG}"
            campaign.name = LONG[:110]
            campaign.save()
            address = reverse("admin:campaigns_campaign_overview", args=[campaign.pk])
            watched.faults.clear()
            watched.page.goto(address)
            watched.page.wait_for_timeout(300)
            if watched.faults or watched.overflow() > 0:
                wrong[campaign.state] = (watched.faults, watched.overflow())

        assert wrong == {}
