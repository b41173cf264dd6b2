"""How changes of events and of facts become changes of the hourly counts, as parts of statements.

A statement that uses them says what changed in a part `changes`, of events by itself, of facts by
`OF_FACTS` from the ledger's rows `before` and `after`; `COUNTED` adds it to the counts and says
that their hours changed. It ends the part before it, and leaves its own to be ended.
"""

from __future__ import annotations

from typing import Final

from insights.metrics import COUNTERS, DIMENSIONS, FACTS, HOUR, MESSAGE_COUNTERS

FACT_COLUMNS: Final = ", ".join(f"r.{fact}" for fact in FACTS)
_CHANGES: Final = ",\n        ".join(
    f"('{counter}', {at.format(row='before')}, {at.format(row='after')})"
    for counter, at in MESSAGE_COUNTERS.items()
)
_DIMENSIONS: Final = ", ".join(DIMENSIONS)
_SUMS: Final = ", ".join(
    f"sum(number) FILTER (WHERE counter = '{counter}')::int AS {counter}" for counter in COUNTERS
)
_ZEROED: Final = ", ".join(f"COALESCE({counter}, 0)" for counter in COUNTERS)
_ADDED: Final = ", ".join(f"{counter} = h.{counter} + EXCLUDED.{counter}" for counter in COUNTERS)
_NOT_ALL_ZERO: Final = " OR ".join(f"{counter} <> 0" for counter in COUNTERS)

OF_FACTS: Final = f"""    UNION ALL
    SELECT {HOUR.format(at="step.at")}, before.organization_id, before.campaign_id,
        before.provider, before.identity_id, before.list_id, before.ip, before.stream,
        before.variant, changed.counter, step.number
    FROM before JOIN after ON after.id = before.id
    CROSS JOIN LATERAL (VALUES
        {_CHANGES}
    ) AS changed (counter, was, is_now)
    CROSS JOIN LATERAL (VALUES (changed.was, -1), (changed.is_now, 1)) AS step (at, number)
    WHERE changed.was IS DISTINCT FROM changed.is_now AND step.at IS NOT NULL
"""  # noqa: S608  put together from constants alone
COUNTED: Final = f"""), summed AS (
    SELECT hour, {_DIMENSIONS}, {_SUMS} FROM changes WHERE counter IS NOT NULL
    GROUP BY hour, {_DIMENSIONS}
), counted AS (
    INSERT INTO insights_hourlycount AS h (hour, {_DIMENSIONS}, {", ".join(COUNTERS)})
    SELECT hour, {_DIMENSIONS}, {_ZEROED} FROM summed WHERE {_NOT_ALL_ZERO}
    ORDER BY hour, {_DIMENSIONS}
    ON CONFLICT (hour, {_DIMENSIONS}) DO UPDATE SET {_ADDED}
), stale AS (
    INSERT INTO insights_stalehour (organization_id, hour)
    SELECT DISTINCT organization_id, hour FROM summed
"""  # noqa: S608  put together from constants alone
