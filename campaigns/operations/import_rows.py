"""The rows of an import on their way into contacts: staged, merged, applied in pieces.

The staging table is temporary, so it belongs to one connection and vanishes with it. Nothing
here depends on Python touching a row twice: pieces go in by COPY and out by INSERT .. SELECT.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from campaigns.importing.cleaning import ImportedContact
from campaigns.importing.table import Refusal
from common.providers import UNKNOWN

SAME_ADDRESS = "same_address"

_CREATE = """
DROP TABLE IF EXISTS pg_temp.import_rows, pg_temp.import_doubles;
CREATE TEMPORARY TABLE import_rows (
    number integer NOT NULL, email_key text NOT NULL, email text NOT NULL,
    domain text NOT NULL, first_name text NOT NULL, last_name text NOT NULL,
    language text NOT NULL, timezone text NOT NULL, attributes jsonb NOT NULL)
"""
_STAGE = """
COPY import_rows (number, email_key, email, domain, first_name, last_name, language, timezone,
    attributes) FROM STDIN
"""
_INDEX = """
CREATE INDEX ON pg_temp.import_rows (email_key, number);
CREATE INDEX ON pg_temp.import_rows (number);
ANALYZE pg_temp.import_rows
"""

_DOUBLES = """
CREATE TEMPORARY TABLE import_doubles AS
SELECT row.number, row.email_key, kept.number AS kept_number
FROM pg_temp.import_rows AS row
JOIN (
    SELECT email_key, MIN(number) AS number FROM pg_temp.import_rows
    GROUP BY email_key HAVING COUNT(*) > 1
) AS kept USING (email_key)
"""
_REPORT_DOUBLES = """
INSERT INTO campaigns_importrefusal (job_id, row_number, code, reason, excerpt, skipped)
SELECT %(job)s, double.number, %(code)s,
    'The address is also in row ' || double.kept_number || '; the two were merged.',
    row.email, true
FROM pg_temp.import_doubles AS double JOIN pg_temp.import_rows AS row USING (number)
WHERE double.number <> double.kept_number
"""
# The latest cell that is not empty wins, as if the rows had been imported one after the other.
_MERGE_DOUBLES = """
UPDATE pg_temp.import_rows AS row
SET first_name = COALESCE(latest.first_name, ''), last_name = COALESCE(latest.last_name, ''),
    language = COALESCE(latest.language, ''), timezone = COALESCE(latest.timezone, ''),
    attributes = COALESCE(merged.attributes, '{}')
FROM (
    SELECT kept_number,
        (array_agg(first_name ORDER BY number DESC) FILTER (WHERE first_name <> ''))[1]
            AS first_name,
        (array_agg(last_name ORDER BY number DESC) FILTER (WHERE last_name <> ''))[1]
            AS last_name,
        (array_agg(language ORDER BY number DESC) FILTER (WHERE language <> ''))[1]
            AS language,
        (array_agg(timezone ORDER BY number DESC) FILTER (WHERE timezone <> ''))[1]
            AS timezone
    FROM pg_temp.import_rows JOIN pg_temp.import_doubles USING (number)
    GROUP BY kept_number
) AS latest
LEFT JOIN (
    SELECT kept_number, jsonb_object_agg(pair.key, pair.value ORDER BY number) AS attributes
    FROM pg_temp.import_rows JOIN pg_temp.import_doubles USING (number),
        jsonb_each(import_rows.attributes) AS pair
    GROUP BY kept_number
) AS merged USING (kept_number)
WHERE row.number = latest.kept_number
"""
_DELETE_DOUBLES = """
DELETE FROM pg_temp.import_rows AS row USING pg_temp.import_doubles AS double
WHERE row.number = double.number AND double.number <> double.kept_number
"""

_PIECE = """
SELECT number, email_key, email FROM pg_temp.import_rows
WHERE number > %s ORDER BY number LIMIT %s
"""
_LAST_OF_FIRST = """
SELECT MAX(number) FROM (
    SELECT number FROM pg_temp.import_rows ORDER BY number LIMIT %s
) AS first
"""
_UNSUBSCRIBED = """
SELECT contact.email_key FROM campaigns_subscription AS subscription
JOIN campaigns_contact AS contact ON contact.id = subscription.contact_id
WHERE subscription.list_id = %s AND subscription.status = 'unsubscribed'
    AND contact.organization_id = %s AND contact.email_key = ANY(%s)
"""
_KNOWN = """
SELECT COUNT(*) FROM campaigns_contact WHERE organization_id = %s AND email_key = ANY(%s)
"""
# Rows are locked in the order of their addresses, so that two imports cannot lock each other out.
# A contact that would stay as it is is not written; xmax is 0 in rows that are new.
_UPSERT = """
INSERT INTO campaigns_contact AS contact (
    organization_id, email, email_key, domain, first_name, last_name, language, timezone,
    attributes, provider, gateway, created_at, updated_at)
SELECT %(organization)s, email, email_key, domain, first_name, last_name, language, timezone,
    attributes, %(provider)s, '', %(now)s, %(now)s
FROM pg_temp.import_rows WHERE number = ANY(%(numbers)s)
ORDER BY email_key
ON CONFLICT (organization_id, email_key) DO UPDATE
SET first_name = COALESCE(NULLIF(EXCLUDED.first_name, ''), contact.first_name),
    last_name = COALESCE(NULLIF(EXCLUDED.last_name, ''), contact.last_name),
    language = COALESCE(NULLIF(EXCLUDED.language, ''), contact.language),
    timezone = COALESCE(NULLIF(EXCLUDED.timezone, ''), contact.timezone),
    attributes = contact.attributes || EXCLUDED.attributes,
    updated_at = EXCLUDED.updated_at
WHERE EXCLUDED.first_name NOT IN ('', contact.first_name)
    OR EXCLUDED.last_name NOT IN ('', contact.last_name)
    OR EXCLUDED.language NOT IN ('', contact.language)
    OR EXCLUDED.timezone NOT IN ('', contact.timezone)
    OR NOT contact.attributes @> EXCLUDED.attributes
RETURNING xmax = 0
"""
# Somebody who leaves the list at this very moment stays away: only "pending" is overwritten.
_SUBSCRIBE = """
INSERT INTO campaigns_subscription AS subscription (
    contact_id, list_id, status, source, evidence, subscribed_at)
SELECT contact.id, %(list)s, 'subscribed', 'import',
    jsonb_build_object('import', %(job)s::bigint, 'row', row.number), %(now)s
FROM pg_temp.import_rows AS row
JOIN campaigns_contact AS contact
    ON contact.organization_id = %(organization)s AND contact.email_key = row.email_key
WHERE row.number = ANY(%(numbers)s)
ORDER BY contact.id
ON CONFLICT (contact_id, list_id) DO UPDATE
SET status = 'subscribed', source = EXCLUDED.source, evidence = EXCLUDED.evidence,
    subscribed_at = EXCLUDED.subscribed_at
WHERE subscription.status = 'pending'
"""
_REFUSE = """
COPY campaigns_importrefusal (job_id, row_number, code, reason, excerpt, skipped) FROM STDIN
"""


@dataclass(frozen=True, slots=True)
class StagedRow:
    """What is needed of a staged row to decide whether it may go in."""

    number: int
    email_key: str
    email: str


@dataclass(frozen=True, slots=True)
class Target:
    """Where the rows of a job go."""

    job_id: int
    organization_id: int
    list_id: int | None
    now: datetime


def create_staging() -> None:
    """Make an empty staging table for this connection; an older one goes."""
    with connection.cursor() as cursor:
        cursor.execute(_CREATE)


def drop_staging() -> None:
    """Remove what this connection staged."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.import_rows, pg_temp.import_doubles")


def stage(contacts: Iterable[ImportedContact]) -> None:
    """Add cleaned rows to the staging table."""
    with connection.cursor() as cursor, cursor.copy(_STAGE) as copy:
        for contact in contacts:
            copy.write_row(
                (
                    contact.number,
                    contact.address.key,
                    contact.address.email,
                    contact.address.domain,
                    contact.first_name,
                    contact.last_name,
                    contact.language,
                    contact.timezone,
                    json.dumps(contact.attributes),
                )
            )


def merge_doubles(job_id: int) -> int:
    """Make one row of all rows with the same address, report the others; return how many.

    To be called once, in a transaction, after everything is staged.
    """
    with connection.cursor() as cursor:
        cursor.execute(_INDEX)
        cursor.execute(_DOUBLES)
        cursor.execute(_REPORT_DOUBLES, {"job": job_id, "code": SAME_ADDRESS})
        double_count: int = cursor.rowcount
        if double_count:
            cursor.execute(_MERGE_DOUBLES)
            cursor.execute(_DELETE_DOUBLES)
    return double_count


def staged_count() -> int:
    """Return how many rows are staged."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM pg_temp.import_rows")
        return int(cursor.fetchone()[0])


def last_number_of_first(count: int) -> int:
    """Return the number of the last among the first `count` staged rows, 0 for none."""
    with connection.cursor() as cursor:
        cursor.execute(_LAST_OF_FIRST, [count])
        return int(cursor.fetchone()[0] or 0)


def staged_piece(*, after: int, limit: int) -> list[StagedRow]:
    """Return the next staged rows in the order of the file, after that row number."""
    with connection.cursor() as cursor:
        cursor.execute(_PIECE, [after, limit])
        return [StagedRow(*row) for row in cursor.fetchall()]


def unsubscribed_among(email_keys: Sequence[str], *, target: Target) -> set[str]:
    """Return those who have left the list of the import."""
    if target.list_id is None:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_UNSUBSCRIBED, [target.list_id, target.organization_id, list(email_keys)])
        return {row[0] for row in cursor.fetchall()}


def count_new(email_keys: Collection[str], *, target: Target) -> int:
    """Return how many of the addresses would make a new contact."""
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [target.organization_id, list(email_keys)])
        return len(email_keys) - int(cursor.fetchone()[0])


def apply(numbers: Sequence[int], *, target: Target) -> int:
    """Write these staged rows as contacts and subscriptions; return how many contacts are new.

    Empty cells leave what is known; attributes are merged by name.
    """
    bound = {
        "organization": target.organization_id,
        "list": target.list_id,
        "job": target.job_id,
        "now": target.now,
        "provider": UNKNOWN,
        "numbers": list(numbers),
    }
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT, bound)
        new_count: int = sum(is_new for (is_new,) in cursor.fetchall())
        if target.list_id is not None:
            cursor.execute(_SUBSCRIBE, bound)
    return new_count


def refresh_statistics() -> None:
    """Let the planner know how the tables have grown; autovacuum comes too late for one import.

    Without it every piece is joined by reading all contacts: minutes at a million.
    """
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE (SKIP_LOCKED) campaigns_contact, campaigns_subscription")


def refuse(refusals: Iterable[Refusal], *, job_id: int, skipped: bool) -> None:
    """Store why rows did not go in, or what was left out of them."""
    with connection.cursor() as cursor, cursor.copy(_REFUSE) as copy:
        for refusal in refusals:
            copy.write_row((job_id, *refusal, skipped))
