"""The words for what a mail says."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime

from insights.events import BounceClass
from insights.providers.mail.headers import Headers
from insights.reports import References


class MailKind(enum.StrEnum):
    """What a mail is."""

    BOUNCE = "bounce"  # somebody could not be reached
    DELAYED = "delayed"  # a warning: not there yet, still being tried
    DELIVERED = "delivered"  # the report of a success
    COMPLAINT = "complaint"  # a feedback report; see Finding.feedback_type
    UNSUBSCRIBE = "unsubscribe"  # a mail to the address of our List-Unsubscribe
    AUTO_REPLY = "auto_reply"  # a machine answered: vacation, ticket system
    REPLY = "reply"  # a person answered
    NONE = "none"  # nothing that we know


class Action(enum.StrEnum):
    """What the reporting system did about one recipient (RFC 3464 2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"  # handed to a system that reports nothing back
    EXPANDED = "expanded"  # delivered to a list behind the address
    DELIVERABLE = "deliverable"  # asked for, and would have been taken (Postfix, sendmail)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a mail says about one address."""

    kind: MailKind
    recipient: str = ""  # as the reporting system names it
    original_recipient: str = ""  # as we named it, where the report says so
    action: Action | None = None
    status: str = ""  # enhanced code
    smtp_code: int | None = None
    diagnostic: str = ""  # what the server said, on one line, otherwise as it stands
    remote_host: str = ""
    bounce_class: BounceClass | None = None  # of a bounce
    feedback_type: str = ""  # of a complaint: abuse, fraud, opt-out, auth-failure, ...
    source_ip: str = ""  # our sending IP, where a complaint names it
    happened_at: datetime | None = None  # aware; where the report says so


@dataclass(frozen=True, slots=True)
class Reading:
    """What a mail is, what it says, and which of our messages it is about."""

    kind: MailKind
    received_at: datetime  # aware; when the mail came in
    findings: tuple[Finding, ...] = ()
    references: References = field(default_factory=References)
    returned: Headers = field(default_factory=Headers)  # of our message, as far as it came back
    mail_key: str = ""  # Message-ID of the mail itself, or a digest where it has none
    written_at: datetime | None = None  # aware; its Date
