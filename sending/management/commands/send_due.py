"""Send what is due without Celery: for a single machine, a test or an emergency."""

from __future__ import annotations

import time
from typing import Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

import campaigns.queries.ledger
import sending.operations.lifecycle
import sending.pipeline.recovery
from sending.pipeline import run_campaign
from sending.tasks import CLOCK

PAUSE_SECONDS = 1.0


class Command(BaseCommand):
    """`manage.py send_due`."""

    help = "Prepare and send every campaign that is due, in this process, until nothing is due."
    # Of the settings; the checks of routes and pages would load all of them.
    requires_system_checks = (Tags.compatibility, Tags.security)

    def add_arguments(self, parser: CommandParser) -> None:
        """Take whether to stay for work that comes later."""
        parser.add_argument("--stay", action="store_true", help="Go on waiting for new work.")

    def handle(self, **options: Any) -> None:
        """Work until nothing is due, or for good."""
        while True:
            worked = self._turn()
            if not worked and not options["stay"]:
                return
            if not worked:
                time.sleep(PAUSE_SECONDS)

    def _turn(self) -> bool:
        now = timezone.now()
        sending.pipeline.recovery.recover(now=now)
        waiting = sending.operations.lifecycle.start_scheduled(now=now)
        for campaign_id in waiting:
            sending.operations.lifecycle.prepare(campaign_id, now=now)
        sent = 0
        for campaign in campaigns.queries.ledger.due_campaigns(now=timezone.now()):
            report = run_campaign(campaign.pk, clock=CLOCK)
            sent += report.handed_over
            problem = f"; {report.problem}" if report.problem else ""
            self.stdout.write(f"{campaign}: {report.handed_over:,} handed over{problem}")
        ended = sending.operations.lifecycle.end_finished(now=timezone.now())
        return bool(waiting or sent or ended)
