"""Finding out who filters the mail of contacts: domains are noticed, looked up, judged, applied.

The database is the queue. A contact whose provider is not known says so; domains are taken from
there, so that an import writes nothing more than its rows. See docs/mailbox-providers.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet

from campaigns.models import Contact
from common.providers import UNKNOWN
from common.storable import storable
from insights.lookups import Answer, Finding, look_up
from insights.mailboxes import RuleBook
from insights.models import DomainStatus, MailDomain
from insights.operations.contact_providers import apply
from insights.queries.mailboxes import answer_in, judged, rule_book

TURN: Final = timedelta(seconds=5)  # of one task; what it has begun by then it ends
BATCH_DOMAINS: Final = 1_000  # looked up at a time
BATCH_SECONDS: Final = 4.0  # in which they are; the rest waits for the next turn
JUDGED_DOMAINS: Final = 1_000  # in one transaction
NOTICED_DOMAINS: Final = 50_000  # in one turn
LEASE: Final = timedelta(minutes=5)  # after which others look up what a dead worker took
# RFC 2181 8 lets a TTL be capped; shorter than a day is of no use for what changes once in years.
SHORTEST_LIFE: Final = timedelta(days=1)
LONGEST_LIFE: Final = timedelta(days=7)
FIRST_PAUSE: Final = timedelta(minutes=1)  # after a lookup without an answer
PAUSE_FACTOR: Final = 4  # each further pause is so many times as long
LONGEST_PAUSE: Final = timedelta(days=1)

# One statement for all rows; `bulk_update` takes seconds for a thousand with this many columns.
_STORE: Final = """
UPDATE insights_maildomain AS known
SET status = new.status, provider = new.provider, gateway = new.gateway,
    mx_hosts = new.mx_hosts, looked_up_at = new.looked_up_at, expires_at = new.expires_at,
    due_at = new.due_at, failures = new.failures, problem = new.problem,
    unjudged = new.unjudged, unapplied = new.unapplied
FROM jsonb_to_recordset(%(rows)s::jsonb) AS new (
    id bigint, status text, provider text, gateway text, mx_hosts text[],
    looked_up_at timestamptz, expires_at timestamptz, due_at timestamptz, failures smallint,
    problem text, unjudged boolean, unapplied boolean)
WHERE known.id = new.id
"""
_STORED: Final = (
    "id", "status", "provider", "gateway", "mx_hosts", "looked_up_at", "expires_at", "due_at",
    "failures", "problem", "unjudged", "unapplied",
)  # fmt: skip
_NOTICE: Final = """
INSERT INTO insights_maildomain (
    domain, status, provider, gateway, mx_hosts, due_at, failures, problem, unjudged, unapplied)
SELECT wanted.domain, 'waiting', 'unknown', '', '{}',
    CASE WHEN wanted.domain = ANY(%(named)s) THEN NULL ELSE %(now)s::timestamptz END,
    0, '', wanted.domain = ANY(%(named)s), false
FROM (SELECT DISTINCT domain FROM campaigns_contact WHERE provider = 'unknown') AS wanted
WHERE NOT EXISTS (
    SELECT FROM insights_maildomain AS known WHERE known.domain = wanted.domain)
ORDER BY wanted.domain LIMIT %(limit)s
ON CONFLICT (domain) DO NOTHING
"""


def learn(*, nameservers: tuple[str, ...], clock: Callable[[], datetime]) -> None:
    """Take one turn: bring what is known to contacts, and look up what is due.

    A turn ends early when no nameserver answers; the others of the batch wait for the next.
    """
    ends = clock() + TURN
    notice(now=clock())
    while clock() < ends and judge(now=clock()):
        pass
    apply(until=ends, clock=clock)
    while clock() < ends and look_up_due(nameservers=nameservers, clock=clock):
        apply(until=ends, clock=clock)


def notice(*, now: datetime) -> int:
    """Note down the domains of contacts without a provider; return how many are new.

    Those that a rule names are to be judged, all others to be looked up.
    """
    named = list(rule_book().domains)
    with connection.cursor() as cursor:
        cursor.execute(_NOTICE, {"now": now, "named": named, "limit": NOTICED_DOMAINS})
        return int(cursor.rowcount)


def judge(*, now: datetime) -> int:
    """Hold domains against rules that were changed, without DNS; return how many were left.

    The rules are read once the rows are locked: a change that comes later marks them again.
    """
    with transaction.atomic():
        waiting = MailDomain.objects.filter(unjudged=True).order_by("pk")
        rows = list(waiting.select_for_update(skip_locked=True)[:JUDGED_DOMAINS])
        book = rule_book()
        for row in rows:
            _judge(row, book=book, now=now)
        _store(rows)
    return len(rows)


def look_up_due(*, nameservers: tuple[str, ...], clock: Callable[[], datetime]) -> bool:
    """Look up one batch of what is due; say whether it is worth going on."""
    domains = claim(now=clock())
    answers = look_up(domains, nameservers=nameservers, seconds=BATCH_SECONDS)
    record(answers, now=clock())
    unasked = [domain for domain in domains if domain not in answers]
    MailDomain.objects.filter(domain__in=unasked).update(due_at=clock())
    return any(answer.finding is not Finding.NO_ANSWER for answer in answers.values())


def claim(*, now: datetime) -> list[str]:
    """Return domains that are due and that nobody else will take up for a while.

    One that no contact is at any more is forgotten instead.
    """
    with transaction.atomic():
        due = MailDomain.objects.filter(due_at__lte=now).order_by("due_at", "pk")
        inhabited = Exists(Contact.objects.filter(domain=OuterRef("domain")))
        rows = list(
            due.select_for_update(skip_locked=True)
            .annotate(inhabited=inhabited)
            .values_list("pk", "domain", "inhabited")[:BATCH_DOMAINS]
        )
        taken = [(pk, domain) for pk, domain, is_inhabited in rows if is_inhabited]
        MailDomain.objects.filter(pk__in=[pk for pk, _ in taken]).update(due_at=now + LEASE)
        MailDomain.objects.filter(
            pk__in=[pk for pk, _, is_inhabited in rows if not is_inhabited]
        ).delete()
    return [domain for _, domain in taken]


def record(answers: Mapping[str, Answer], *, now: datetime) -> None:
    """Write down what the DNS said, and who filters the mail by that."""
    with transaction.atomic():
        known = MailDomain.objects.filter(domain__in=list(answers)).order_by("pk")
        rows = list(known.select_for_update())
        book = rule_book()
        for row in rows:
            _learn(row, answers[row.domain], now=now)
            _judge(row, book=book, now=now)
        _store(rows)


def look_up_again(rows: QuerySet[MailDomain, MailDomain], *, now: datetime) -> int:
    """Have domains looked up in the next turn; return how many.

    What a rule names is held against the rules again: it needs no lookup.
    """
    wanted = MailDomain.objects.filter(pk__in=list(rows.values_list("pk", flat=True)))
    named = wanted.filter(status=DomainStatus.NAMED).update(unjudged=True)
    return named + wanted.exclude(status=DomainStatus.NAMED).update(due_at=now, failures=0)


def _store(rows: Sequence[MailDomain]) -> None:
    values = [{column: getattr(row, column) for column in _STORED} for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(_STORE, {"rows": json.dumps(values, cls=DjangoJSONEncoder)})


def _learn(row: MailDomain, answer: Answer, *, now: datetime) -> None:
    """Put an answer into a row. Without one the row keeps what it knew."""
    if answer.finding is Finding.NO_ANSWER:
        row.failures += 1
        row.problem = storable(answer.problem)
        row.due_at = now + pause_after(row.failures)
        return
    row.unapplied = row.looked_up_at is not None  # whatever contacts say by now is mended with it
    row.status = DomainStatus(answer.finding.value)
    row.mx_hosts = list(answer.hosts)
    row.looked_up_at = now
    row.expires_at = row.due_at = now + life_of(answer.ttl_seconds)
    row.failures, row.problem = 0, ""


def _judge(row: MailDomain, *, book: RuleBook, now: datetime) -> None:
    """Put into a row who filters its mail, as the rules are now."""
    row.unjudged = False
    before = row.provider, row.gateway
    if book.by_name(row.domain) is not None:
        row.status, row.due_at, row.expires_at = DomainStatus.NAMED, None, None
        row.failures, row.problem = 0, ""
    elif row.status == DomainStatus.NAMED:
        row.status, row.due_at = DomainStatus.WAITING, now  # the rule that named it is gone
    if row.status == DomainStatus.WAITING:
        return  # what it is taken for stays until something better is known
    verdict = judged(row.domain, answer_in(row), book=book)
    row.provider, row.gateway = verdict.provider, verdict.gateway
    row.unapplied = row.unapplied or before not in {(UNKNOWN, ""), (row.provider, row.gateway)}


def life_of(ttl_seconds: int | None) -> timedelta:
    """Return how long an answer is kept: as its publisher says, within bounds."""
    said = timedelta(seconds=ttl_seconds or 0)
    return min(max(said, SHORTEST_LIFE), LONGEST_LIFE)


def pause_after(failures: int) -> timedelta:
    """Return how long to wait after so many lookups without an answer, one after the other."""
    steps = min(failures - 1, 10)  # far beyond the longest pause
    return min(FIRST_PAUSE * int(PAUSE_FACTOR**steps), LONGEST_PAUSE)
