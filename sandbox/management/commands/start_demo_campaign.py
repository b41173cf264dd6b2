"""Start the demo's campaign."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

import campaigns.queries.ledger
from campaigns.models import Campaign
from campaigns.states import RUNNING, CampaignState
from common.errors import DomainError
from sandbox.operations.starting import ready_campaign, start_once

POLL_SECONDS = 0.5
DEFAULT_WAIT_SECONDS = 600


class Command(BaseCommand):
    """Starts the demo's ready campaign; run again, it says that it was started already."""

    help = "Start the demo's ready campaign, once. Workers and beat send it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take --wait and --timeout."""
        parser.add_argument("--wait", action="store_true", help="until it ends, then print counts")
        parser.add_argument(
            "--timeout",
            type=int,
            default=DEFAULT_WAIT_SECONDS,
            metavar="SECONDS",
            help="how long --wait waits at the most",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Start it and say so."""
        campaign = ready_campaign()
        if campaign is None:
            self.stdout.write("The demo's ready campaign is not there any more: nothing to start.")
            return
        self._start(campaign)
        if options["wait"]:
            self._wait(campaign, seconds=options["timeout"])

    def _start(self, campaign: Campaign) -> None:
        try:
            started = start_once(campaign, now=timezone.now())
        except DomainError as error:
            raise CommandError(error.message) from error
        campaign.refresh_from_db()
        already = f"{campaign.name} was started already; it is {campaign.state}."
        self.stdout.write(f"{campaign.name} was started." if started else already)

    def _wait(self, campaign: Campaign, *, seconds: int) -> None:
        deadline = time.monotonic() + seconds
        while CampaignState(campaign.state) in RUNNING and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
            campaign.refresh_from_db()
        counts = campaigns.queries.ledger.state_counts(campaign.pk)
        shown = ", ".join(f"{count:,} {state}" for state, count in counts.items() if count)
        self.stdout.write(f"{campaign.name} is {campaign.state}: {shown or 'nobody in it'}.")
        if CampaignState(campaign.state) in RUNNING:
            raise CommandError(f"It did not end within {seconds} seconds.")
