"""Every page of the admin, as the registry knows them, at the width of a notebook and a phone."""

import pytest
from django.contrib import admin
from django.urls import reverse
from django.utils import timezone

from campaigns.operations.campaigns import duplicate
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
            if name and "object_id" in str(route.pattern) and not name.endswith(NO_PAGES):
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


def faults_of(watched, address):
    """Open a page and return what is wrong with it, at both widths."""
    watched.faults.clear()
    watched.page.set_viewport_size({"width": WIDE, "height": 900})
    answer = watched.page.goto(address, wait_until="load")
    if answer.status == 403:
        return []  # a form for what only the system writes
    watched.page.wait_for_function("!document.querySelector('.htmx-request')")
    faults = [] if answer.status == 200 else [f"answered {answer.status}"]
    for width in (WIDE, NARROW):
        watched.page.set_viewport_size({"width": width, "height": 900})
        if watched.overflow() > 0:
            faults.append(f"{watched.overflow()} px too wide for {width}")
    return faults + watched.faults


@pytest.mark.slow
class TestEveryPage:
    def test_fits_its_window_and_works(self, watched, logged_in, organization, administrator):
        pages = addresses(organization)
        logged_in(administrator)

        wrong = {address: faults_of(watched, address) for address in pages}

        assert len(pages) > 70
        assert {address: faults for address, faults in wrong.items() if faults} == {}

    def test_of_a_campaign_fits_in_every_state(
        self, watched, logged_in, organization, administrator
    ):
        logged_in(administrator)
        lives = [[], ["begin"], ["begin", "prepare"], ["begin", "prepare", "pause"],
                 ["begin", "prepare", "cancel"]]  # fmt: skip
        draft = ready_campaign(organization)
        wrong = {}

        for life in lives:
            campaign = moved(duplicate(draft, actor="test", now=timezone.now()), *life)
            campaign.name, campaign.problem = LONG[:110], f"421 4.7.0 {LONG}"
            campaign.save()
            address = reverse("admin:campaigns_campaign_overview", args=[campaign.pk])
            wrong[campaign.state] = faults_of(watched, address)

        assert not any(wrong.values()), wrong
        assert set(wrong) == {"draft", "preparing", "sending", "paused", "cancelled"}
