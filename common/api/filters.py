"""Filters of lists that are safe with whatever is asked for."""

from __future__ import annotations

from typing import Any, Final

import django_filters
from django import forms

LARGEST_ID: Final = 2**63 - 1  # bigint


class IdFilter(django_filters.Filter):
    """Filters by the id of a related object.

    A number is all it looks at: a choice among the objects themselves would tell a caller which
    ids exist in other organizations.
    """

    field_class = forms.IntegerField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, min_value=0, max_value=LARGEST_ID, **kwargs)
