"""Load the demo organization."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from common.errors import DomainError
from sandbox import conf
from sandbox.operations.loading import load_demo

DECLINED_CODE = 3  # nothing went wrong: the demo does not belong into this database


class Command(BaseCommand):
    """Loads the demo organization; run again, it changes nothing but the login's password."""

    help = (
        "Load the demo organization with 2,000 made-up contacts. "
        "The password of its login comes from MAILWRIGHT_DEMO_PASSWORD."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take --force and --no-past."""
        parser.add_argument(
            "--force", action="store_true", help="also into a database with other organizations"
        )
        parser.add_argument(
            "--no-past", action="store_true", help="without the campaigns of the last days"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Load it and say what is there."""
        try:
            loaded = load_demo(
                password=conf.demo_password(),
                port=conf.sandbox_port(),
                inbox_key=conf.demo_inbox_key(),
                now=timezone.now(),
                force=options["force"],
                with_past=not options["no_past"],
            )
        except DomainError as error:
            declined = DECLINED_CODE if error.code == "not_a_demo" else 1
            raise CommandError(error.message, returncode=declined) from error
        done = (
            "Loaded the demo organization" if loaded.created else "The demo organization is there"
        )
        self.stdout.write(f"{done}: {loaded.contact_count:,} contacts.")
