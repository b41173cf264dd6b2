"""Writes of breakers: what providers answer opens them, probes close them, people override them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q

from campaigns.models import AuditEntry
from common.errors import DomainError
from iprouting.breakers import (
    EVIDENCE,
    LONGEST_OPEN,
    PROBE_WAIT,
    SILENCE,
    BreakerState,
    Hit,
    Rule,
    Standing,
    answer_text,
    fitting,
    heed,
)
from iprouting.models import Breaker
from iprouting.queries.breakers import rules, standing_of

LONGEST_EVIDENCE_CHARS = 300
_CLOSED, _PROBING = BreakerState.CLOSED.value, BreakerState.PROBING.value
_FIELDS = (
    "state", "until", "rate_per_minute", "connections", "reason", "rule_name", "by_report",
    "evidence", "recent", "times_opened", "opened_at", "probed_at", "changed_at", "changed_by",
)  # fmt: skip


class Refusal(NamedTuple):
    """A provider's answer to a message of an IP that was not taken."""

    ip: str
    provider: str
    recipient_id: int
    code: int | None
    response: str
    at: datetime


def learn(
    organization_id: int, refusals: Sequence[Refusal], *, by_report: bool, now: datetime
) -> list[Breaker]:
    """Open breakers whose rules fit often enough, and return those that opened.

    What counts is kept with the breaker, under its lock, so that all workers count together.
    """
    hits = _hits(refusals)
    if not hits:
        return []
    opened = []
    with transaction.atomic():
        for breaker in _locked(organization_id, hits, now=now):
            found = hits[breaker.ip, breaker.provider]
            if _heed(breaker, found, by_report=by_report, now=now):
                opened.append(breaker)
            breaker.save(update_fields=_FIELDS)
    return opened


def _hits(
    refusals: Sequence[Refusal],
) -> dict[tuple[str, str], list[tuple[Rule, Refusal]]]:
    hits: dict[tuple[str, str], list[tuple[Rule, Refusal]]] = defaultdict(list)
    book = rules() if refusals else []
    for refusal in refusals:
        text = answer_text(refusal.code, refusal.response)
        for rule in fitting(book, provider=refusal.provider, text=text):
            hits[refusal.ip, refusal.provider].append((rule, refusal))
    return dict(hits)


def _locked(
    organization_id: int, keys: Iterable[tuple[str, str]], *, now: datetime
) -> list[Breaker]:
    """Return the breakers, made where missing, all in one order so that no two workers wait."""
    wanted = sorted(keys)
    Breaker.objects.bulk_create(
        [
            Breaker(organization_id=organization_id, ip=ip, provider=provider, changed_at=now)
            for ip, provider in wanted
        ],
        ignore_conflicts=True,
    )
    rows = Breaker.objects.select_for_update().filter(_any_of(wanted), organization=organization_id)
    return list(rows.order_by("ip", "provider"))


def _any_of(keys: Iterable[tuple[str, str]]) -> Q:
    found = Q(pk__in=[])
    for ip, provider in keys:
        found |= Q(ip=ip, provider=provider)
    return found


def _heed(
    breaker: Breaker, found: Sequence[tuple[Rule, Refusal]], *, by_report: bool, now: datetime
) -> bool:
    """Change a breaker by some answers; return whether that opened it."""
    before = standing_of(breaker)
    after, rule = heed(before, [Hit(rule, refusal.at) for rule, refusal in found], now=now)
    breaker.evidence = [*breaker.evidence, *map(_evidence, found)][-EVIDENCE:]
    _stand(breaker, after)
    if rule is None:
        return False
    breaker.rule_name = rule.name
    breaker.by_report = by_report
    breaker.reason = _why(rule, found, again=after.times > 1)
    breaker.changed_at, breaker.changed_by = now, ""
    return True


def _evidence(found: tuple[Rule, Refusal]) -> dict[str, object]:
    rule, refusal = found
    text = answer_text(refusal.code, refusal.response)[:LONGEST_EVIDENCE_CHARS]
    return {
        "rule": rule.name,
        "recipient": refusal.recipient_id,
        "text": text,
        "at": refusal.at.isoformat(),
    }


def _why(rule: Rule, found: Sequence[tuple[Rule, Refusal]], *, again: bool) -> str:
    last = next(refusal for one, refusal in reversed(found) if one.id == rule.id)
    text = answer_text(last.code, last.response)[:LONGEST_EVIDENCE_CHARS]
    if again:
        return f"Still answers so, therefore for longer: {text}"
    times = "once" if rule.matches == 1 else f"{rule.matches} times within {_span(rule.window)}"
    return f"Answered {times}: {text}"


def _span(window: timedelta) -> str:
    minutes = round(window.total_seconds() / 60)
    if minutes == 60:  # noqa: PLR2004  minutes of an hour
        return "an hour"
    return f"{minutes} minutes" if minutes > 1 else f"{int(window.total_seconds())} seconds"


def _stand(breaker: Breaker, standing: Standing) -> None:
    breaker.state = standing.state.value
    breaker.until = standing.until
    breaker.opened_at = standing.opened_at
    breaker.probed_at = standing.probed_at
    breaker.times_opened = standing.times
    breaker.rate_per_minute, breaker.connections = standing.rate, standing.connections
    breaker.recent = {
        str(rule_id): [at.isoformat() for at in times] for rule_id, times in standing.recent.items()
    }


def take_probes(breaker_id: int, *, now: datetime) -> bool:
    """Claim the right to probe a provider; false when another worker was quicker.

    Whoever is granted it and never sends anything costs the others a minute.
    """
    own = Breaker.objects.filter(pk=breaker_id)
    over = own.filter(state=BreakerState.SUSPENDED.value, until__lte=now)
    unanswered = own.filter(state=_PROBING, probed_at__lte=now - PROBE_WAIT)
    claimed = over.update(
        state=_PROBING, until=None, probed_at=now, changed_at=now, changed_by=""
    ) or unanswered.update(probed_at=now)  # `changed_at` stays: since then nobody objected
    return bool(claimed)


def close_probed(
    organization_id: int,
    keys: Collection[tuple[str, str]],
    *,
    by_report: bool,
    now: datetime,
) -> int:
    """Close half-open breakers of (IP, provider) whose probes were taken; return how many.

    Who refused must be who takes: what a relay reported is not undone by the relay's own yes.
    """
    if not keys:
        return 0
    half_open = Breaker.objects.filter(
        _any_of(keys), organization=organization_id, state=_PROBING, by_report=by_report
    )
    return half_open.update(**_closing("It took the probing messages.", now=now))


def close_over(organization_id: int, *, now: datetime) -> int:
    """Close what has been slowed down for long enough, and probed without a bad word since."""
    slow = Q(state=BreakerState.SLOWED.value, until__lte=now)
    silent = Q(state=_PROBING, by_report=True, changed_at__lte=now - SILENCE)
    own = Breaker.objects.filter(organization=organization_id)
    count = own.filter(slow).update(**_closing("It did not object to the slower pace.", now=now))
    return count + own.filter(silent).update(**_closing("Probing met no objection.", now=now))


def _closing(reason: str, *, now: datetime, by: str = "") -> dict[str, object]:
    return {
        "state": _CLOSED,
        "until": None,
        "rate_per_minute": None,
        "connections": None,
        "times_opened": 0,
        "recent": {},
        "reason": reason,
        "changed_at": now,
        "changed_by": by,
    }


def close_by_hand(breaker: Breaker, *, reason: str, actor: str, now: datetime) -> None:
    """Let mail flow again at once, and note who wanted it. Raises DomainError without a reason."""
    _require_reason(reason)
    with transaction.atomic():
        Breaker.objects.filter(pk=breaker.pk).update(**_closing(reason.strip(), now=now, by=actor))
        _note(breaker, "closed", reason=reason, actor=actor, now=now)
    breaker.refresh_from_db()


def open_by_hand(
    breaker: Breaker, *, lasts: timedelta, reason: str, actor: str, now: datetime
) -> None:
    """Stop sending from the IP to the provider for some time, and note who wanted it.

    Raises DomainError without a reason, or for a time that is not up to a day.
    """
    _require_reason(reason)
    if not timedelta(0) < lasts <= LONGEST_OPEN:
        raise DomainError(
            "duration_invalid", "Choose a time of up to 24 hours.", {"field": "minutes"}
        )
    with transaction.atomic():
        Breaker.objects.filter(pk=breaker.pk).update(
            state=BreakerState.SUSPENDED.value,
            until=now + lasts,
            opened_at=now,
            probed_at=None,
            rate_per_minute=None,
            connections=None,
            times_opened=1,
            recent={},
            rule_name="",
            by_report=False,
            reason=reason.strip(),
            changed_at=now,
            changed_by=actor,
        )
        _note(breaker, "opened", reason=reason, actor=actor, now=now)
    breaker.refresh_from_db()


def breaker_for(organization_id: int, *, ip: str, provider: str, now: datetime) -> Breaker:
    """Return the breaker of an IP and a provider, a closed one if there was none."""
    breaker, _ = Breaker.objects.get_or_create(
        organization_id=organization_id, ip=ip, provider=provider, defaults={"changed_at": now}
    )
    return breaker


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise DomainError("reason_needed", "Say why.", {"field": "reason"})


def _note(breaker: Breaker, what: str, *, reason: str, actor: str, now: datetime) -> None:
    AuditEntry.objects.create(
        organization_id=breaker.organization_id,
        actor=actor,
        action=f"breaker.{what}",
        subject=f"{breaker.ip} at {breaker.provider}"[:200],
        details={"from": breaker.state, "reason": reason.strip()},
        at=now,
    )
