"""Filters of lists that are safe with whatever is asked for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import django_filters
from django import forms
from django_filters.fields import IsoDateTimeField

LARGEST_ID: Final = 2**63 - 1  # bigint


class IdFilter(django_filters.Filter):
    """Filters by the id of a related object.

    A number is all it looks at: a choice among the objects themselves would tell a caller which
    ids exist in other organizations.
    """

    field_class = forms.IntegerField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, min_value=0, max_value=LARGEST_ID, **kwargs)


class MomentField(IsoDateTimeField):
    """A moment in UTC: the database knows fewer offsets than people can write."""

    def to_python(self, value: Any) -> datetime | None:
        """Return the moment. Raises ValidationError for one before the first or after the last."""
        moment: datetime | None = super().to_python(value)
        if moment is None:
            return None
        try:
            return moment.astimezone(UTC)
        except OverflowError as error:
            raise forms.ValidationError("This is too far away in time.") from error


class MomentFilter(django_filters.IsoDateTimeFilter):
    """Filters by a moment, given as ISO 8601; without an offset it is UTC."""

    field_class = MomentField
