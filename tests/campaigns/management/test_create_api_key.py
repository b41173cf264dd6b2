"""Keys from the command line."""

import pytest
from django.core.management import CommandError, call_command

from campaigns.models import ApiKey
from tests.factories.campaigns import OrganizationFactory

pytestmark = pytest.mark.django_db


class TestCreateApiKey:
    def test_prints_the_key_and_nothing_else(self, capsys):
        OrganizationFactory(slug="acme")

        call_command("create_api_key", org="acme", role="operator", name="shop")

        (secret,) = capsys.readouterr().out.splitlines()
        key = ApiKey.objects.get()
        assert secret.startswith(key.token_key)
        assert (key.organization.slug, key.role, key.name) == ("acme", "operator", "shop")

    def test_names_the_organizations_that_there_are(self):
        OrganizationFactory(slug="acme")
        OrganizationFactory(slug="beta")

        with pytest.raises(CommandError, match="There are: acme, beta"):
            call_command("create_api_key", org="gamma", role="viewer")

    def test_refuses_a_role_that_there_is_not(self):
        OrganizationFactory(slug="acme")

        with pytest.raises(CommandError, match="invalid choice"):
            call_command("create_api_key", "--org=acme", "--role=king")
