"""Compares the hourly counts with the events, and makes them anew."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

import insights.operations.comparison
import insights.operations.rollups
from campaigns.models import Organization
from insights.queries.keeping import kept_since
from insights.queries.recount import Difference, campaign_ids, compare, counted_before

SHOWN: Final = 20  # differences; more of them say nothing new


class Command(BaseCommand):
    """`manage.py rebuild_rollups [--check] [--campaign N] [--org SLUG]`."""

    help = "Make the hourly counts of campaigns anew from their events and the ledger."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take which campaigns, and whether to look only."""
        parser.add_argument("--check", action="store_true", help="Only compare; change nothing.")
        parser.add_argument("--campaign", type=int, help="Its number; all when left out.")
        parser.add_argument("--org", help="The slug of an organization; all when left out.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what differs; rebuild, or with --check fail when something does."""
        organization_id = _organization_id(options["org"])
        chosen = campaign_ids(organization_id=organization_id, campaign_id=options["campaign"])
        if options["campaign"] is not None and not chosen:
            raise CommandError(f"There is no campaign {options['campaign']}.")
        self._print_kept(chosen)
        differences = compare(chosen)
        self._print(differences)
        if not options["check"]:
            rows = insights.operations.rollups.rebuild(chosen)
            self.stdout.write(f"{rows:,} rows rebuilt for {len(chosen):,} campaigns")
            insights.operations.comparison.compare_recent(
                now=timezone.now(), organization_id=organization_id
            )
        elif differences:
            raise CommandError(f"{len(differences):,} counts differ from the events.")

    def _print_kept(self, chosen: list[int]) -> None:
        kept = kept_since()
        if kept and (older := counted_before(chosen, kept)):
            self.stdout.write(
                f"{len(older):,} campaigns have counts from before {kept:%Y-%m-%d}: those stay as"
                " they are, their events are no longer kept"
            )

    def _print(self, differences: list[Difference]) -> None:
        for one in differences[:SHOWN]:
            self.stdout.write(str(one))
        if len(differences) > SHOWN:
            self.stdout.write(f"and {len(differences) - SHOWN:,} more")
        if not differences:
            self.stdout.write(self.style.SUCCESS("the counts agree with the events"))


def _organization_id(slug: str | None) -> int | None:
    if slug is None:
        return None
    organization = Organization.objects.filter(slug=slug).first()
    if organization is None:
        raise CommandError(f"There is no organization {slug}.")
    return organization.pk
