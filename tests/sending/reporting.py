"""Payloads about a message of ours, byte by byte as others send them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from campaigns.models import Organization, Recipient
from campaigns.states import RecipientState
from common.conf import token_signer
from insights.models import HourlyCount, InboxKey
from tests.factories.campaigns import ContactFactory, RecipientFactory
from tests.factories.insights import InboxKeyFactory

SECRET = "open sesame"
HAPPENED = datetime(2026, 11, 21, 4, 23, 20, tzinfo=UTC)
NOW = datetime(2026, 11, 21, 5, tzinfo=UTC)
RANDOM = "0123456789abcdef0123456789abcdef"


def sent_row(
    organization: Organization, address: str = "ann@mail.example", **given: Any
) -> Recipient:
    """Return a message that went out, with a Message-ID and a queue id as the ledger gives them."""
    contact = given.pop("contact", None) or ContactFactory(organization=organization, email=address)
    row: Recipient = RecipientFactory(
        campaign__organization=organization,
        contact=contact,
        state=RecipientState.SENT,
        **given,
    )
    row.message_id = f"{row.pk:x}.{RANDOM}@news.example.com"
    row.queue_id = row.queue_id or f"{row.pk + 0x4AFE0000:x}"
    row.save()
    return row


def return_path(row: Recipient) -> str:
    return f"{token_signer().for_message(row.pk).return_path}@bounce.example.com"


def stalwart_event(
    row: Recipient, kind: str = "delivery.rcpt-to-rejected", *, at: datetime = HAPPENED, **data: Any
) -> dict[str, Any]:
    """Return an event about a message; of itself a refusal for good, of an unknown user."""
    return {
        "id": "1795235000217",
        "createdAt": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "type": kind,
        "data": {
            "spanId": 7 + int(at.timestamp()),
            "queueId": int(row.queue_id, 16),
            "from": return_path(row),
            "to": row.email,
            "hostname": "mx.mail.example",
            "code": 550,
            "details": "5.1.1 User unknown",
        }
        | data,
    }


def batch(*events: dict[str, Any]) -> bytes:
    return json.dumps({"events": events}).encode()


def signature(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def stalwart_key(organization: Organization) -> InboxKey:
    key: InboxKey = InboxKeyFactory(organization=organization, source="stalwart", secret=SECRET)
    return key


def bounce_mail(
    row: Recipient,
    *,
    to: str = "bounces@example.com",
    message_id: str = "",
    queue_id: str = "",
    status: str = "5.1.1",
    diagnostic: str = "550 5.1.1 User unknown",
    at: datetime = HAPPENED,
) -> bytes:
    """Return a delivery status notification (RFC 3464) about a message."""
    returned = f"Message-ID: <{message_id}>\n" if message_id else ""
    queued = f"X-Postfix-Queue-ID: {queue_id}\n" if queue_id else ""
    date = at.strftime("%a, %d %b %Y %H:%M:%S +0000")
    return f"""Return-Path: <>
From: MAILER-DAEMON@out.example.com
To: {to}
Subject: Undelivered Mail Returned to Sender
Date: {date}
Message-ID: <{hashlib.md5(returned.encode()).hexdigest()}@out.example.com>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="part"

--part
Content-Type: text/plain; charset=us-ascii

<{row.email}>: host mx.mail.example[198.51.100.7] said: {diagnostic}
    (in reply to RCPT TO command)

--part
Content-Type: message/delivery-status

Reporting-MTA: dns; out.example.com
{queued}Arrival-Date: {date}

Final-Recipient: rfc822; {row.email}
Action: failed
Status: {status}
Remote-MTA: dns; mx.mail.example
Diagnostic-Code: smtp; {diagnostic}
Last-Attempt-Date: {date}

--part
Content-Type: text/rfc822-headers

From: News <news@example.com>
To: {row.email}
Subject: November offers
{returned}
--part--
""".replace("\n", "\r\n").encode()


def complaint_mail(row: Recipient) -> bytes:
    """Return a feedback report (RFC 5965) that names our return path."""
    return f"""From: feedback@mailbox.example
To: fbl@example.com
Subject: Complaint
Date: Sat, 21 Nov 2026 04:23:20 +0000
Message-ID: <fbl1@mailbox.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="part"

--part
Content-Type: text/plain

This is an abuse report.

--part
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Example/1.0
Version: 1
Original-Mail-From: <{return_path(row)}>
Arrival-Date: Sat, 21 Nov 2026 04:00:00 +0000

--part
Content-Type: message/rfc822

From: News <news@example.com>
To: {row.email}
Subject: November offers
Message-ID: <{row.message_id}>

Hello
--part--
""".replace("\n", "\r\n").encode()


def unsubscribe_mail(row: Recipient) -> bytes:
    """Return what a mail program sends to the address in our List-Unsubscribe."""
    token = token_signer().for_message(row.pk).unsubscribe
    return f"""From: {row.email}
To: <unsubscribe+{token}@example.com>
Subject: unsubscribe
Date: Sat, 21 Nov 2026 04:23:20 +0000
Message-ID: <u1@mail.example>

Please
""".replace("\n", "\r\n").encode()


def figures() -> set[tuple[Any, ...]]:
    """Return all hourly counts, and the facts of the ledger."""
    counts = [
        tuple(values)
        for values in HourlyCount.objects.values_list(
            "hour", "campaign_id", "deferred", "delivered", "bounced", "bounced_hard",
            "bounced_soft", "bounced_block", "complaints", "unsubscribes",
        )
        if any(values[2:])
    ]  # fmt: skip
    facts = Recipient.objects.values_list(
        "pk", "state", "delivered_at", "bounced_at", "bounce_class", "smtp_code", "smtp_response",
        "complained_at", "unsubscribed_at",
    )  # fmt: skip
    return {*counts, *facts}


def later(minutes: int) -> datetime:
    return HAPPENED + timedelta(minutes=minutes)
