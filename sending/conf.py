"""Typed view of the settings of the send path; with common/conf.py their only reader."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings


def batch_size() -> int:
    """Return how many recipients one claim takes at the most."""
    return int(settings.MAILWRIGHT["BATCH_SIZE"])


def lease() -> timedelta:
    """Return how long a claim holds without being renewed."""
    return timedelta(seconds=settings.MAILWRIGHT["LEASE_SECONDS"])


def task_time() -> timedelta:
    """Return how long one send task works before it lets others have its place."""
    return timedelta(seconds=settings.MAILWRIGHT["TASK_SECONDS"])


def journal_directory() -> Path:
    """Return the folder of the send journals; on a disk of this machine, one a machine."""
    return Path(settings.MAILWRIGHT["JOURNAL_DIR"])


def import_directory() -> Path:
    """Return the folder where uploaded contact files wait; shared by web and workers."""
    return Path(settings.MAILWRIGHT["IMPORT_DIR"])


def inbox_retention() -> timedelta:
    """Return how long what was reported and recorded is kept as it came in."""
    return timedelta(days=settings.MAILWRIGHT["INBOX_DAYS"])


def problem_retention() -> timedelta:
    """Return how long what could not be read or attributed is kept."""
    return timedelta(days=settings.MAILWRIGHT["INBOX_PROBLEM_DAYS"])


@dataclass(frozen=True, slots=True)
class Door:
    """Where mail is taken: at a socket file if there is one, else at host and port."""

    host: str = "127.0.0.1"
    port: int = 8025
    socket: str = ""
    lmtp: bool = False
    name: str = ""  # said in the greeting; empty: this machine's
    certificate: str = ""  # PEM file; empty: no STARTTLS
    private_key: str = ""  # PEM file; empty: it is in that of the certificate


def door() -> Door:
    """Return where `listen_mail` listens unless it is told otherwise."""
    given = settings.MAILWRIGHT
    return Door(
        host=given["LISTEN_HOST"],
        port=given["LISTEN_PORT"],
        socket=given["LISTEN_SOCKET"],
        name=given["LISTEN_NAME"],
        certificate=given["LISTEN_CERTIFICATE"],
        private_key=given["LISTEN_PRIVATE_KEY"],
    )


def export_directory() -> Path:
    """Return the folder where files wait that people had made; shared by web and workers."""
    return Path(settings.MAILWRIGHT["EXPORT_DIR"])


def event_months() -> int:
    """Return how many whole months of events are kept besides the present one; 0 keeps all."""
    return int(settings.MAILWRIGHT["EVENT_MONTHS"])
