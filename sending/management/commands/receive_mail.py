"""Takes a mail from the pipe of a mail server into the inbox."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError
from django.utils import timezone

import insights.operations.inbox
from campaigns.models import Organization
from insights.events import Source

# What a mail server makes of the end of a pipe: sysexits.h.
DATA_ERROR = os.EX_DATAERR  # returned to whoever sent it
NO_SUCH_ORGANIZATION = os.EX_NOUSER
TRY_AGAIN = os.EX_TEMPFAIL  # kept in the queue and tried again


class Command(BaseCommand):
    """Stores one mail that is on standard input."""

    help = "Take one mail from standard input into the inbox, such as from a pipe of Postfix."
    requires_system_checks: list[str] = []  # a mail server starts this for every mail

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the organization and whom the mail came to."""
        parser.add_argument("--org", required=True, metavar="SLUG", help="slug of the organization")
        parser.add_argument("--to", default="", help="address that the mail was delivered to")

    def handle(self, *args: Any, **options: Any) -> None:
        """Store the mail; while the database cannot be reached, ask to be called again."""
        body = sys.stdin.buffer.read()
        if not body:
            raise CommandError("There is no mail on standard input.", returncode=DATA_ERROR)
        try:
            self._store(body, slug=options["org"], envelope_to=options["to"])
        except OperationalError as error:
            message = f"The database cannot be reached, try again: {error}"
            raise CommandError(message, returncode=TRY_AGAIN) from error

    def _store(self, body: bytes, *, slug: str, envelope_to: str) -> None:
        organization = Organization.objects.filter(slug=slug).first()
        if organization is None:
            raise CommandError(
                f'There is no organization "{slug}".', returncode=NO_SUCH_ORGANIZATION
            )
        insights.operations.inbox.store(
            organization.pk,
            source=Source.MAIL,
            body=body,
            envelope_to=envelope_to,
            now=timezone.now(),
        )
