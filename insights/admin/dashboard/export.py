"""The figures of a page as a CSV file, every metric of every row."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Final

from django.http import StreamingHttpResponse

from common.api.csv_answers import csv_answer
from insights.admin.dashboard.board import Board
from insights.admin.dashboard.words import group_label
from insights.figures import COUNTS, GroupBy, Metrics
from insights.rates import RATES

METRICS: Final = (*COUNTS, *RATES)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would take for one


class _Line:
    """What the writer writes into: it hands each line back."""

    def write(self, line: str) -> str:
        """Return the line."""
        return line


def download(rows: Iterable[Iterable[object]], *, name: str) -> StreamingHttpResponse:
    """Return the rows as a file."""
    writer = csv.writer(_Line())
    return csv_answer((writer.writerow(map(_plain, row)) for row in rows), name=name)


def board_rows(board: Board) -> Iterator[list[object]]:
    """Yield a head, then what the table of a page shows, without a limit; rates from 0 to 1."""
    by = board.asked.by
    if by is GroupBy.DAY:
        yield ["begins", *METRICS]
        for point in board.groups[0].series:
            yield [point.ts.isoformat(), *_metrics(point.metrics)]
        return
    yield [by.value, "name", *METRICS]
    for group in board.groups:
        label = group_label(by, key=group.key, label=group.label)
        yield [group.key, label, *_metrics(group.totals)]


def board_name(board: Board) -> str:
    """Return what the file is called."""
    period = board.period
    first = period.first_hour.astimezone(period.zone).date()
    last = period.end_hour.astimezone(period.zone).date()
    by = "time" if board.asked.by is GroupBy.DAY else board.asked.by.value
    of = f"campaign-{board.asked.campaign.pk}-" if board.asked.campaign else ""
    return f"insights-{of}{by}-{first}-{last}.csv"


def _metrics(metrics: Metrics) -> list[object]:
    return ["" if metrics[name] is None else metrics[name] for name in METRICS]


def _plain(value: object) -> object:
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else value
