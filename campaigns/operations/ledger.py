"""Writes of the send ledger: one row for each contact of each campaign.

The database is the queue. Rows are taken with FOR UPDATE SKIP LOCKED under a lease; an answer is
only accepted from the owner of the lease, so that two workers can never both settle a row.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet

from campaigns.ledger import ClaimedRecipient, Outcome
from campaigns.models import NEVER_ENGAGED, Campaign, Contact, Recipient
from campaigns.queries.audience import ledger_values
from campaigns.states import RUNNING, InDoubtPolicy, RecipientState
from common.storable import storable

LEASE_LOST = "lease_lost"
RESEND_LIMIT = 10_000  # rows planned again at once

# Random so that nobody can guess a Message-ID, led by the row's id so that it needs no index.
_WRITE = """
INSERT INTO campaigns_recipient (
    id, organization_id, campaign_id, contact_id, list_id, email, provider, variant,
    engagement_days, message_id, state, reason, not_before, attempts, ip, enhanced_code,
    smtp_response, bounce_class, queue_id)
SELECT numbered.id, %(organization)s, %(campaign)s, numbered.contact, numbered.list,
    numbered.email, numbered.provider, '', numbered.days,
    to_hex(numbered.id) || '.' || replace(gen_random_uuid()::text, '-', '') || '@' || %(domain)s,
    'planned', '', %(now)s, 0, '', '', '', '', ''
FROM (
    SELECT nextval(pg_get_serial_sequence('campaigns_recipient', 'id')) AS id,
        audience.id AS contact, audience.first_list AS list, audience.email, audience.provider,
        LEAST(GREATEST(COALESCE(EXTRACT(DAY FROM %(now)s - audience.last_human_at), %(never)s), 0),
            %(never)s)::smallint AS days
    FROM ({audience}) AS audience
    ORDER BY days, audience.id
) AS numbered
ON CONFLICT (campaign_id, contact_id) WHERE data IS NULL DO NOTHING
"""

_CLAIM = """
WITH due AS (
    SELECT recipient.id, recipient.contact_id FROM campaigns_recipient AS recipient
    WHERE recipient.campaign_id = %(campaign)s AND recipient.state = 'planned'
        AND recipient.not_before <= %(now)s
        AND (%(engaged)s IS NULL OR recipient.engagement_days <= %(engaged)s)
        AND (%(without)s::text[] IS NULL OR recipient.provider <> ALL(%(without)s::text[]))
        AND EXISTS (SELECT 1 FROM campaigns_campaign AS campaign
            WHERE campaign.id = %(campaign)s AND campaign.state IN ('sending', 'testing'))
    ORDER BY recipient.not_before, recipient.engagement_days, recipient.id
    LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE campaigns_recipient AS r
SET state = 'claimed', lease_owner = %(owner)s, lease_until = %(until)s, attempts = attempts + 1
FROM due LEFT JOIN campaigns_contact AS c ON c.id = due.contact_id
WHERE r.id = due.id
RETURNING r.id, r.contact_id, r.list_id, r.email, c.email_key, r.provider, r.variant,
    r.engagement_days, r.message_id, r.attempts, r.data,
    c.first_name, c.last_name, c.language, c.timezone, c.attributes
"""

# What the batch in hand came to; emptied at the end of the transaction. `insights` reads it too.
_OUTCOME_TYPES = {
    "id": "int8",
    "state": "text",
    "at": "timestamptz",
    "reason": "text",
    "not_before": "timestamptz",
    "uncount": "bool",
    "answered": "bool",
    "ip": "text",
    "smtp_code": "int2",
    "enhanced_code": "text",
    "smtp_response": "text",
    "bounce_class": "text",
    "queue_id": "text",
}
_OUTCOMES = f"""
CREATE TEMPORARY TABLE IF NOT EXISTS settled_outcomes (
    {", ".join(f"{name} {kind}" for name, kind in _OUTCOME_TYPES.items())}
) ON COMMIT DELETE ROWS;
DELETE FROM settled_outcomes
"""  # noqa: S608  all names are fixed
_COPY_OUTCOMES = "COPY settled_outcomes FROM STDIN (FORMAT BINARY)"
_RECORD = """
WITH written AS (
    UPDATE campaigns_recipient AS r
    SET state = CASE WHEN r.bounced_at IS NOT NULL THEN 'bounced'
            WHEN r.delivered_at IS NOT NULL THEN 'delivered' ELSE o.state END,
        reason = o.reason, not_before = COALESCE(o.not_before, r.not_before),
        attempts = r.attempts - o.uncount::int, ip = o.ip, queue_id = o.queue_id,
        smtp_code = CASE WHEN r.bounced_at IS NULL THEN o.smtp_code ELSE r.smtp_code END,
        enhanced_code = CASE WHEN r.bounced_at IS NULL THEN o.enhanced_code
            ELSE r.enhanced_code END,
        smtp_response = CASE WHEN r.bounced_at IS NULL THEN o.smtp_response
            ELSE r.smtp_response END,
        bounce_class = CASE WHEN r.bounced_at IS NULL THEN o.bounce_class ELSE r.bounce_class END,
        sent_at = CASE WHEN o.state IN ('sent', 'delivered') THEN o.at ELSE r.sent_at END,
        lease_owner = CASE WHEN o.state = 'in_doubt' THEN r.lease_owner END, lease_until = NULL
    FROM settled_outcomes AS o
    WHERE r.id = o.id AND r.lease_owner = %(owner)s AND r.state IN ('claimed', 'in_doubt')
    RETURNING r.id
)
DELETE FROM settled_outcomes WHERE id NOT IN (SELECT id FROM written) RETURNING id
"""


def write_ledger(campaign: Campaign, *, audience: QuerySet[Contact], now: datetime) -> int:
    """Write a planned row for each contact of `audience` and return how many were new.

    Run twice it adds nobody twice. Engaged contacts get the lower numbers and so go first.
    """
    sql, parameters = ledger_values(audience, campaign).query.sql_with_params()
    statement, bound = _merge(_WRITE, sql, parameters)
    bound |= {
        "organization": campaign.organization_id,
        "campaign": campaign.pk,
        "domain": campaign.identity.domain.name,
        "now": now,
        "never": NEVER_ENGAGED,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, bound)
        return int(cursor.rowcount)


def _merge(template: str, sql: str, parameters: tuple[Any, ...]) -> tuple[str, dict[str, Any]]:
    """Return the template with a positional statement inside, its parameters named."""
    names = [f"audience_{number}" for number in range(len(parameters))]
    named = sql % tuple(f"%({name})s" for name in names)
    return template.format(audience=named), dict(zip(names, parameters, strict=True))


def claim_batch(  # noqa: PLR0913  who is taken, by whom and for how long: callers name each
    campaign_id: int,
    *,
    limit: int,
    owner: uuid.UUID,
    now: datetime,
    lease_until: datetime,
    engaged_within: int | None = None,
    without_providers: Collection[str] = (),
) -> list[ClaimedRecipient]:
    """Lease up to `limit` due recipients of a running campaign to `owner` and return them.

    The most engaged come first; with `engaged_within`, in days, nobody else. Nobody at one of
    `without_providers` is taken. Empty when nothing is due, or the campaign is not running.
    """
    bound: dict[str, Any] = {
        "campaign": campaign_id, "limit": limit, "owner": owner, "now": now, "until": lease_until,
        "engaged": engaged_within, "without": sorted(without_providers) or None,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, bound)
        rows = [ClaimedRecipient.from_row(row) for row in cursor.fetchall()]
    # What an UPDATE returns is in no order.
    return sorted(rows, key=lambda row: (row.engagement_days, row.id))


def record_outcomes(outcomes: Sequence[Outcome], *, owner: uuid.UUID) -> set[int]:
    """Write what became of leased rows; return the ids of those that were no longer `owner`'s.

    To be called within a transaction, in which the outcomes that were written stay readable in the
    temporary table `settled_outcomes`.
    """
    with connection.cursor() as cursor:
        cursor.execute(_OUTCOMES)
        with cursor.copy(_COPY_OUTCOMES) as copy:
            copy.set_types(list(_OUTCOME_TYPES.values()))
            for outcome in outcomes:
                copy.write_row(_storable(outcome))
        cursor.execute(_RECORD, {"owner": owner})
        return {row[0] for row in cursor.fetchall()}


def _storable(outcome: Outcome) -> tuple[Any, ...]:
    return (
        outcome.recipient_id,
        outcome.state.value,
        *outcome[2:10],
        storable(outcome.smtp_response),
        str(outcome.bounce_class),
        storable(outcome.queue_id),
    )


_RELEASE = """
UPDATE campaigns_recipient
SET state = 'planned', attempts = attempts - 1, lease_owner = NULL, lease_until = NULL
WHERE lease_owner = %s AND state = 'claimed' AND (%s::bigint[] IS NULL OR id = ANY(%s::bigint[]))
"""


def release(*, owner: uuid.UUID, only: Sequence[int] | None = None) -> int:
    """Give back rows that were never handed over, all of `owner`'s or `only` these.

    Returns how many. The attempt that the claim counted is taken back.
    """
    ids = None if only is None else list(only)
    with connection.cursor() as cursor:
        cursor.execute(_RELEASE, [owner, ids, ids])
        return int(cursor.rowcount)


def renew_leases(owners: Sequence[uuid.UUID], *, lease_until: datetime) -> None:
    """Hold the rows of these owners for longer."""
    claimed = Recipient.objects.filter(lease_owner__in=owners, state=RecipientState.CLAIMED)
    claimed.update(lease_until=lease_until)


def doubt_owner(owner: uuid.UUID) -> int:
    """Mark what `owner` holds as in doubt: nobody can say what was handed over. Return how many."""
    held = Recipient.objects.filter(lease_owner=owner, state=RecipientState.CLAIMED)
    return held.update(state=RecipientState.IN_DOUBT, reason=LEASE_LOST)


def doubt_expired(*, before: datetime) -> int:
    """Mark rows whose lease ended before this moment as in doubt; return how many."""
    expired = Recipient.objects.filter(
        lease_owner__isnull=False, state=RecipientState.CLAIMED, lease_until__lt=before
    )
    return expired.update(state=RecipientState.IN_DOUBT, reason=LEASE_LOST)


def resend_doubtful(*, now: datetime) -> int:
    """Plan messages in doubt again where the campaign asks for that; return how many.

    They keep their Message-ID, so that a mailbox that did get the first copy can fold the second.
    """
    doubtful = Recipient.objects.filter(
        state=RecipientState.IN_DOUBT,
        campaign__in_doubt_policy=InDoubtPolicy.RESEND,
        campaign__state__in=RUNNING,
        attempts__lt=F("campaign__maximum_attempts"),
    )
    ids = list(doubtful.values_list("pk", flat=True)[:RESEND_LIMIT])
    return Recipient.objects.filter(pk__in=ids, state=RecipientState.IN_DOUBT).update(
        state=RecipientState.PLANNED, not_before=now, lease_owner=None, lease_until=None
    )


def cancel_waiting(campaign_id: int) -> int:
    """Mark everybody who waits for a cancelled campaign as cancelled; return how many."""
    waiting = Recipient.objects.filter(campaign=campaign_id, state=RecipientState.PLANNED)
    return waiting.update(state=RecipientState.CANCELLED, reason="campaign_cancelled")


_LAST_MAILED = """
UPDATE campaigns_contact AS c SET last_mailed_at = GREATEST(c.last_mailed_at, r.sent_at)
FROM campaigns_recipient AS r
WHERE r.campaign_id = %s AND r.contact_id = c.id AND r.sent_at IS NOT NULL
"""


def note_last_mailed(campaign_id: int) -> None:
    """Note on the contacts of a campaign when they were mailed."""
    with connection.cursor() as cursor:
        cursor.execute(_LAST_MAILED, [campaign_id])
