"""What runs by itself and how often: looked after by whoever runs the installation."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)

from common.admin import PlatformAdmin, moment, pill

for unused in (ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule):
    admin.site.unregister(unused)


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(PlatformAdmin):
    """Work that is looked for again and again, and how often."""

    list_display = ("name", "enabled_shown", "schedule_shown", "last_run", "task")
    list_filter = ("enabled",)
    list_select_related = ("interval", "crontab", "clocked", "solar")
    search_fields = ("name", "task")
    search_help_text = "Search by name"
    ordering = ("name",)
    readonly_fields = ("last_run",)
    fieldsets = (
        (None, {"fields": ("name", "enabled", "description", "last_run")}),
        (
            "How often",
            {
                "fields": ("interval", "crontab"),
                "description": "One of the two. A change takes effect within a few seconds.",
            },
        ),
        (
            "What it calls",
            {"fields": ("task", "kwargs", "queue", "expire_seconds"), "classes": ("collapse",)},
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[PeriodicTask, PeriodicTask]:
        """Return the tasks with their schedules."""
        return super().get_queryset(request).select_related(*self.list_select_related)  # type: ignore[no-any-return]

    @admin.display(description="State", ordering="enabled")
    def enabled_shown(self, task: PeriodicTask) -> SafeString:
        """Return whether it runs."""
        return pill("On", "good") if task.enabled else pill("Off", "warning")

    @admin.display(description="How often")
    def schedule_shown(self, task: PeriodicTask) -> str:
        """Return the schedule in words."""
        if task.crontab:
            return str(task.crontab.human_readable)
        return str(task.scheduler).capitalize()

    @admin.display(description="Last run", ordering="last_run_at")
    def last_run(self, task: PeriodicTask) -> SafeString:
        """Return when it last ran."""
        return moment(task.last_run_at, reason="Has not run yet")


@admin.register(IntervalSchedule)
class IntervalScheduleAdmin(PlatformAdmin):
    """Every so many seconds, minutes or days."""

    list_display = ("__str__",)


@admin.register(CrontabSchedule)
class CrontabScheduleAdmin(PlatformAdmin):
    """At certain times of the day, the week or the month."""

    list_display = ("human_readable", "timezone")
    fields = ("minute", "hour", "day_of_week", "day_of_month", "month_of_year", "timezone")
