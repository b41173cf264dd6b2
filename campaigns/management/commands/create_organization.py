"""Founds an organization from the command line."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.text import slugify

import campaigns.operations.organizations
from common.errors import DomainError


class Command(BaseCommand):
    """Makes an organization."""

    help = "Make an organization. People join it in the admin."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the name and what may follow from it."""
        parser.add_argument("name")
        parser.add_argument("--slug", default="", help="made from the name unless given")
        parser.add_argument("--timezone", default="UTC", help="such as Europe/Berlin")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it and print its slug, which other commands take."""
        slug = options["slug"] or slugify(options["name"])[:50]
        try:
            organization = campaigns.operations.organizations.create_organization(
                name=options["name"], slug=slug, timezone=options["timezone"]
            )
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(organization.slug)
