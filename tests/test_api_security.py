"""What must hold of every endpoint of the API. The endpoints are read from the routes themselves,
so that a new one is tested without anybody thinking of it.
"""

import inspect
import re
from dataclasses import dataclass

import pytest
from django.db import transaction
from django.urls import URLPattern
from django_filters import FilterSet, ModelChoiceFilter, ModelMultipleChoiceFilter
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.relations import ManyRelatedField, PrimaryKeyRelatedField
from rest_framework.serializers import BaseSerializer, ModelSerializer
from rest_framework.test import APIClient
from rest_framework.views import APIView

import config.api_urls
from campaigns.roles import Role
from common.api.scoping import OrganizationRelated, OrganizationScoped
from tests.calling import ONE_OF_EACH, caller
from tests.factories.campaigns import (
    ContactFactory,
    MembershipFactory,
    OrganizationFactory,
    SubscriptionFactory,
    UserFactory,
)
from tests.factories.suppression import SuppressionFactory

# Views that show nothing of any organization.
PUBLIC = {
    SpectacularAPIView: "the description of the API, the same for everybody",
    SpectacularSwaggerView: "the page that shows the description",
}
# ID stands for the object that a query names.
QUERIES = {
    "suppressions/explain": "?email=foreign@example.com",
    "routing/explain": "?recipient=ID",
}
# Repeating these changes nothing, or makes what the caller can see and delete.
WITHOUT_IDEMPOTENCY_KEY = {
    "contacts", "lists", "segments", "templates", "domains", "identities", "campaigns", "pools",
    "transports", "ips", "suppressions", "segments/preview", "lists/ID/subscribe",
    "lists/ID/unsubscribe", "webhooks", "webhooks/ID/rotate-secret",
}  # fmt: skip


@dataclass(frozen=True)
class Endpoint:
    """A path with ID in place of ids, a method, and what answers it."""

    path: str
    method: str
    view: type
    action: str

    def __str__(self):
        return f"{self.method} {self.path}"

    def url(self, number, *, slash=""):
        """Return the address for the object with this id."""
        address = f"/api/{self.path}{slash}{QUERIES.get(self.path, '')}"
        return address.replace("ID", str(number))

    @property
    def noun(self):
        return self.path.partition("/")[0]

    @property
    def is_detail(self):
        return "ID" in self.url("ID")


def endpoints():
    """Return every endpoint once, under its spelling without a final slash."""
    return [
        Endpoint(path, method, pattern.callback.cls, action)
        for pattern, path in _routes()
        for method, action in _methods(pattern.callback)
        if not path.endswith("/")
    ]


def _routes():
    for pattern in config.api_urls.urlpatterns:
        assert isinstance(pattern, URLPattern), f"{pattern} includes routes nobody looks into"
        if hasattr(pattern.callback, "cls"):
            path = re.sub(r"\(\?P<\w+>[^)]*\)", "ID", str(pattern.pattern))
            yield pattern, path.lstrip("^").removesuffix("$").removesuffix("/?")


def _methods(callback):
    actions = getattr(callback, "actions", None)
    if actions is None:
        return [(method, "") for method in callback.cls().allowed_methods]
    return [(method.upper(), action) for method, action in actions.items()]


SCOPED = [endpoint for endpoint in endpoints() if endpoint.view not in PUBLIC]
DETAILS = [endpoint for endpoint in SCOPED if endpoint.is_detail]
LISTS = [e for e in SCOPED if not e.is_detail and e.method == "GET"]
WRITES = [endpoint for endpoint in SCOPED if endpoint.method != "GET"]
POSTS = [endpoint for endpoint in SCOPED if endpoint.method == "POST"]


def _each(cases):
    return pytest.mark.parametrize("endpoint", cases, ids=map(str, cases))


@dataclass(frozen=True)
class World:
    """An organization that has one of everything, and keys of its own and of another one."""

    ids: dict[str, int]
    viewer: APIClient
    stranger: APIClient


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """Return the world, made once in a transaction around all tests and rolled back after them."""
    with django_db_blocker.unblock(), transaction.atomic():
        organization = OrganizationFactory()
        ids = {noun: make(organization=organization).pk for noun, make in ONE_OF_EACH.items()}
        SuppressionFactory(organization=organization, email="foreign@example.com")
        SubscriptionFactory(
            contact__organization=organization, list=organization.lists.get(pk=ids["lists"])
        )
        viewer = caller(organization, Role.VIEWER)
        yield World(ids, viewer, caller(OrganizationFactory(), Role.ADMIN))
        transaction.set_rollback(True)


def _call(api, endpoint, number, **options):
    given = {"data": "{}", "content_type": "application/json"}
    return api.generic(endpoint.method, endpoint.url(number, **options), **given)


def _count(answer):
    """Return how many objects an answer shows."""
    if answer["Content-Type"].startswith("text/csv"):
        return b"".join(answer.streaming_content).count(b"\n") - 1
    body = answer.json()
    if "totals" in body:
        return body["totals"]["sent"]
    return len(body["rules"] if "rules" in body else body["results"])


class TestRoutes:
    def test_are_all_found(self):
        assert len(SCOPED) > 80
        assert {endpoint.noun for endpoint in SCOPED} == set(ONE_OF_EACH)

    @_each(SCOPED)
    def test_answer_with_and_without_a_slash(self, endpoint, world, db):
        bare = _call(world.viewer, endpoint, world.ids[endpoint.noun])
        slashed = _call(world.viewer, endpoint, world.ids[endpoint.noun], slash="/")

        assert bare.status_code == slashed.status_code
        assert bare.status_code in (200, 403)


class TestNobody:
    @_each(SCOPED)
    def test_gets_in_without_a_login(self, endpoint, world, db):
        answer = _call(APIClient(), endpoint, world.ids[endpoint.noun])

        assert answer.status_code == 401
        assert answer["WWW-Authenticate"] == "Token"
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["status"] == 401

    @pytest.mark.parametrize("key", ["", " x", " a b", " \xff", " " + "0" * 64])
    def test_gets_in_with_a_key_that_is_none(self, key, db):
        answer = APIClient().get("/api/contacts", headers={"Authorization": f"Token{key}"})

        assert answer.status_code == 401

    def test_gets_in_with_a_key_that_was_deleted(self, db):
        organization = OrganizationFactory()
        api = caller(organization)
        organization.api_keys.get().delete()

        assert api.get("/api/contacts").status_code == 401


class TestAnotherOrganization:
    @_each(DETAILS)
    def test_has_objects_that_do_not_exist_for_us(self, endpoint, world, db):
        answer = _call(world.stranger, endpoint, world.ids[endpoint.noun])

        assert answer.status_code == 404
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.content == _call(world.stranger, endpoint, 10**9).content

    @_each(LISTS)
    def test_has_nothing_in_our_lists(self, endpoint, world, db):
        assert _count(world.stranger.get(endpoint.url(0))) == 0

    @_each(LISTS)
    def test_sees_its_own(self, endpoint, world, db):
        assert _count(world.viewer.get(endpoint.url(0))) > 0


class TestViewer:
    @_each(WRITES)
    def test_changes_nothing(self, endpoint, world, db):
        answer = _call(world.viewer, endpoint, world.ids[endpoint.noun])

        assert answer.status_code == 403
        assert answer.json()["code"] == "permission_denied"


class TestSession:
    def test_of_a_member_works_for_their_organization(self, client, db):
        membership = MembershipFactory()
        contact = ContactFactory(organization=membership.organization)
        ContactFactory()
        client.force_login(membership.user)

        results = client.get("/api/contacts").json()["results"]

        assert [result["id"] for result in results] == [contact.pk]

    def test_of_somebody_without_an_organization_is_refused(self, client, db):
        OrganizationFactory()
        client.force_login(UserFactory())

        assert client.get("/api/contacts").status_code == 403

    def test_changes_nothing_without_the_csrf_token(self, db):
        membership = MembershipFactory(role=Role.ADMIN)
        browser = APIClient(enforce_csrf_checks=True)
        browser.force_login(membership.user)

        answer = browser.post("/api/contacts", {"email": "ada@example.com"})

        assert answer.status_code == 403
        assert answer["Content-Type"] == "application/problem+json"


class TestHouseRules:
    def test_every_view_is_scoped_to_an_organization(self):
        views = {endpoint.view for endpoint in endpoints()}

        unscoped = {view for view in views if not issubclass(view, OrganizationScoped)}

        assert all(issubclass(view, APIView) for view in views)
        assert unscoped == set(PUBLIC)

    @pytest.mark.parametrize("view", sorted({e.view for e in SCOPED}, key=str))
    def test_no_view_passes_its_scope_by(self, view):
        assert view.get_queryset is OrganizationScoped.get_queryset or (
            "super().get_queryset()" in inspect.getsource(view.get_queryset)
        )

    def test_every_reference_in_a_body_is_scoped(self):
        forms = [form for form in _all_below(BaseSerializer) if ".api" in form.__module__]

        for form in forms:
            for name, field in form().get_fields().items() if form is not ModelSerializer else ():
                inner = field.child_relation if isinstance(field, ManyRelatedField) else field
                if isinstance(inner, PrimaryKeyRelatedField) and not field.read_only:
                    assert isinstance(inner, OrganizationRelated), f"{form.__name__}.{name}"

    def test_no_filter_tells_which_ids_others_have(self):
        oracles = (ModelChoiceFilter, ModelMultipleChoiceFilter)

        for filters in _all_below(FilterSet):
            if ".api" in filters.__module__:
                for name, one in filters.base_filters.items():
                    assert not isinstance(one, oracles), f"{filters.__name__}.{name}"

    def test_every_post_that_starts_something_honours_an_idempotency_key(self):
        without = {
            endpoint.path
            for endpoint in POSTS
            if not getattr(
                getattr(endpoint.view, endpoint.action), "honours_idempotency_key", False
            )
        }

        assert without == WITHOUT_IDEMPOTENCY_KEY


def _all_below(base):
    for below in base.__subclasses__():
        yield below
        yield from _all_below(below)
