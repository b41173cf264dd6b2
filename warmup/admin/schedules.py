"""The board: the warm-ups that go on, and those that have ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString

import warmup.queries
from campaigns.roles import Role
from common.admin import PlainChangeList, ReadOnlyAdmin, count, moment, require_role
from warmup.admin import caps, start
from warmup.admin.cards import Card, card, status_pill
from warmup.admin.moves import MOVES, Move
from warmup.models import WarmupSchedule
from warmup.progress import OPEN


class EndedList(PlainChangeList):
    """A page of the warm-ups that have ended; the others have their cards above."""

    def get_queryset(
        self, request: HttpRequest, exclude_parameters: Any = None
    ) -> QuerySet[WarmupSchedule, WarmupSchedule]:
        """Return the ended ones, each with how many messages it let through."""
        rows: QuerySet[WarmupSchedule, WarmupSchedule]
        rows = super().get_queryset(request, exclude_parameters)
        return rows.exclude(status__in=sorted(OPEN)).annotate(total=Sum("allowances__used"))


@admin.register(WarmupSchedule)
class WarmupScheduleAdmin(ReadOnlyAdmin):
    """Warm-ups. They change by their days, and through the moves."""

    change_list_template = "warmup/board.html"
    empty_icon = "thermostat"
    empty_title = "No warm-up has ended yet"
    empty_text = "Those that are over are listed here, with every day that they had."
    add_words = "Start a warm-up"
    list_display = ("address", "status_shown", "preset", "days_done", "total", "started", "ended")
    list_filter = ("status", "preset")
    list_select_related = ("ip",)
    search_fields = ("ip__address", "ip__hostname")
    search_help_text = "Search by address or name"
    ordering = ("-ended_at", "-pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[WarmupSchedule, WarmupSchedule]:
        """Return the warm-ups with what every page of them names."""
        rows: QuerySet[WarmupSchedule, WarmupSchedule] = super().get_queryset(request)
        return rows.select_related("ip", "organization")

    def get_changelist(self, request: HttpRequest, **_: Any) -> type[EndedList]:
        """Return the class behind the list."""
        return EndedList

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Say whether a warm-up may be started."""
        return self.may(request, Role.OPERATOR)

    def get_urls(self) -> list[URLPattern]:
        """Return the routes, with the moves of a warm-up."""
        extra = [
            path(
                f"<path:object_id>/{name}/",
                self.admin_site.admin_view(self._page(move)),
                name=f"warmup_warmupschedule_{name}",
            )
            for name, move in MOVES.items()
        ]
        extra.append(
            path(
                "<path:object_id>/caps/",
                self.admin_site.admin_view(self._caps_page),
                name="warmup_warmupschedule_caps",
            )
        )
        return [*extra, *super().get_urls()]

    @require_role(Role.OPERATOR)
    def _caps_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return caps.page(self, request, self.scoped_object(request, object_id))

    def _page(self, move: Move) -> Callable[..., HttpResponse]:
        @require_role(Role.OPERATOR)
        def view(admin_: WarmupScheduleAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
            return move.page(admin_, request, admin_.scoped_object(request, object_id))

        return lambda request, object_id: view(self, request, object_id)

    def page_context(self, request: HttpRequest, schedule: WarmupSchedule) -> dict[str, Any]:
        """Return what every page of one warm-up shows around itself."""
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": schedule,
            "schedule": schedule,
            "title": "Warm-up",
            "subtitle": schedule.ip.address,
        }

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the board."""
        everything = self.get_queryset(request)
        going = everything.filter(status__in=sorted(OPEN)).order_by("started_at", "pk")
        ended = everything.exclude(status__in=sorted(OPEN))
        board = {
            "title": "Warm-up",
            "cards": self._cards(request, going),
            "has_ended": ended.exists(),
            "start_url": reverse("admin:warmup_warmupschedule_add"),
        }
        return super().changelist_view(  # type: ignore[no-any-return]  # the library is untyped
            request, {**(extra_context or {}), **board}
        )

    def _cards(
        self, request: HttpRequest, rows: QuerySet[WarmupSchedule, WarmupSchedule]
    ) -> list[Card]:
        standings = warmup.queries.standings(rows, now=timezone.now())
        return [card(one, may=lambda role: self.may(request, role)) for one in standings]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one warm-up with every day that it had and will have."""
        if not self.has_view_permission(request) or request.method != "GET":
            raise PermissionDenied
        schedule = self.scoped_object(request, object_id)
        [shown] = self._cards(request, WarmupSchedule.objects.filter(pk=schedule.pk))
        context = {**self.page_context(request, schedule), "card": shown}
        return render(request, "warmup/schedule.html", context)

    @require_role(Role.OPERATOR)
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask for which IP and how fast (GET), or start it (POST)."""
        return start.page(self, request)

    @admin.display(description="Sending IP", ordering="ip__address")
    def address(self, schedule: WarmupSchedule) -> str:
        """Return which IP it was."""
        return schedule.ip.address

    @admin.display(description="State", ordering="status")
    def status_shown(self, schedule: WarmupSchedule) -> SafeString:
        """Return how it ended."""
        return status_pill(schedule.status)

    @admin.display(description="Days", ordering="current_day")
    def days_done(self, schedule: WarmupSchedule) -> int:
        """Return how many sending days it had: the last one is the first without a limit."""
        return schedule.current_day - 1

    @admin.display(description="Messages", ordering="total")
    def total(self, schedule: Any) -> SafeString:
        """Return how many messages it let through."""
        return count(schedule.total or 0)

    @admin.display(description="Started", ordering="started_at")
    def started(self, schedule: WarmupSchedule) -> SafeString:
        """Return when it began."""
        return moment(schedule.started_at)

    @admin.display(description="Ended", ordering="ended_at")
    def ended(self, schedule: WarmupSchedule) -> SafeString:
        """Return when it was over."""
        return moment(schedule.ended_at)
