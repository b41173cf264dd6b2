"""How many rows a list has, without counting a million of them for every page."""

from __future__ import annotations

import json

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property

EXACT_COUNT_LIMIT = 10_000  # rows; beyond it the database's own estimate is shown
DEEPEST_ROW = 10_000  # rows; skipping more than that to reach a page gets slow
ESTIMATE_DIGITS = 2  # significant ones; more would look exact


class EstimatingPaginator(Paginator):  # type: ignore[type-arg]  # generic only in the stubs
    """Pages whose count is exact up to a limit and the planner's estimate above it."""

    template_name = "admin/pagination_estimated.html"

    @cached_property
    def count(self) -> int:
        """Return the number of rows; above the limit an estimate."""
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return len(rows)
        unordered = rows.order_by()
        counted = unordered.values("pk")[: EXACT_COUNT_LIMIT + 1].count()
        if counted <= EXACT_COUNT_LIMIT:
            return counted
        return max(_planned_rows(unordered), counted)

    @property
    def estimated(self) -> bool:
        """Say whether `count` is only about right."""
        return self.count > EXACT_COUNT_LIMIT

    @property
    def rounded_count(self) -> int:
        """Return the count with its leading digits only: 1,234,567 becomes 1,200,000."""
        return round(self.count, ESTIMATE_DIGITS - len(str(self.count)))

    @cached_property
    def num_pages(self) -> int:
        """Return how many pages can be reached: none of them deep into a large table."""
        reachable = min(self.count, DEEPEST_ROW)
        return max(1, -(-reachable // self.per_page))


def _planned_rows(rows: QuerySet) -> int:  # type: ignore[type-arg]  # of whatever model
    plan = json.loads(rows.explain(format="json"))
    return int(plan[0]["Plan"]["Plan Rows"])
