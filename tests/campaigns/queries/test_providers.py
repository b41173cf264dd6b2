"""Which providers and gateways the contacts of an organization have."""

import pytest

from campaigns.queries.providers import gateways_of, providers_of
from tests.factories.campaigns import ContactFactory, OrganizationFactory

pytestmark = pytest.mark.django_db


class TestValues:
    def test_are_those_of_the_organization_each_once(self, django_assert_num_queries):
        organization = OrganizationFactory()
        for provider, gateway in [("yahoo", ""), ("gmail", "cisco"), ("gmail", "barracuda")]:
            ContactFactory(organization=organization, provider=provider, gateway=gateway)
        ContactFactory(provider="apple", gateway="mimecast")

        with django_assert_num_queries(2):
            found = providers_of(organization.pk), gateways_of(organization.pk)

        assert found == (["gmail", "yahoo"], ["barracuda", "cisco"])

    def test_are_none_without_contacts(self):
        organization = OrganizationFactory()

        assert (providers_of(organization.pk), gateways_of(organization.pk)) == ([], [])
