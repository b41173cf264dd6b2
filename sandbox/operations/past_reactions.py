"""What people and machines did about a campaign of the past, recorded as if it came in just then.

The audience's own plans say who did what; every open and click is judged as a request would be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import insights.operations.hits
import insights.queries.inbox
import sending.feedback
import sending.operations.tracking
from campaigns.models import Campaign
from campaigns.states import RecipientState
from insights.events import BounceClass, EventType, Source
from insights.messages import Message
from insights.operations.hits import Visitor
from insights.providers.base import natural_key
from insights.reports import References, Report
from sandbox.audience.deeds import Action, Deed, Trouble
from sandbox.audience.mails import said_of
from sandbox.audience.plans import plan
from sandbox.audience.tempo import TEMPOS
from sandbox.audience.visits import STEP_SECONDS, source_address
from sending.reported import Attributed

SEED: Final = 1  # that of the audience
_REPORTED: Final = {
    Deed.REPLY: EventType.REPLIED,
    Deed.COMPLAIN: EventType.COMPLAINED,
    Deed.COMPLAIN_IN_WORDS: EventType.COMPLAINED,
    Deed.UNSUBSCRIBE: EventType.UNSUBSCRIBED,
    Deed.UNSUBSCRIBE_BY_MAIL: EventType.UNSUBSCRIBED,
    Deed.BOUNCE: EventType.BOUNCED,
    Deed.BOUNCE_IN_WORDS: EventType.BOUNCED,
}


class _Done(NamedTuple):
    """One deed about one message, at its moment."""

    at: datetime
    action: Action
    message: Message


def record_reactions(campaign: Campaign, *, now: datetime) -> None:
    """Record what had been done about a campaign by now."""
    done = [one for one in _done(campaign) if one.at <= now]
    links = list(
        campaign.links.filter(dynamic=False).order_by("number").values_list("number", "url")
    )
    for one in sorted(done, key=lambda one: (one.at, one.message.recipient_id)):
        _note_hits(one, links=links)
    sending.operations.tracking.record_hits(now=now)
    reports = [_attributed(one) for one in done if one.action.deed in _REPORTED]
    sending.feedback.record_reports(reports, now=now)


def _done(campaign: Campaign) -> Iterator[_Done]:
    rows = campaign.recipients.filter(state=RecipientState.DELIVERED).order_by("pk")
    delivered = {pk: at for pk, at in rows.values_list("pk", "delivered_at") if at is not None}
    messages = insights.queries.inbox.messages(
        list(delivered), organization_id=campaign.organization_id
    )
    for pk, at in delivered.items():
        message = messages[pk]
        for action in plan(
            message.email, subject=campaign.subject, seed=SEED, tempo=TEMPOS["life"]
        ):
            yield _Done(at + timedelta(seconds=action.after_seconds), action, message)


def _note_hits(done: _Done, *, links: Sequence[tuple[int, str]]) -> None:
    at, action, message = done
    visitor = Visitor(action.agent, source_address(action, message.email))
    if action.deed is Deed.OPEN:
        insights.operations.hits.note(
            EventType.OPENED, recipient_id=message.recipient_id, visitor=visitor, now=at
        )
    for step, (number, url) in enumerate(_followed(action, links)):
        insights.operations.hits.note(
            EventType.CLICKED,
            recipient_id=message.recipient_id,
            visitor=visitor,
            url=url,
            link_number=number,
            now=at + timedelta(seconds=step * STEP_SECONDS),
        )


def _followed(action: Action, links: Sequence[tuple[int, str]]) -> Sequence[tuple[int, str]]:
    if action.deed is Deed.SCAN:
        return links
    if action.deed is Deed.CLICK and links:
        return [links[int(action.link * len(links))]]
    return ()


def _attributed(done: _Done) -> Attributed:
    at, action, message = done
    event_type = _REPORTED[action.deed]
    report = Report(
        event_type=event_type,
        ts=at,
        source=Source.MAIL,
        natural_key=natural_key("demo", message.recipient_id, event_type),
        references=References(address=message.email),
    )
    return Attributed(
        report if action.trouble is None else _bounced(report, action.trouble), message
    )


def _bounced(report: Report, trouble: Trouble) -> Report:
    status, code, words = said_of(trouble, report.references.address)
    return replace(
        report,
        smtp_code=code,
        enhanced_code=status,
        smtp_response=words,
        bounce_class=BounceClass(trouble.value),
    )
