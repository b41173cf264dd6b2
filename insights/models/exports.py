"""Files of messages that people had made."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from campaigns.models import Organization
from common.models import Timestamped


class ExportStatus(models.TextChoices):
    """Where an export is."""

    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    FINISHED = "finished", "Finished"
    FAILED = "failed", "Failed"
    EXPIRED = "expired", "Expired"  # its file was deleted


class ExportJob(Timestamped):
    """A file of the messages that meet what was asked. See `insights.operations.exports`.

    `byte_count` and `last_recipient_id` say how far the file is good: a run that dies is taken up
    from there.
    """

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="exports")
    filters = models.JSONField(default=dict, help_text="As `Criteria.as_json` gives them.")
    started_by = models.CharField(max_length=200)
    status = models.CharField(
        max_length=10, choices=ExportStatus.choices, default=ExportStatus.WAITING
    )
    failure = models.TextField(blank=True)
    total_count = models.PositiveIntegerField(null=True)
    row_count = models.PositiveIntegerField(default=0)
    byte_count = models.PositiveBigIntegerField(default=0)
    last_recipient_id = models.BigIntegerField(default=0)
    path = models.CharField(max_length=500, blank=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "export"
        indexes: ClassVar = [
            models.Index(fields=["organization", "-id"], name="export_newest_first"),
            models.Index(
                fields=["id"],
                name="export_unfinished",
                condition=models.Q(status__in=["waiting", "running"]),
            ),
        ]

    def __str__(self) -> str:
        return f"messages-{self.pk}.csv"

    @property
    def progress(self) -> float:
        """The share of the rows that is written, 0 to 1."""
        if self.status == ExportStatus.FINISHED:
            return 1.0
        return min(self.row_count / self.total_count, 1.0) if self.total_count else 0.0

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to it by itself, but that its file is deleted."""
        return self.status not in (ExportStatus.WAITING, ExportStatus.RUNNING)
