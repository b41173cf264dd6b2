"""Imports, with what campaigns may not know itself: who is suppressed."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from datetime import datetime

import campaigns.operations.imports
import suppression.queries
from campaigns.models import ImportJob, Stream


def run(job_id: int, *, now: datetime) -> None:
    """Bring in the contacts of an import job; suppressed people are not subscribed again."""
    organization_id = ImportJob.objects.values_list("organization", flat=True).get(pk=job_id)
    campaigns.operations.imports.run_import(
        job_id,
        suppressed_among=functools.partial(_suppressed, organization_id=organization_id, now=now),
        now=now,
    )


def _suppressed(
    email_keys: Sequence[str], *, organization_id: int, now: datetime
) -> Mapping[str, str]:
    return suppression.queries.suppressed_among(
        email_keys,
        organization_id=organization_id,
        stream=Stream.MARKETING,
        now=now,
        list_ids=None,
    )
