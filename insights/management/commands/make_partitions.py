"""Makes the monthly partitions of the event table from the command line."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

import insights.operations.partitions


class Command(BaseCommand):
    """Makes partitions; beat does the same once a day."""

    help = "Make the partitions of the event table for this month and the coming ones."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take how far to look ahead."""
        parser.add_argument("--months-ahead", type=int, default=3)

    def handle(self, *args: Any, **options: Any) -> None:
        """Make them and print the names of the new ones."""
        made = insights.operations.partitions.make_partitions(
            now=timezone.now(), months_ahead=options["months_ahead"]
        )
        self.stdout.write("\n".join(made) or "Every partition is there.")
