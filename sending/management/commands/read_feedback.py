"""Show what mails say: bounces, complaints, automatic and personal answers, unsubscribes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from insights.providers.base import storable
from insights.providers.mail.reader import read_mail
from insights.providers.mail.reading import Finding, MailKind, Reading


class Command(BaseCommand):
    """`manage.py read_feedback FILE...`."""

    help = (
        "Print what bounce and complaint mails say, one JSON object a line and recipient. "
        "Reads files, changes nothing."
    )
    requires_system_checks: tuple[str, ...] = ()  # needs no database, secret or other setting

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the files and how to print."""
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="One mail each.")
        parser.add_argument("--pretty", action="store_true", help="For people: one field a line.")

    def handle(self, *, files: list[Path], pretty: bool, **_: Any) -> None:
        """Print the findings of every file."""
        for file in files:
            try:
                raw = file.read_bytes()
            except OSError as error:
                raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
            reading = read_mail(raw, received_at=timezone.now())
            for row in _rows(str(file), reading):
                self.stdout.write(
                    json.dumps(row, ensure_ascii=not pretty, indent=2 if pretty else None)
                )


def _rows(file: str, reading: Reading) -> list[dict[str, object]]:
    findings = reading.findings or (Finding(MailKind.NONE),)
    return [_row(file, finding, reading) for finding in findings]


def _row(file: str, finding: Finding, reading: Reading) -> dict[str, object]:
    """Return one finding; a delay is a bounce that is not final, and has no class."""
    delayed = finding.kind is MailKind.DELAYED
    row = {
        "file": file,
        "kind": MailKind.BOUNCE if delayed else finding.kind,
        "recipient": finding.recipient,
        "bounce_class": finding.bounce_class,
        "status": finding.status,
        "action": finding.action,
        "smtp_code": finding.smtp_code,
        "diagnostic": finding.diagnostic,
        "remote_host": finding.remote_host,
        "feedback_type": finding.feedback_type,
        "return_path": reading.references.return_path,
        "message_id": reading.references.message_id,
    }
    return {
        name: storable(value) if isinstance(value, str) else value for name, value in row.items()
    }
