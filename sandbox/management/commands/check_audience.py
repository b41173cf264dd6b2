"""Hold what the audience did against what the product counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from campaigns.models import Campaign
from sandbox.audience.diary import entries
from sandbox.queries.audience import compared


class Command(BaseCommand):
    """`manage.py check_audience CAMPAIGN_ID [--diary FILE]`."""

    help = (
        "Print what the sandbox's audience did about a campaign beside what was counted, and fail "
        "where the two differ."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the campaign and the diary."""
        parser.add_argument("campaign_id", type=int)
        parser.add_argument("--diary", default=".data/sandbox/audience.jsonl", metavar="FILE")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the figures; fail where they differ."""
        campaign = Campaign.objects.filter(pk=options["campaign_id"]).first()
        diary = Path(options["diary"])
        if campaign is None:
            raise CommandError(f"There is no campaign {options['campaign_id']}.")
        if not diary.exists():
            raise CommandError(f"There is no diary at {diary}.")
        figures = compared(campaign, entries(diary))
        self.stdout.write(f"{'':<16}{'done':>9}{'counted':>9}")
        for figure in figures:
            mark = "" if figure.agrees else "  differs"
            self.stdout.write(f"{figure.name:<16}{figure.told:>9,}{figure.counted:>9,}{mark}")
        differing = [figure.name for figure in figures if not figure.agrees]
        if differing:
            raise CommandError(f"Not the same: {', '.join(differing)}.")
