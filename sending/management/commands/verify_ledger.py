"""Prove that a campaign's ledger is right."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from campaigns.models import Campaign
from sending.queries.verification import verify


class Command(BaseCommand):
    """`manage.py verify_ledger CAMPAIGN`."""

    help = "Check that every contact is in a campaign once, states add up and events agree."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the number of a campaign, or none for all."""
        parser.add_argument("campaign", type=int, nargs="?", help="Its number; all when left out.")

    def handle(self, **options: Any) -> None:
        """Print each campaign's counts; fail when something contradicts them."""
        chosen = Campaign.objects.order_by("pk")
        if options["campaign"] is not None:
            chosen = chosen.filter(pk=options["campaign"])
            if not chosen.exists():
                raise CommandError(f"There is no campaign {options['campaign']}.")
        broken = [campaign.pk for campaign in chosen if not self._print(campaign)]
        if broken:
            raise CommandError(f"The ledger does not hold for campaign {broken}.")

    def _print(self, campaign: Campaign) -> bool:
        report = verify(campaign)
        counts = ", ".join(f"{n:,} {state}" for state, n in report.counts.items() if n) or "empty"
        total = sum(report.counts.values())
        self.stdout.write(f"campaign {campaign.pk} ({campaign.state}): {total:,} rows: {counts}")
        for name, count in report.contradictions.items():
            self.stdout.write(self.style.ERROR(f"  {name}: {count:,}"))
        if report.holds:
            self.stdout.write(self.style.SUCCESS("  holds: everybody once, events agree"))
        return report.holds
