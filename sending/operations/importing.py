"""Imports, with what campaigns may not know itself: who is suppressed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import campaigns.operations.imports
import suppression.queries
from campaigns.models import ImportJob, Stream


def run(job_id: int, *, now: datetime) -> None:
    """Bring in the contacts of an import job; suppressed people are not subscribed again."""
    organization_id, list_id = ImportJob.objects.values_list("organization", "list").get(pk=job_id)

    def suppressed_among(email_keys: Sequence[str]) -> Mapping[str, str]:
        return suppression.queries.suppressed_among(
            email_keys,
            organization_id=organization_id,
            stream=Stream.MARKETING,
            now=now,
            list_ids={key: [list_id] for key in email_keys} if list_id else None,
        )

    campaigns.operations.imports.run_import(job_id, suppressed_among=suppressed_among, now=now)
