"""What the rules of a segment are once they are understood."""

from __future__ import annotations

import difflib
import enum
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from common.errors import DomainError


class SegmentError(DomainError):
    """Rules that cannot be understood; `extra["path"]` names the place, such as `all[1].field`."""


class Operator(enum.StrEnum):
    """How a field is compared. Text is compared without regard to case."""

    IS = "is"
    CONTAINS = "contains"  # text within text, or one element of a list
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    IN = "in"  # is one of several values
    GREATER = "greater"
    AT_LEAST = "at_least"
    LESS = "less"
    AT_MOST = "at_most"
    WITHIN_DAYS = "within_days"  # a date from N days ago up to today
    NEXT_DAYS = "next_days"  # a date from today up to N days ahead
    EXISTS = "exists"
    EMPTY = "empty"


class Action(enum.StrEnum):
    """What a campaign may have seen of a contact."""

    SENT = "sent"
    OPENED = "opened"
    CLICKED = "clicked"


class Status(enum.StrEnum):
    """What a contact may be on a list."""

    SUBSCRIBED = "subscribed"
    PENDING = "pending"
    UNSUBSCRIBED = "unsubscribed"


class Activity(enum.StrEnum):
    """What is known of a contact's recent past."""

    ENGAGED = "engaged"  # opened or clicked by hand
    MAILED = "mailed"  # was sent anything


Scalar = str | int | float | bool
Value = Scalar | date | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """A field of the contact compared with a value; `attribute` is set for `attributes.<key>`."""

    field: str
    attribute: str
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class OnList:
    """The contact has this status on a list."""

    list_id: int
    status: Status


@dataclass(frozen=True, slots=True)
class InCampaign:
    """The contact was sent, opened or clicked a campaign."""

    campaign_id: int
    action: Action


@dataclass(frozen=True, slots=True)
class Active:
    """The contact did, or was, so within some days; None is ever."""

    activity: Activity
    within_days: int | None


@dataclass(frozen=True, slots=True)
class All:
    """Every one of the rules holds."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """At least one of the rules holds."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The rule does not hold, be it that the field differs or that there is none."""

    rule: Rule


Rule = Condition | OnList | InCampaign | Active | All | Any | Not


def mistake(path: str, message: str) -> SegmentError:
    """Return the error for a mistake at `path`; the empty path is the whole."""
    return SegmentError(
        "segment_invalid",
        f"{path or 'rules'}: {message}.",
        {"field": "rules", "path": path},
    )


def no_such(kind: str, name: object, known: Collection[str], *, path: str) -> SegmentError:
    """Return the error for a word that is not one of `known`, with the likely one if there is."""
    close = difflib.get_close_matches(str(name), sorted(known), n=1)
    hint = f'perhaps "{close[0]}" is meant' if close else f"there are: {', '.join(sorted(known))}"
    return mistake(path, f'there is no {kind} called "{str(name)[:80]}"; {hint}')
