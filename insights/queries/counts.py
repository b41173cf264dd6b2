"""How much happened: counts and rates over time, by whatever mail can be told apart by."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from django.db import connection
from django.db.models import Model

from campaigns.models import Campaign, ContactList, Identity
from common.errors import DomainError
from common.providers import provider_name
from insights.figures import (
    ALL,
    COUNTED,
    COUNTS,
    Counted,
    GroupBy,
    Report,
    group_of,
    report_of,
)
from insights.metrics import EVERYTHING, SUMMED_BY, TRACKED
from insights.periods import Period
from insights.rates import TRACKED_CLICKS, TRACKED_OPENS

MAXIMUM_POINTS: Final = 20_000  # buckets times groups; some 10 MB as JSON
_KEYS: Final[Mapping[GroupBy, str]] = {
    GroupBy.DAY: f"'{ALL}'",
    GroupBy.HOUR: f"'{ALL}'",
    GroupBy.PROVIDER: "h.provider",
    GroupBy.IDENTITY: "h.identity_id",
    GroupBy.LIST: "h.list_id",
    GroupBy.IP: "h.ip",
    GroupBy.VARIANT: "h.variant",
    GroupBy.CAMPAIGN: "h.campaign_id",
}
FILTERS: Final[Mapping[str, str]] = {
    "campaign": "campaign_id",
    "list": "list_id",
    "provider": "provider",
    "identity": "identity_id",
    "ip": "ip",
    "stream": "stream",
    "variant": "variant",
}
_NAMED: Final[Mapping[GroupBy, tuple[type[Model], str]]] = {
    GroupBy.IDENTITY: (Identity, "from_address"),
    GroupBy.LIST: (ContactList, "name"),
    GroupBy.CAMPAIGN: (Campaign, "name"),
}
_NONE: Final = ("0", "")  # how a roll-up writes that there is none

_DENOMINATORS: Final = {TRACKED_OPENS: "track_opens", TRACKED_CLICKS: "track_clicks"}
_SUMS: Final = ", ".join(
    [f"sum(h.{name})::int8" for name in COUNTS]
    + [
        f"COALESCE(sum(h.delivered) FILTER (WHERE COALESCE(c.{flag}, true)), 0)::int8"
        for flag in _DENOMINATORS.values()
    ]
)
_SERIES: Final = """
SELECT {key}::text, greatest(width_bucket(h.hour, %(buckets)s::timestamptz[]), 1) - 1, {sums}
FROM insights_hourlycount AS h LEFT JOIN campaigns_campaign AS c ON c.id = h.campaign_id
WHERE h.organization_id = %(organization)s AND h.hour >= %(first)s AND h.hour < %(end)s{filters}
GROUP BY 1, 2
"""


# The same from summaries, where there is one for what is asked; stale hours come from the counts.
_SUMMARY_SUMS: Final = ", ".join(f"sum({name})::int8" for name in (*COUNTS, *TRACKED))
_FROM_SUMMARY: Final = f"""
WITH known AS MATERIALIZED (
    SELECT EXISTS (SELECT FROM insights_summarizedorganization
        WHERE organization_id = %(organization)s) AS summarized
), stale AS MATERIALIZED (
    SELECT DISTINCT hour FROM insights_stalehour WHERE organization_id = %(organization)s
        AND hour >= %(first)s AND hour < %(end)s
), direct AS (
    SELECT h.* FROM insights_hourlycount AS h
    WHERE NOT (SELECT summarized FROM known) AND h.organization_id = %(organization)s
        AND h.hour >= %(first)s AND h.hour < %(end)s{{filters}}
    UNION ALL
    SELECT h.* FROM stale JOIN insights_hourlycount AS h ON h.hour = stale.hour
    WHERE (SELECT summarized FROM known) AND h.organization_id = %(organization)s{{filters}}
), parts AS (
    SELECT h.key, h.hour, {", ".join(f"h.{name}" for name in (*COUNTS, *TRACKED))}
    FROM insights_hourlysummary AS h
    WHERE (SELECT summarized FROM known) AND h.organization_id = %(organization)s
        AND h.dimension = %(dimension)s AND h.hour >= %(first)s AND h.hour < %(end)s{{only}}
        AND NOT EXISTS (SELECT FROM stale WHERE stale.hour = h.hour)
    UNION ALL
    SELECT {{key}}::text, h.hour, {", ".join(f"h.{name}" for name in COUNTS)},
        {
    ", ".join(
        f"CASE WHEN COALESCE(c.{flag}, true) THEN h.delivered ELSE 0 END"
        for flag in TRACKED.values()
    )
}
    FROM direct AS h LEFT JOIN campaigns_campaign AS c ON c.id = h.campaign_id
)
SELECT {{shown}}, greatest(width_bucket(hour, %(buckets)s::timestamptz[]), 1) - 1,
    {_SUMMARY_SUMS}
FROM parts GROUP BY 1, 2
"""  # noqa: S608  put together from constants alone


def insights(
    organization_id: int,
    *,
    period: Period,
    group_by: GroupBy = GroupBy.DAY,
    filters: Mapping[str, int | str] | None = None,
) -> Report:
    """Return what happened in an organization, as counts and rates; every bucket is there.

    `filters` narrows by `campaign`, `list`, `provider`, `identity`, `ip`, `stream`, `variant`.
    Raises DomainError when there would be too many points.
    """
    _check_size(period.size)
    buckets = period.buckets
    counted = _counted(organization_id, period=period, group_by=group_by, filters=filters or {})
    _check_size(period.size * len(counted))
    labels = _labels(organization_id, group_by=group_by, keys=counted)
    groups = [
        group_of(key, label=labels[key], buckets=buckets, counted=by_bucket)
        for key, by_bucket in counted.items()
    ]
    groups.sort(key=lambda group: (-(group.totals["sent"] or 0), group.label))
    return report_of(groups, period=period, group_by=group_by)


def _check_size(points: int) -> None:
    if points > MAXIMUM_POINTS:
        raise DomainError(
            "too_much",
            f"That would be {points:,} points; {MAXIMUM_POINTS:,} are the limit. "
            "Ask for a shorter time, or for days instead of hours.",
            {"field": "from"},
        )


def _counted(
    organization_id: int,
    *,
    period: Period,
    group_by: GroupBy,
    filters: Mapping[str, int | str],
) -> dict[str, dict[int, Counted]]:
    """Return what was counted, by key and by the number of the bucket, without the empty ones."""
    conditions = "".join(f" AND h.{FILTERS[name]} = %({name})s" for name in filters)
    dimension = _summary_for(group_by, filters)
    statement = (
        _SERIES.format(key=_KEYS[group_by], sums=_SUMS, filters=conditions)
        if dimension is None
        else _FROM_SUMMARY.format(
            key=_KEYS[group_by],
            shown=_KEYS[group_by] if _KEYS[group_by] == f"'{ALL}'" else "key",
            filters=conditions,
            only=f" AND h.key = %({dimension})s::text" if dimension in filters else "",
        )
    )
    values: dict[str, Any] = {
        **filters,
        "organization": organization_id,
        "buckets": period.buckets,
        "first": period.first_hour,
        "end": period.end_hour,
        "dimension": dimension,
    }
    counted: dict[str, dict[int, Counted]] = {ALL: {}} if _KEYS[group_by] == f"'{ALL}'" else {}
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        for key, number, *sums in cursor.fetchall():
            counted.setdefault(key, {})[number] = dict(zip(COUNTED, sums, strict=True))
    return counted


def _summary_for(group_by: GroupBy, filters: Collection[str]) -> str | None:
    """Return by which one thing figures are summed up that answer this, or None if none does."""
    asked = {*filters} | ({group_by.value} & SUMMED_BY.keys())
    return next(iter(asked or {EVERYTHING})) if len(asked) <= 1 else None


def _labels(organization_id: int, *, group_by: GroupBy, keys: Collection[str]) -> dict[str, str]:
    """Return what to call each group; what was deleted since is called by its number."""
    if group_by is GroupBy.PROVIDER:
        return {key: provider_name(key) for key in keys}
    if group_by not in _NAMED:
        return {key: f"no {group_by}" if key in _NONE else key for key in keys}
    model, field = _NAMED[group_by]
    found = model._default_manager.filter(  # noqa: SLF001  documented by Django
        organization_id=organization_id, pk__in=[int(key) for key in keys]
    )
    names = {str(pk): name for pk, name in found.values_list("pk", field)}
    return {
        key: f"no {group_by}" if key in _NONE else names.get(key, f"{group_by} {key} (deleted)")
        for key in keys
    }
