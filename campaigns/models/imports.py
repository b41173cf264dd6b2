"""Imports of contacts and what they refused."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from campaigns.models.contact import ContactList
from campaigns.models.organization import Organization
from common.models import Timestamped


class ImportStatus(models.TextChoices):
    """Where an import is."""

    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    FINISHED = "finished", "Finished"
    FAILED = "failed", "Failed"


class ImportJob(Timestamped):
    """One file of contacts. Changed only through `campaigns.operations.imports`."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="imports")
    list = models.ForeignKey(
        ContactList, models.CASCADE, null=True, blank=True, related_name="imports"
    )
    file_name = models.CharField(max_length=255, help_text="As the person called it.")
    path = models.CharField(max_length=500, editable=False)
    mapping = models.JSONField(default=dict, blank=True)
    dry_run = models.BooleanField(default=False)
    status = models.CharField(
        max_length=10, choices=ImportStatus.choices, default=ImportStatus.WAITING
    )
    failure = models.TextField(blank=True)
    progress = models.FloatField(default=0.0, help_text="Share of the file that was read, 0 to 1.")
    row_count = models.PositiveIntegerField(default=0)
    created_count = models.PositiveIntegerField(default=0)
    updated_count = models.PositiveIntegerField(default=0)
    skipped_count = models.PositiveIntegerField(default=0)
    refused_count = models.PositiveIntegerField(default=0)
    started_by = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = "import"

    def __str__(self) -> str:
        return self.file_name


class ImportRefusal(models.Model):
    """A row that did not go in, or did not change a subscription, and why."""

    job = models.ForeignKey(ImportJob, models.CASCADE, related_name="refusals")
    row_number = models.PositiveIntegerField()
    code = models.CharField(max_length=50)
    reason = models.TextField()
    excerpt = models.TextField(blank=True)
    skipped = models.BooleanField(default=False)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["job", "row_number"], name="refusal_by_row")]

    def __str__(self) -> str:
        return f"row {self.row_number}: {self.reason}"
