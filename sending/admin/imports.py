"""Imports of contacts: a file comes in, its columns are understood, its rows go in."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

import campaigns.operations.imports
import campaigns.operations.lists
import campaigns.queries.imports
import sending.tasks
from campaigns.models import ContactList, ImportJob, ImportStatus
from campaigns.roles import Role
from common.admin import OrganizationScopedAdmin, count, moment, organization_of, pill, require_role
from common.errors import DomainError
from sending.admin.upload import UploadForm, created, mapping_context
from sending.admin.words import import_pill

SHOWN_REFUSALS = 100
POLL_SECONDS = 1
RESULT_KINDS = {"refused": ("Refused", "bad"), "skipped": ("Skipped", "neutral")}
NOTE_KIND = ("Went in, but", "warning")


@admin.register(ImportJob)
class ImportJobAdmin(OrganizationScopedAdmin):
    """Imports: each can be left while it runs, and found again."""

    empty_icon = "upload_file"
    empty_title = "No imports yet"
    empty_text = (
        "Bring in contacts from a CSV or Excel file. Broken rows are named, the rest goes in."
    )
    add_words = "Import contacts"
    list_display = ("file_name", "status_shown", "list", "went_in", "refused", "by", "when")
    list_filter = ("status",)
    list_select_related = ("list",)
    search_fields = ("file_name",)
    search_help_text = "Search by the name of the file"
    ordering = ("-created_at",)

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Refuse: an import is run, not edited."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Refuse: it is the record of where contacts came from."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """Return the routes, with the steps of an import."""
        wrap = self.admin_site.admin_view
        name = "campaigns_importjob"
        return [
            path("inspect/", wrap(require_POST(self.inspect)), name=f"{name}_inspect"),
            path("<path:object_id>/progress/", wrap(self.progress), name=f"{name}_progress"),
            path("<path:object_id>/report/", wrap(self.report), name=f"{name}_report"),
            path("<path:object_id>/run/", wrap(require_POST(self.run)), name=f"{name}_run"),
            *super().get_urls(),
        ]

    @require_role(Role.EDITOR)
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask for a file (GET), or take it in (POST) and go on to the page of the import."""
        if request.method == "POST":
            return self._take(request)
        lists = ContactList.objects.filter(organization=organization_of(request))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Import contacts",
            "lists": lists.order_by("name"),
            "chosen_list": request.GET.get("list", ""),
        }
        return render(request, "sending/import/add.html", context)

    @require_role(Role.EDITOR)
    def inspect(self, request: HttpRequest) -> HttpResponse:
        """Answer with the columns of the chosen file, what they are taken for, and a few rows."""
        upload = request.FILES.get("file")
        if not isinstance(upload, UploadedFile):
            return render(request, "sending/import/mapping.html", {"mistake": "Choose a file."})
        try:
            found = campaigns.queries.imports.preview(upload)  # type: ignore[arg-type]  # a file
        except DomainError as refused:
            return render(request, "sending/import/mapping.html", {"mistake": refused.message})
        return render(request, "sending/import/mapping.html", mapping_context(found))

    def _take(self, request: HttpRequest) -> HttpResponse:
        form = UploadForm(request.POST, request.FILES)
        if not form.is_valid():
            return _refused(request, " ".join(str(error[0]) for error in form.errors.values()))
        try:
            job = created(request, form.cleaned_data)
        except DomainError as refused:
            return _refused(request, refused.message)
        run_soon(job)
        url = reverse("admin:campaigns_importjob_change", args=[job.pk])
        if getattr(request, "htmx", False):
            return HttpResponse(headers={"HX-Redirect": url})
        return HttpResponseRedirect(url)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Answer with how far an import is and what it refused."""
        if request.method == "POST":
            raise PermissionDenied
        job = self.get_object(request, object_id) if self.has_view_permission(request) else None
        if job is None:
            return super().change_view(request, object_id, form_url, extra_context)  # type: ignore[no-any-return]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": job,
            "title": "Imports",
            "subtitle": job.file_name,
            "may_run": self.may(request, Role.EDITOR),
            **_progress_context(job),
        }
        return render(request, "sending/import/job.html", context)

    @require_role(Role.VIEWER)
    def progress(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Answer with how far it is; once it has ended, the page is loaded anew."""
        context = _progress_context(self.scoped_object(request, object_id))
        response = render(request, "sending/import/progress.html", context)
        if context["progress"].ended:
            response["HX-Refresh"] = "true"
        return response

    @require_role(Role.VIEWER)
    def report(self, request: HttpRequest, object_id: str) -> StreamingHttpResponse:
        """Answer with the rows that did not go in, as a file for a spreadsheet program."""
        job = self.scoped_object(request, object_id)
        lines = campaigns.queries.imports.refusal_report(job)
        return StreamingHttpResponse(
            lines,
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="import-{job.pk}-report.csv"'},
        )

    @require_role(Role.EDITOR)
    def run(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Run a trial again in earnest, or a failed import once more."""
        job = self.scoped_object(request, object_id)
        try:
            campaigns.operations.imports.rerun_import(job, dry_run=False)
        except DomainError as refused:
            messages.error(request, refused.message)
        else:
            run_soon(job)
        return HttpResponseRedirect(reverse("admin:campaigns_importjob_change", args=[job.pk]))

    @admin.display(description="Status", ordering="status")
    def status_shown(self, job: ImportJob) -> SafeString:
        """Return the status, and whether it was a trial."""
        trial = pill("Trial", "info") if job.dry_run else ""
        return SafeString(f"{import_pill(job.status)} {trial}")

    @admin.display(description="Went in", ordering="created_count")
    def went_in(self, job: ImportJob) -> SafeString:
        """Return how many contacts were made or changed."""
        return count(job.created_count + job.updated_count)

    @admin.display(description="Refused", ordering="refused_count")
    def refused(self, job: ImportJob) -> SafeString:
        """Return how many rows did not go in."""
        return count(job.refused_count)

    @admin.display(description="By", ordering="started_by", empty_value="The API")
    def by(self, job: ImportJob) -> str | None:
        """Return who brought the file."""
        return job.started_by or None

    @admin.display(description="When", ordering="created_at")
    def when(self, job: ImportJob) -> SafeString:
        """Return when it was started."""
        return moment(job.created_at)


def run_soon(job: ImportJob) -> None:
    """Hand an import to a worker once it is stored."""
    task: Any = sending.tasks.run_import  # its types do not know Celery's Django side
    task.delay_on_commit(job_id=job.pk)


def _refused(request: HttpRequest, message: str) -> HttpResponse:
    return render(request, "sending/import/refused.html", {"mistake": message})


def _progress_context(job: ImportJob) -> dict[str, Any]:
    found = campaigns.queries.imports.progress(job)
    refusals = job.refusals.order_by("row_number", "id")[:SHOWN_REFUSALS] if found.ended else []
    rows = []
    for refusal in refusals:
        result = campaigns.queries.imports.result_of(refusal)
        rows.append((refusal, pill(*RESULT_KINDS.get(result, NOTE_KIND))))
    return {
        "job": job,
        "progress": found,
        "status": import_pill(found.status),
        "percent": f"{100 * found.share:.0f}",
        "refusals": rows,
        "shown_refusals": SHOWN_REFUSALS,
        "poll_seconds": POLL_SECONDS,
        "can_run": job.dry_run or found.status == ImportStatus.FAILED,
    }
