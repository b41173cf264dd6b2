"""What the address of the search page asks for, and the addresses that ask for something else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode

from campaigns.models.content import Stream
from common.api.filters import LARGEST_ID
from insights.criteria import Criteria, Place
from insights.events import Actor, EventType

LONGEST_TEXT: Final = 320  # characters: the longest address, the longest Message-ID we write
LARGEST_CODE: Final = 999
_FIRST_YEAR, _LAST_YEAR = 1970, 2900
_NO_MOMENT: Final = "Give a date, such as 2026-11-23."
_RENAMED: Final = {"from": "begin", "to": "end"}


class MomentField(forms.Field):
    """A day or a moment as ISO 8601 writes it; without an offset on the organization's clock."""

    def to_python(self, value: Any) -> datetime | None:
        """Return the moment. Raises ValidationError."""
        if not value:
            return None
        try:
            moment = datetime.fromisoformat(str(value).strip())
            aware = moment if moment.tzinfo else timezone.make_aware(moment)
        except (ValueError, OverflowError) as error:
            raise forms.ValidationError(_NO_MOMENT) from error
        if not _FIRST_YEAR < aware.year < _LAST_YEAR:
            raise forms.ValidationError(_NO_MOMENT)
        return aware


def _number(smallest: int = 1, largest: int = LARGEST_ID) -> forms.IntegerField:
    return forms.IntegerField(min_value=smallest, max_value=largest, required=False)


def _text(length: int) -> forms.CharField:
    return forms.CharField(max_length=length, required=False)


class SearchForm(forms.Form):
    """What may be asked."""

    q = _text(LONGEST_TEXT)
    email = _text(LONGEST_TEXT)
    campaign = _number()
    event = forms.ChoiceField(choices=[(e.value, e.value) for e in EventType], required=False)
    actor = forms.ChoiceField(choices=[(a.value, a.value) for a in Actor], required=False)
    provider = _text(40)
    identity = _number()
    ip = _text(45)
    list = _number(0)  # what went to none
    stream = forms.ChoiceField(choices=Stream.choices, required=False)
    variant = _text(8)
    smtp_code = _number(largest=LARGEST_CODE)

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__(data)
        # `from` is a word of Python and so cannot be written as an attribute.
        self.fields["from"] = MomentField(required=False)
        self.fields["to"] = MomentField(required=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for; what makes no sense is left out and named in `mistakes`."""

    criteria: Criteria
    place: Place | None
    params: dict[str, str]  # what is asked, as the address says it
    mistakes: dict[str, str]  # by the name of the parameter

    @property
    def narrowed(self) -> bool:
        """Whether anything at all is asked for."""
        return bool(self.params)

    @property
    def here(self) -> str:
        """The query of the first page of what is asked; empty where nothing is."""
        return query(self.params) if self.params else ""

    def with_q(self, q: str) -> str:
        """Return the query of an address that asks for another text."""
        return query({**self.params, "q": q})

    def without(self, name: str) -> str:
        """Return the query of an address that does not ask for one thing."""
        return query({key: value for key, value in self.params.items() if key != name})

    def at(self, place: Place | None) -> str:
        """Return the query of an address that asks for another page of the same."""
        return query({**self.params, "after": place.token}) if place else ""

    def shown_moment(self, name: str) -> str:
        """Return a moment as the field for it holds it: a day, or a day with a time."""
        moment = getattr(self.criteria, _RENAMED[name])
        if moment is None:
            return ""
        local = timezone.localtime(moment).replace(tzinfo=None)
        text = local.isoformat(timespec="seconds")
        return text.removesuffix("T00:00:00")

    def worded_moment(self, name: str) -> str:
        """Return a moment for people, with the time only where it is not midnight."""
        local = timezone.localtime(getattr(self.criteria, _RENAMED[name]))
        midnight = (local.hour, local.minute, local.second) == (0, 0, 0)
        return date_format(local, "j M Y" if midnight else "j M Y, H:i")


def asked_of(given: QueryDict) -> Asked:
    """Return what a request asks for."""
    form = SearchForm(given)
    form.is_valid()
    cleaned = {name: value for name, value in form.cleaned_data.items() if value not in (None, "")}
    criteria = Criteria(**{_RENAMED.get(name, name): value for name, value in cleaned.items()})
    params = {name: str(given[name]).strip() for name in form.fields if name in cleaned}
    mistakes = {name: str(errors[0]) for name, errors in form.errors.items()}
    return Asked(criteria, _place(given.get("after", "")), params, mistakes)


def query(params: Mapping[str, str]) -> str:
    """Return the query of an address."""
    return "?" + urlencode(params)


def _place(token: str) -> Place | None:
    try:
        return Place.of(token) if token else None
    except (ValueError, OverflowError):
        return None
