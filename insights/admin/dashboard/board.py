"""Everything that a page of figures shows, put together from a few queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.urls import reverse

import insights.queries.choices
import insights.queries.counts
import insights.queries.refusals
from campaigns.models import Organization
from insights.admin.dashboard import charts, drawings, palette, problems
from insights.admin.dashboard.asked import Asked
from insights.admin.dashboard.problems import Problem
from insights.admin.dashboard.tables import ROWS_SHOWN, Figures, Row, Table, cells, columns
from insights.admin.dashboard.totals import totals
from insights.admin.dashboard.words import BY_WORDS, group_label
from insights.figures import COUNTS, Group, GroupBy, Point, Report, together
from insights.periods import Bucket, Period
from insights.queries.choices import Start
from insights.queries.counts import FILTERS
from insights.rates import RATES

WORDINGS_LOOKED_UP: Final = 3  # of the worst providers
PROBLEMS_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Board:
    """The figures behind a page.

    `providers` are all there are, whichever was asked for; `judged` are those that are shown.
    """

    asked: Asked
    everything: Report
    groups: list[Group]
    providers: list[Group]
    judged: list[Group]
    starts: list[Start]

    @property
    def period(self) -> Period:
        """The period shown."""
        return self.asked.period

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all happened."""
        return not any(self.everything.totals[name] for name in COUNTS)

    def figures(
        self, of: Report | Group, *, filters: Mapping[str, int | str] | None = None
    ) -> Figures:
        """Return the figures of a report or a group, with the way to their messages."""
        zone = self.period.zone
        start, end = self.period.first_hour.astimezone(zone), self.period.end_hour.astimezone(zone)
        narrowed = {**self.asked.narrowed, **(filters or {})}
        return Figures(of.totals, of.tracked, narrowed, start, end)

    def of_bucket(self, point: Point, *, end: datetime) -> Figures:
        """Return the figures of one bucket, with the way to their messages."""
        end = end.astimezone(self.period.zone)
        return Figures(point.metrics, point.tracked, self.asked.narrowed, point.ts, end)


def read(asked: Asked, *, organization_id: int) -> Board:
    """Return the reports that a page needs. Raises DomainError when they would be too large."""

    def report(group_by: GroupBy, filters: Mapping[str, int | str]) -> Report:
        return insights.queries.counts.insights(
            organization_id, period=asked.period, group_by=group_by, filters=filters
        )

    narrowed = asked.narrowed
    others = {name: value for name, value in narrowed.items() if name != "provider"}
    providers = report(GroupBy.PROVIDER, others).groups
    judged = [group for group in providers if narrowed.get("provider") in (None, group.key)]
    everything = together(judged, period=asked.period)
    starts = insights.queries.choices.starts(
        organization_id, period=asked.period, campaign_id=_number(narrowed.get("campaign"))
    )
    known = {GroupBy.PROVIDER: judged, GroupBy.DAY: everything.groups}
    groups = known[asked.by] if asked.by in known else report(asked.by, narrowed).groups
    return Board(asked, everything, groups, providers, judged, starts)


def shown(board: Board, *, organization: Organization) -> dict[str, Any]:
    """Return what the template shows of the reports."""
    found = problems.problems(board.judged)
    axis = charts.Axis.of(board.period, starts=board.starts)
    sentences = _sentences(board, found, organization=organization)
    providers = _provider_table(board, found, sentences)
    by_provider = board.asked.by is GroupBy.PROVIDER
    return {
        "totals": totals(board.figures(board.everything)),
        "charts": _charts(board, axis),
        "table": providers if by_provider else _table(board),
        "providers": providers if board.asked.campaign and not by_provider else None,
        "problems": [
            (problem, sentences[problem.provider], _messages_of(board, problem))
            for problem in found[:PROBLEMS_NAMED]
        ],
        "contrast": problems.contrast(found[0], board.judged) if found else "",
        "judged": problems.enough(board.judged),
        "starts": board.starts,
    }


def _charts(board: Board, axis: charts.Axis) -> list[charts.Chart]:
    asked = board.asked
    if asked.by is GroupBy.DAY:
        return drawings.over_time(board.groups[0].series, axis)
    return drawings.by_group(board.groups, axis, by=asked.by, count=asked.count, rate=asked.rate)


def _sentences(
    board: Board, found: Sequence[Problem], *, organization: Organization
) -> dict[str, str]:
    """Return the sentence about each provider that stands out, the worst with their wording."""
    refusing = [problem.provider for problem in found if problem.metric == "bounced"]
    wordings = insights.queries.refusals.most_frequent(
        organization.pk,
        period=board.period,
        providers=refusing[:WORDINGS_LOOKED_UP],
        campaign_id=_number(board.asked.narrowed.get("campaign")),
    )
    return {problem.provider: problems.worded(problem, wordings) for problem in found}


def _messages_of(board: Board, problem: Problem) -> str:
    """Return the address of the messages that a problem is about."""
    filters = {"provider": problem.provider}
    return board.figures(board.everything, filters=filters).url(problem.metric)


def _provider_table(board: Board, found: Sequence[Problem], sentences: Mapping[str, str]) -> Table:
    """Return a row for each provider, those that stand out first and with the reason."""
    order = {problem.provider: place for place, problem in enumerate(found)}
    known = {problem.provider: problem for problem in found}
    groups = sorted(board.judged, key=lambda group: order.get(group.key, len(order)))
    rows = [
        replace(
            _row(board, group, by=GroupBy.PROVIDER),
            note=sentences.get(group.key, ""),
            kind=known[group.key].kind if group.key in known else "",
            flagged=known[group.key].metric if group.key in known else "",
            colour=palette.provider_colour(group.key),
        )
        for group in groups[:ROWS_SHOWN]
    ]
    total = Row("All providers", cells(board.figures(board.everything)))
    left_out = max(len(groups) - ROWS_SHOWN, 0)
    return Table("providers", "Providers", "Provider", columns(), rows, total, left_out)


def _table(board: Board) -> Table:
    by = board.asked.by
    total = Row("All", cells(board.figures(board.everything)))
    if by is GroupBy.DAY:
        rows = _bucket_rows(board)
        first = "Hour" if board.period.bucket is Bucket.HOUR else "Day"
        title, left_out = f"By the {first.lower()}", max(len(rows) - ROWS_SHOWN, 0)
        return Table("buckets", title, first, columns(), rows[:ROWS_SHOWN], total, left_out)
    rows = [_row(board, group, by=by) for group in board.groups[:ROWS_SHOWN]]
    left_out = max(len(board.groups) - ROWS_SHOWN, 0)
    word = BY_WORDS[by]
    return Table(by.value, f"By {word if word == 'IP' else word.lower()}", word, columns(), rows,
                 total, left_out)  # fmt: skip


def _row(board: Board, group: Group, *, by: GroupBy) -> Row:
    value: int | str = int(group.key) if FILTERS[by.value].endswith("_id") else group.key
    page = ""
    if by is GroupBy.CAMPAIGN and not group.label.endswith("(deleted)"):
        page = reverse("admin:insights_campaign", args=[group.key])
    label = group_label(by, key=group.key, label=group.label)
    found = cells(board.figures(group, filters={by.value: value}))
    if not _is_searchable(group.key, by=by):
        found = [replace(one, url="") for one in found]
    narrow = "" if page or not group.key else board.asked.query(**{by.value: group.key, "by": ""})
    return Row(label, found, narrow, page)


def _is_searchable(key: str, *, by: GroupBy) -> bool:
    """Say whether messages can be searched by this value: there is no word for mail without one."""
    return key != "" and (key != "0" or by is GroupBy.LIST)


def _bucket_rows(board: Board) -> list[Row]:
    """Return a row for each bucket in which something happened, the newest first.

    What comes later than its mail stands there as a count alone: as a share of the mail of the
    same day it would say nothing.
    """
    points = board.groups[0].series
    ends = [*(point.ts for point in points[1:]), board.period.end_hour]
    titles = charts.Axis.of(board.period, starts=[]).titles
    late = {RATES[name][0] for name in drawings.LATE}
    rows = []
    for point, end, title in zip(points, ends, titles, strict=True):
        if any(point.metrics[name] for name in COUNTS):
            rows.append(Row(title, cells(board.of_bucket(point, end=end), without_rates=late)))
    return rows[::-1]


def last_days(last: datetime, *, period: Period) -> dict[str, str]:
    """Return the parameters that show the week which ended with the last thing that happened."""
    day = last.astimezone(period.zone).date()
    return {
        "period": "custom",
        "first": (day - timedelta(days=6)).isoformat(),
        "last": day.isoformat(),
    }


def _number(value: int | str | None) -> int | None:
    return value if isinstance(value, int) else None
