import pytest
from django.contrib import admin
from django.urls import reverse

from campaigns.roles import Role
from tests.admin_world import looking, running_installation
from tests.factories.campaigns import MembershipFactory, OrganizationFactory

pytestmark = pytest.mark.django_db


def sidebar(client):
    groups = client.get(reverse("admin:index")).context["sidebar_navigation"]
    return {group.get("title", ""): [item["title"] for item in group["items"]] for group in groups}


class TestSidebar:
    def test_is_grouped_by_what_people_come_to_do(self):
        groups = sidebar(looking(OrganizationFactory()))

        assert list(groups) == ["", "Send", "Audience", "Deliverability", "Settings"]
        assert groups["Send"] == ["Campaigns", "Templates"]

    def test_shows_api_keys_to_those_who_may_make_them(self):
        organization = OrganizationFactory()

        assert "API keys" in sidebar(looking(organization))["Settings"]
        assert "API keys" not in sidebar(looking(organization, Role.OPERATOR))["Settings"]

    def test_leads_superusers_to_what_belongs_to_the_installation(self):
        OrganizationFactory()

        assert sidebar(running_installation())["Installation"] == [
            "Schedules",
            "Accounts",
            "Mailbox providers",
            "Checks of counts",
            "Breaker rules",
            "Provider limits",
        ]

    def test_leads_only_to_pages_that_open(self):
        client = looking(OrganizationFactory())
        groups = client.get(reverse("admin:index")).context["sidebar_navigation"]
        links = [item["link"] for group in groups for item in group["items"]]

        assert {link: client.get(link).status_code for link in links} == dict.fromkeys(links, 200)

    def test_leads_to_every_list_there_is(self):
        OrganizationFactory()
        client = running_installation()
        groups = client.get(reverse("admin:index")).context["sidebar_navigation"]
        links = {item["link"] for group in groups for item in group["items"]}

        options = [model._meta for model in admin.site._registry]
        lists = {
            reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist"): opts.model_name
            for opts in options
        }

        reached_otherwise = {"intervalschedule", "crontabschedule"}  # from a schedule's own page
        assert {lists[link] for link in set(lists) - links} == reached_otherwise


class TestSwitcher:
    def test_offers_the_other_organizations_of_a_person(self):
        organization, other = OrganizationFactory(name="A"), OrganizationFactory(name="B")
        OrganizationFactory(name="Somebody else's")
        client = looking(organization)
        MembershipFactory(organization=other, user=organization.memberships.get().user)

        answer = client.get(reverse("admin:index"))

        offered = answer.context["site_dropdown"]
        assert [item.title for item in offered] == ["B"]
        assert reverse("admin:campaigns_organization_work_in", args=[other.pk]) in (
            answer.content.decode()
        )

    def test_is_absent_where_there_is_nothing_to_choose(self):
        answer = looking(OrganizationFactory()).get(reverse("admin:index"))

        assert not answer.context["site_dropdown"]

    def test_names_the_organization_that_is_worked_in(self):
        answer = looking(OrganizationFactory(name="Harbour Books")).get(reverse("admin:index"))

        assert answer.context["site_subheader"] == "Harbour Books"
