"""What holds for every page of the admin, derived from what is registered: nothing is forgotten."""

import re

import pytest
from django import forms
from django.contrib import admin
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse

from campaigns.access import Access
from campaigns.roles import Role
from common.admin import OrganizationScopedAdmin, PlatformAdmin
from tests.admin_world import (
    PLATFORM,
    PLATFORM_MAKERS,
    SCOPED,
    admin_of,
    looking,
    made,
    person,
    running_installation,
)
from tests.factories.campaigns import OrganizationFactory

pytestmark = pytest.mark.django_db

MOST_QUERIES = 25  # of any list; none depends on how many rows it shows


def name_of(label, page):
    app, model = label.lower().split(".")
    return f"admin:{app}_{model}_{page}"


def page(label, page_name, *args):
    return reverse(name_of(label, page_name), args=args)


def object_pages(label):
    """Return the names of all routes about one object, the ones added to Django's included."""
    routes = [route for route in admin_of(label).get_urls() if route.name]
    about_one = [r for r in routes if re.search(r"<[a-z:]*(object_id|pk)>", str(r.pattern))]
    return sorted({f"admin:{route.name}" for route in about_one})


OBJECT_PAGES = [(label, name) for label in SCOPED for name in object_pages(label)]


class TestRegistry:
    def test_has_a_sample_of_every_model_in_these_tests(self):
        registered = {model._meta.label: pages for model, pages in admin.site._registry.items()}

        assert set(registered) == {*SCOPED, *PLATFORM}

    def test_scopes_every_page_or_keeps_it_for_superusers(self):
        for label in SCOPED:
            assert isinstance(admin_of(label), OrganizationScopedAdmin), label
        for label in PLATFORM:
            assert isinstance(admin_of(label), PlatformAdmin), label

    def test_finds_the_routes_of_the_campaign_pages(self):
        names = object_pages("campaigns.Campaign")

        assert "admin:campaigns_campaign_overview" in names
        assert "admin:campaigns_campaign_start" in names


@pytest.mark.parametrize("label", SCOPED)
class TestOwnObjects:
    def test_are_listed(self, label):
        organization = OrganizationFactory()
        own = made(label, organization)

        answer = looking(organization).get(page(label, "changelist"))

        assert answer.status_code == 200
        assert own in list(answer.context["cl"].result_list)

    def test_have_a_page(self, label):
        organization = OrganizationFactory()
        own = made(label, organization)

        answer = looking(organization).get(page(label, "change", own.pk))

        assert answer.status_code == 200

    def test_have_a_history(self, label):
        organization = OrganizationFactory()
        own = made(label, organization)

        answer = looking(organization).get(page(label, "history", own.pk))

        assert answer.status_code == 200


@pytest.mark.parametrize("label", SCOPED)
class TestObjectsOfAnotherOrganization:
    def test_are_not_listed(self, label):
        organization, other = OrganizationFactory(), OrganizationFactory()
        foreign = made(label, other)

        answer = looking(organization).get(page(label, "changelist"))

        assert foreign not in list(answer.context["cl"].result_list)

    def test_are_not_listed_for_a_superuser_who_works_elsewhere(self, label):
        organization, other = OrganizationFactory(name="A"), OrganizationFactory(name="B")
        foreign = made(label, other)

        answer = running_installation().get(page(label, "changelist"))

        assert foreign not in list(answer.context["cl"].result_list)
        assert answer.wsgi_request.access.organization == organization

    def test_cannot_be_chosen(self, label):
        organization, other = OrganizationFactory(), OrganizationFactory()
        foreign = {type(made(each, other)): made(each, other) for each in SCOPED}
        request = RequestFactory().get("/")
        request.user, request.access = person(organization), Access(organization, Role.ADMIN)

        fields = admin_of(label).get_form(request)().fields.values()

        for field in fields:
            if isinstance(field, forms.ModelChoiceField):
                model = field.queryset.model
                assert not field.queryset.filter(pk=foreign[model].pk).exists(), model


@pytest.mark.parametrize(("label", "name"), OBJECT_PAGES)
class TestPagesOfAForeignObject:
    @pytest.mark.parametrize("method", ["get", "post"])
    def test_are_as_if_it_did_not_exist(self, label, name, method):
        organization, other = OrganizationFactory(), OrganizationFactory()
        foreign = made(label, other)
        client = looking(organization)

        answer = getattr(client, method)(reverse(name, args=[foreign.pk]))

        # Django itself answers its own pages with a redirect home; ours are not found.
        gone = answer.status_code == 302 and answer.url in {reverse("admin:index"), "../../"}
        refused = answer.status_code in {403, 404, 405}
        assert gone or refused, answer.status_code
        assert str(foreign) not in answer.content.decode()
        assert type(foreign).objects.filter(pk=foreign.pk).exists()

    def test_ask_a_stranger_to_log_in(self, label, name):
        own = made(label, OrganizationFactory())

        answer = Client().get(reverse(name, args=[own.pk]))

        assert answer.status_code == 302
        assert answer.url.startswith(reverse("admin:login"))


@pytest.mark.parametrize("label", [*SCOPED, *PLATFORM])
class TestStrangers:
    @pytest.mark.parametrize("name", ["changelist", "add"])
    def test_are_asked_to_log_in(self, label, name):
        answer = Client().get(page(label, name))

        assert answer.status_code == 302
        assert answer.url.startswith(reverse("admin:login"))


@pytest.mark.parametrize("label", SCOPED)
class TestRoles:
    def test_let_a_viewer_look_but_not_touch(self, label):
        organization = OrganizationFactory()
        own = made(label, organization)
        viewer = looking(organization, Role.VIEWER)

        change = viewer.post(page(label, "change", own.pk), {})
        add = viewer.post(page(label, "add"), {})
        delete = viewer.post(page(label, "delete", own.pk), {"post": "yes"})

        assert {change.status_code, add.status_code, delete.status_code} <= {403, 405}, label

    def test_let_nobody_without_an_organization_see_anything(self, label):
        own = made(label, OrganizationFactory())
        client = Client()
        stranger = person(OrganizationFactory())
        stranger.memberships.all().delete()
        client.force_login(stranger)

        listed = client.get(page(label, "changelist"))
        shown = client.get(page(label, "change", own.pk))

        assert listed.status_code == 403
        assert shown.status_code in {302, 403}


@pytest.mark.parametrize("label", PLATFORM)
class TestPagesOfTheInstallation:
    def test_are_open_to_superusers(self, label):
        OrganizationFactory()
        one = PLATFORM_MAKERS[label](1)
        client = running_installation()

        answers = [
            client.get(page(label, "changelist")),
            client.get(page(label, "add")),
            client.get(page(label, "change", one.pk)),
        ]

        assert [answer.status_code for answer in answers] == [200, 200, 200]

    def test_are_closed_to_administrators_of_an_organization(self, label):
        one = PLATFORM_MAKERS[label](1)
        client = looking(OrganizationFactory())

        answers = [
            client.get(page(label, "changelist")),
            client.get(page(label, "add")),
            client.get(page(label, "change", one.pk)),
        ]

        assert [answer.status_code for answer in answers] == [403, 403, 403]


@pytest.mark.parametrize("label", [label for label in SCOPED if label != "campaigns.Organization"])
class TestLists:
    def test_ask_as_many_questions_for_many_rows_as_for_few(self, label):
        organization = OrganizationFactory()
        client = looking(organization)
        for _ in range(2):
            made(label, organization)
        client.get(page(label, "changelist"))
        with CaptureQueriesContext(
            connection,
        ) as few:
            client.get(page(label, "changelist"))
        for _ in range(10):
            made(label, organization)

        with CaptureQueriesContext(connection) as many:
            answer = client.get(page(label, "changelist"))

        assert len(answer.context["cl"].result_list) >= 12
        assert len(many) == len(few) <= MOST_QUERIES

    def test_say_what_to_do_when_they_are_empty(self, label):
        answer = looking(OrganizationFactory()).get(page(label, "changelist"), {"q": "nobody"})

        assert "Nothing matches" in answer.content.decode()
        assert admin_of(label).empty_text

    def test_search_without_an_error(self, label):
        organization = OrganizationFactory()
        made(label, organization)

        answer = looking(organization).get(page(label, "changelist"), {"q": "a(b'c%"})

        assert answer.status_code == 200


class TestAutocompletion:
    def test_offers_objects_of_the_own_organization_only(self):
        organization, other = OrganizationFactory(), OrganizationFactory()
        own, foreign = (
            made("campaigns.ContactList", organization),
            made("campaigns.ContactList", other),
        )

        answer = looking(organization).get(
            reverse("admin:autocomplete"),
            {"app_label": "campaigns", "model_name": "campaign", "field_name": "lists", "term": ""},
        )

        offered = {row["id"] for row in answer.json()["results"]}
        assert str(own.pk) in offered
        assert str(foreign.pk) not in offered


class TestNames:
    def test_lead_to_a_page_for_every_model(self):
        for label in [*SCOPED, *PLATFORM]:
            try:
                assert page(label, "changelist")
            except NoReverseMatch:
                pytest.fail(label)
