"""Verdicts on opens and clicks, revised by what became known since they first fell.

A message whose opens and clicks are due is looked at as a whole. Events, hourly counts, the facts
on the ledger and what the contact is remembered for change in one transaction, in which nobody
else can record a fact of these messages. Done again, or by two at once, nothing more changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction

import insights.queries.verdicts
from campaigns.models import NEVER_ENGAGED, Recipient
from insights.actors import Context, Verdict, next_look, revise
from insights.events import Actor
from insights.metrics import EVENT_COUNTER, EVENT_COUNTERS, HOUR
from insights.operations.counting import COUNTED, FACT_COLUMNS, OF_FACTS
from insights.queries.verdicts import JudgedHit

BATCH_HITS: Final = 500  # due ones of which the messages are looked at, and held, together
MOST_BATCHES: Final = 200  # of one turn; the next turn goes on
NEWEST_HITS: Final = 1_000  # of one message are looked at: no message is worth more

_DUE: Final = """
SELECT DISTINCT recipient_id FROM (
    SELECT recipient_id FROM email_delivery_events
    WHERE revise_at <= %s ORDER BY revise_at LIMIT %s
) AS due
"""
_REVISE: Final = """
UPDATE email_delivery_events AS e
SET actor = told.actor, actor_reasons = string_to_array(told.reasons, ','),
    actor_confidence = told.confidence, seconds_after_delivery = told.seconds,
    classifier_version = told.version, revise_at = told.revise_at
FROM unnest(%s::int8[], %s::timestamptz[], %s::text[], %s::text[], %s::float8[], %s::float8[],
    %s::int2[], %s::timestamptz[])
    AS told (id, ts, actor, reasons, confidence, seconds, version, revise_at)
WHERE e.id = told.id AND e.ts = told.ts
"""
# What is beyond the newest, or of messages that are gone, stays as it is.
_LEAVE: Final = """
UPDATE email_delivery_events SET revise_at = NULL
WHERE recipient_id = ANY(%s) AND revise_at <= %s
"""
_RECOUNT: Final = f"""
WITH moved AS (
    SELECT e.ts, e.recipient_id, e.organization_id, e.campaign_id, e.provider, e.identity_id,
        e.list_id, e.ip, e.stream, e.variant, e.event_type, e.method, step.actor, step.number
    FROM unnest(%s::int8[], %s::timestamptz[], %s::text[]) AS told (id, ts, was)
    JOIN email_delivery_events AS e ON e.id = told.id AND e.ts = told.ts
    CROSS JOIN LATERAL (VALUES (told.was, -1), (e.actor, 1)) AS step (actor, number)
), before AS (
    SELECT r.id, r.organization_id, r.campaign_id, r.provider, c.identity_id,
        COALESCE(r.list_id, 0) AS list_id, r.ip, c.stream, r.variant, r.bounce_class,
        {FACT_COLUMNS}
    FROM campaigns_recipient AS r JOIN campaigns_campaign AS c ON c.id = r.campaign_id
    WHERE r.id IN (SELECT recipient_id FROM moved)
), told AS (
    SELECT recipient_id,
        min(ts) FILTER (WHERE {EVENT_COUNTERS["opens"]}) AS opened_at,
        min(ts) FILTER (WHERE {EVENT_COUNTERS["clicks"]}) AS clicked_at,
        min(ts) FILTER (WHERE event_type = 'opened') AS oldest_open,
        min(ts) FILTER (WHERE event_type = 'clicked') AS oldest_click
    FROM email_delivery_events
    WHERE recipient_id IN (SELECT id FROM before) AND event_type IN ('opened', 'clicked')
    GROUP BY recipient_id
), after AS (
    -- What is older than all events that are kept rests on one that was dropped with its month.
    UPDATE campaigns_recipient AS r
    SET opened_at = CASE WHEN told.oldest_open IS NULL OR r.opened_at < told.oldest_open
            THEN r.opened_at ELSE told.opened_at END,
        clicked_at = CASE WHEN told.oldest_click IS NULL OR r.clicked_at < told.oldest_click
            THEN r.clicked_at ELSE told.clicked_at END
    FROM told WHERE r.id = told.recipient_id
    RETURNING r.id, r.bounce_class, {FACT_COLUMNS}
), changes AS (
    SELECT {HOUR.format(at="ts")} AS hour, organization_id, campaign_id, provider,
        COALESCE(identity_id, 0) AS identity_id, COALESCE(list_id, 0) AS list_id, ip, stream,
        variant, {EVENT_COUNTER} AS counter, number
    FROM moved
{OF_FACTS}{COUNTED})
SELECT count(*) FROM changes
"""  # noqa: S608  put together from constants alone
_REMEMBER: Final = """
UPDATE campaigns_contact AS c SET last_human_at = told.at
FROM unnest(%s::int8[], %s::timestamptz[]) AS told (id, at)
WHERE c.id = told.id AND (c.last_human_at IS NULL OR c.last_human_at < told.at)
"""
# If what a contact is remembered for was no person: what is known besides. Before the oldest event
# the ledger says how long ago, in days, the last time was when a campaign was prepared.
_FORGET: Final = f"""
UPDATE campaigns_contact AS c SET last_human_at = (
    SELECT max(known.at) FROM campaigns_recipient AS r
    JOIN campaigns_campaign AS campaign ON campaign.id = r.campaign_id
    CROSS JOIN LATERAL (
        SELECT max(e.ts) AS at FROM email_delivery_events AS e
        WHERE e.recipient_id = r.id AND e.event_type IN ('opened', 'clicked')
            AND e.actor = '{Actor.HUMAN}'
        UNION ALL
        SELECT campaign.prepared_at - r.engagement_days * interval '1 day'
        WHERE r.engagement_days < {NEVER_ENGAGED}
    ) AS known
    WHERE r.contact_id = c.id
)
FROM unnest(%s::int8[], %s::timestamptz[]) AS told (id, at)
WHERE c.id = told.id AND c.last_human_at = told.at
"""  # noqa: S608  put together from constants alone


@dataclass(frozen=True, slots=True)
class _Revision:
    """A verdict that was, the one that is, and when it is looked at again."""

    contact_id: int | None
    stored: JudgedHit
    was: Verdict
    verdict: Verdict
    revise_at: datetime | None

    @property
    def changes_something(self) -> bool:
        return (self.verdict, self.revise_at) != (self.was, self.stored.revise_at)


def revise_due(*, now: datetime) -> int:
    """Revise the verdicts that are due for it, and return on how many the actor changed."""
    changed = 0
    for _ in range(MOST_BATCHES):
        with transaction.atomic():
            recipient_ids = _due(now)
            if not recipient_ids:
                break
            changed += _revise(recipient_ids, now=now)
    return changed


def _due(now: datetime) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [now, BATCH_HITS])
        return [row[0] for row in cursor.fetchall()]


def _revise(recipient_ids: Sequence[int], *, now: datetime) -> int:
    contacts = _locked(recipient_ids)
    revisions = [one for one in _revisions(contacts, now=now) if one.changes_something]
    moved = [one for one in revisions if one.verdict.actor != one.was.actor]
    with connection.cursor() as cursor:
        if revisions:
            cursor.execute(_REVISE, _columns([_row(one) for one in revisions]))
        cursor.execute(_LEAVE, [list(recipient_ids), now])
        if moved:
            rows = [(one.stored.event_id, one.stored.hit.at, one.was.actor.value) for one in moved]
            cursor.execute(_RECOUNT, _columns(rows))
        _remember(cursor, revisions)
    return len(moved)


def _locked(recipient_ids: Sequence[int]) -> dict[int, int | None]:
    """Return whose messages these are; nobody else records facts of them from now on."""
    rows = Recipient.objects.select_for_update().filter(pk__in=recipient_ids).order_by("pk")
    return dict(rows.values_list("pk", "contact_id"))


def _revisions(contacts: Mapping[int, int | None], *, now: datetime) -> Iterator[_Revision]:
    ids = list(contacts)
    stories = insights.queries.verdicts.hits_of(ids, newest=NEWEST_HITS)
    around = insights.queries.verdicts.contexts(ids)
    histories = insights.queries.verdicts.histories(ids)
    for recipient_id, stored in stories.items():
        context = replace(around[recipient_id], history=histories.get(recipient_id))
        yield from _revisions_of(stored, context, contacts[recipient_id], now=now)


def _revisions_of(
    story: Sequence[JudgedHit], context: Context, contact_id: int | None, *, now: datetime
) -> Iterator[_Revision]:
    """Return the new verdicts on one message; those that cannot be judged are looked at only."""
    others = [stored.hit for stored in story if stored.verdict is None]
    ours = [(stored, stored.verdict) for stored in story if stored.verdict is not None]
    verdicts = revise([stored.hit for stored, _ in ours], replace(context, others=others))
    for stored, was in ours:
        due = stored.revise_at is not None and stored.revise_at <= now
        later = next_look(stored.hit, context, now=now) if due else stored.revise_at
        yield _Revision(contact_id, stored, was, verdicts[stored.hit.id], later)


def _row(revision: _Revision) -> tuple[Any, ...]:
    verdict, stored = revision.verdict, revision.stored
    return (
        stored.event_id,
        stored.hit.at,
        verdict.actor.value,
        ",".join(verdict.reasons),
        verdict.confidence,
        verdict.seconds_after_delivery,
        verdict.classifier_version,
        revision.revise_at,
    )


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _remember(cursor: Any, revisions: Sequence[_Revision]) -> None:
    """Note on contacts when they last acted themselves, where that was taken for another."""
    known = [one for one in revisions if one.contact_id is not None]
    human = [one for one in known if one.verdict.actor is Actor.HUMAN]
    proved = {one.contact_id: one.stored.hit.at for one in sorted(human, key=_moment)}
    disproved = [
        (one.contact_id, one.stored.hit.at)
        for one in known
        if one.was.actor is Actor.HUMAN and one.verdict.actor is not Actor.HUMAN
    ]
    if disproved:
        cursor.execute(_FORGET, _columns(disproved))
    if proved:
        cursor.execute(_REMEMBER, _columns(sorted(proved.items())))


def _moment(revision: _Revision) -> datetime:
    return revision.stored.hit.at
