"""Organizations from the command line."""

import pytest
from django.core.management import CommandError, call_command

from campaigns.models import Organization

pytestmark = pytest.mark.django_db


class TestCreateOrganization:
    def test_prints_the_slug(self, capsys):
        call_command("create_organization", "Acme & Söhne", timezone="Europe/Berlin")

        organization = Organization.objects.get()
        assert capsys.readouterr().out == f"{organization.slug}\n"
        assert (organization.name, organization.slug) == ("Acme & Söhne", "acme-sohne")

    def test_says_what_is_wrong(self):
        call_command("create_organization", "Acme")

        with pytest.raises(CommandError, match="already"):
            call_command("create_organization", "Acme")
