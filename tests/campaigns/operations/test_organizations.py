"""Organizations and the keys to their API."""

import pytest
from rest_framework.test import APIRequestFactory

from campaigns.access import ApiKeyAuthentication
from campaigns.models import ApiKey, Membership, Organization
from campaigns.operations.organizations import create_api_key, create_organization
from campaigns.roles import Role
from common.errors import DomainError
from tests.factories.campaigns import OrganizationFactory

pytestmark = pytest.mark.django_db


class TestCreateOrganization:
    def test_makes_one(self):
        made = create_organization(name="Acme", slug="acme", timezone="Europe/Berlin")

        assert made == Organization.objects.get(slug="acme")
        assert str(Organization.objects.get().timezone) == "Europe/Berlin"

    @pytest.mark.parametrize(
        ("slug", "timezone", "code", "field"),
        [
            ("acme", "UTC", "slug_taken", "slug"),
            ("Ac me", "UTC", "slug_invalid", "slug"),
            ("", "UTC", "slug_invalid", "slug"),
            ("other", "Nowhere", "timezone_unknown", "timezone"),
        ],
    )
    def test_names_what_is_wrong(self, slug, timezone, code, field):
        OrganizationFactory(slug="acme")

        with pytest.raises(DomainError) as caught:
            create_organization(name="Acme", slug=slug, timezone=timezone)

        assert (caught.value.code, caught.value.extra) == (code, {"field": field})
        assert Organization.objects.count() == 1


class TestCreateApiKey:
    def authenticated(self, secret):
        """Return user and key of a request that carries a key."""
        request = APIRequestFactory().get("/", headers={"Authorization": f"Token {secret}"})
        return ApiKeyAuthentication().authenticate(request)

    def test_opens_its_organization_in_its_role(self):
        organization = OrganizationFactory()
        key, secret = create_api_key(organization, role=Role.EDITOR, name="shop")

        user, found = self.authenticated(secret)

        assert found == key
        assert (found.organization, found.role, found.name) == (organization, "editor", "shop")
        assert not user.has_usable_password()
        assert not user.is_staff

    def test_is_not_stored_readably(self):
        key, secret = create_api_key(OrganizationFactory(), role=Role.VIEWER, name="shop")

        stored = ApiKey.objects.filter(pk=key.pk).values().get()
        assert secret not in map(str, stored.values())

    def test_has_a_holder_of_its_own_who_is_a_member_of_nothing(self):
        organization = OrganizationFactory()
        first, _ = create_api_key(organization, role=Role.ADMIN, name="a")
        second, _ = create_api_key(organization, role=Role.ADMIN, name="b")

        assert first.user != second.user
        assert not Membership.objects.exists()

    def test_is_worth_nothing_once_it_is_deleted(self):
        key, secret = create_api_key(OrganizationFactory(), role=Role.ADMIN, name="a")
        key.delete()

        with pytest.raises(Exception, match="Invalid token"):
            self.authenticated(secret)
