"""Makes an API key from the command line."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

import campaigns.operations.organizations
from campaigns.models import Organization
from campaigns.roles import Role


class Command(BaseCommand):
    """Prints a new key; it cannot be shown again."""

    help = "Make an API key for an organization. It is printed once and cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the organization, the role and a name."""
        parser.add_argument("--org", required=True, metavar="SLUG", help="slug of the organization")
        parser.add_argument("--role", required=True, choices=[role.value for role in Role])
        parser.add_argument("--name", default="command line", help="what will use the key")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the key and print it, alone on its line."""
        slug = options["org"]
        organization = Organization.objects.filter(slug=slug).first()
        if organization is None:
            known = ", ".join(Organization.objects.order_by("slug").values_list("slug", flat=True))
            raise CommandError(f'There is no organization "{slug}". There are: {known or "none"}.')
        _, secret = campaigns.operations.organizations.create_api_key(
            organization, role=Role(options["role"]), name=options["name"]
        )
        self.stdout.write(secret)
