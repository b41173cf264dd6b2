"""Typed view of the settings of the send path; with common/conf.py their only reader."""

from __future__ import annotations

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
