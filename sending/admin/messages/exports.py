"""Files of messages: started from the search, followed, downloaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

import insights.operations.exports
import insights.queries.exports
import sending.tasks
from campaigns.roles import Role
from common.admin import moment, organization_of, pill
from common.admin.scoping import may
from common.api.csv_answers import MEDIA_TYPE
from insights.criteria import Criteria
from insights.models import ExportJob, ExportStatus
from sending.admin.messages.asked import asked_of
from sending.admin.messages.words import asked_in_words

SHOWN: Final = 5
POLL_SECONDS: Final = 1
EXPORT_WORDS: Final = {
    ExportStatus.WAITING: ("Waiting", "neutral"),
    ExportStatus.RUNNING: ("Being written", "active"),
    ExportStatus.FINISHED: ("Ready", "good"),
    ExportStatus.FAILED: ("Failed", "bad"),
    ExportStatus.EXPIRED: ("Deleted", "neutral"),
}


@dataclass(frozen=True, slots=True)
class ShownExport:
    """An export as people see it."""

    job: ExportJob
    state: SafeString
    asked: str
    percent: str
    when: SafeString
    until: SafeString | None
    file_url: str


def panel(request: HttpRequest) -> HttpResponse:
    """Answer with the newest exports and how far they are."""
    return render(request, "sending/messages/exports.html", context_of(request))


def start(request: HttpRequest) -> HttpResponse:
    """Have a file made of what is asked, and answer with the exports."""
    if not may(request, Role.EDITOR):
        raise PermissionDenied
    job = insights.operations.exports.create_export(
        organization_of(request),
        criteria=asked_of(request.GET).criteria,
        started_by=request.user.get_username(),
        now=timezone.now(),
    )
    task: Any = sending.tasks.run_export  # its types do not know Celery's Django side
    task.delay_on_commit(job_id=job.pk)
    if getattr(request, "htmx", False):
        return panel(request)
    return HttpResponseRedirect(reverse("admin:insights_messages"))


def file(request: HttpRequest, export_id: int) -> FileResponse:
    """Answer with the file of an export."""
    job = get_object_or_404(ExportJob, pk=export_id, organization=organization_of(request))
    path = insights.queries.exports.file_of(job)
    if path is None:
        raise Http404("There is no such file any more.")
    return FileResponse(
        path.open("rb"), as_attachment=True, filename=str(job), content_type=MEDIA_TYPE
    )


def context_of(request: HttpRequest) -> dict[str, Any]:
    """Return what the list of exports shows."""
    jobs = insights.queries.exports.recent(organization_of(request).pk, limit=SHOWN)
    return {
        "exports": [_shown(job) for job in jobs],
        "polling": any(not job.ended for job in jobs),
        "poll_seconds": POLL_SECONDS,
    }


def _shown(job: ExportJob) -> ShownExport:
    written = insights.queries.exports.file_of(job) is not None
    return ShownExport(
        job=job,
        state=pill(*EXPORT_WORDS[ExportStatus(job.status)]),
        asked=asked_in_words(Criteria.from_json(job.filters)),
        percent=f"{100 * job.progress:.0f}",
        when=moment(job.created_at),
        until=moment(job.expires_at) if written else None,
        file_url=reverse("admin:insights_export_file", args=[job.pk]) if written else "",
    )
