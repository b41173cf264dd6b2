"""The mails that the audience writes: answers, complaints and late bounces."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import hashlib
from dataclasses import dataclass
from email.message import EmailMessage, Message
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime
from typing import Final

from sandbox.audience.deeds import Action, Deed, Trouble
from sandbox.audience.letters import Letter
from sandbox.providers import provider_of

_POLICY: Final = email.policy.SMTP
# What a server says long after it took a message: status, SMTP code, words.
_WORDS: Final = {
    Trouble.GONE: ("5.1.1", 550, "The mailbox {address} does not exist."),
    Trouble.FULL: ("5.2.2", 552, "The mailbox {address} is full: quota exceeded."),
    Trouble.REFUSED: ("5.7.1", 554, "Message refused by policy: it looks like spam."),
}
_REPLIES: Final = (
    "Thank you, that looks good. Do you ship to Norway as well?",
    "Is the smoked tea still there next week?",
    "My order of last Monday has not arrived yet. Can you look?",
)
_AWAY: Final = "I am out of the office until Monday and read no mail. This is an automatic reply."


@dataclass(frozen=True, slots=True)
class Post:
    """A mail on its way to us: the address it goes to, and its octets."""

    to: str
    data: bytes


def write(action: Action, letter: Letter, *, now: dt.datetime) -> Post:
    """Return the mail that a deed consists of."""
    match action.deed:
        case Deed.REPLY:
            return _reply(letter, now=now)
        case Deed.AUTO_REPLY:
            return _auto_reply(letter, now=now)
        case Deed.UNSUBSCRIBE_BY_MAIL:
            return _unsubscribe(letter, now=now)
        case Deed.COMPLAIN:
            return _report_of_complaint(letter, now=now)
        case Deed.COMPLAIN_IN_WORDS:
            return _worded_complaint(letter, now=now)
        case Deed.BOUNCE:
            return _status_report(letter, action.trouble or Trouble.GONE, now=now)
        case Deed.BOUNCE_IN_WORDS:
            return _worded_bounce(letter, action.trouble or Trouble.GONE, now=now)
    raise ValueError(f"no mail is written to {action.deed}")


def said_of(trouble: Trouble, address: str) -> tuple[str, int, str]:
    """Return what a server says of an address in trouble: status, SMTP code, words."""
    status, code, words = _WORDS[trouble]
    return status, code, words.format(address=address)


def _answer(letter: Letter, *, to: str, subject: str, now: dt.datetime) -> EmailMessage:
    """Return a mail of the person, in answer to the letter."""
    address = letter.envelope.address
    answer = EmailMessage(_POLICY)
    answer["From"] = address
    answer["To"] = to
    answer["Subject"] = " ".join(subject.split())
    answer["Date"] = format_datetime(now)
    answer["Message-ID"] = _message_id(letter, to=to)
    answer["In-Reply-To"] = f"<{letter.envelope.message_id}>"
    answer["References"] = f"<{letter.envelope.message_id}>"
    return answer


def _message_id(letter: Letter, *, to: str) -> str:
    text = f"{letter.envelope.message_id} {to}".encode()
    digest = hashlib.blake2b(text, digest_size=12).hexdigest()
    return f"<{digest}@{letter.envelope.address.rpartition('@')[2]}>"


def _posted(message: Message, *, to: str) -> Post:
    return Post(to, message.as_bytes(policy=_POLICY))


def _reply(letter: Letter, *, now: dt.datetime) -> Post:
    to, id_ = letter.answers_to, letter.envelope.message_id
    reply = _answer(letter, to=to, subject=f"Re: {letter.envelope.subject}", now=now)
    said = _REPLIES[len(id_.partition("@")[0]) % len(_REPLIES)]
    reply.set_content(f"{said}\n\n> {letter.envelope.subject}\n")
    return _posted(reply, to=to)


def _auto_reply(letter: Letter, *, now: dt.datetime) -> Post:
    """Return a vacation notice; it goes to the return path, as RFC 3834 asks."""
    to = letter.envelope.return_path
    subject = f"Automatic reply: {letter.envelope.subject}"
    notice = _answer(letter, to=to, subject=subject, now=now)
    notice["Return-Path"] = "<>"
    notice["Auto-Submitted"] = "auto-replied"
    notice.set_content(f"{_AWAY}\n")
    return _posted(notice, to=to)


def _unsubscribe(letter: Letter, *, now: dt.datetime) -> Post:
    mail = EmailMessage(_POLICY)
    mail["From"] = letter.envelope.address
    mail["To"] = letter.unsubscribe_mailbox
    mail["Subject"] = "unsubscribe"
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = _message_id(letter, to="unsubscribe")
    mail.set_content("Please take me off this list.\n")
    return _posted(mail, to=letter.unsubscribe_mailbox)


def _desk(letter: Letter) -> str:
    """Return where a provider's feedback reports are sent to."""
    return f"complaints@{letter.envelope.return_path.rpartition('@')[2]}"


def _report_of_complaint(letter: Letter, *, now: dt.datetime) -> Post:
    """Return a feedback report (RFC 5965) that leaves out who complained, as most do."""
    host = provider_of(letter.envelope.address).host
    mail = MIMEMultipart("report", report_type="feedback-report", policy=_POLICY)
    _address_to(mail, sender=f"Feedback Loop <fbl@{host}>", to=_desk(letter), now=now)
    mail["Subject"] = f"FW: {' '.join(letter.envelope.subject.split())}"
    mail["Message-ID"] = _message_id(letter, to="complaint")
    mail.attach(MIMEText("One of our users marked the message below as spam.\n"))
    fields = (
        "Feedback-Type: abuse",
        "User-Agent: Sandbox-FBL/1.0",
        "Version: 1",
        f"Original-Mail-From: <{letter.envelope.return_path}>",
        f"Arrival-Date: {format_datetime(now)}",
        f"Reporting-MTA: dns; {host}",
    )
    mail.attach(_part("feedback-report", "\r\n".join(fields) + "\r\n"))
    mail.attach(_part("rfc822", _returned(letter, hidden=True) + "\r\n(The text is left out.)\r\n"))
    return _posted(mail, to=_desk(letter))


def _worded_complaint(letter: Letter, *, now: dt.datetime) -> Post:
    """Return a mail of a feedback desk that says in words what happened, with the message in it."""
    host = provider_of(letter.envelope.address).host
    mail = MIMEMultipart("mixed", policy=_POLICY)
    _address_to(mail, sender=f"Junk feedback <feedback@{host}>", to=_desk(letter), now=now)
    mail["Subject"] = "Spam complaint about your message"
    mail["Message-ID"] = _message_id(letter, to="complaint")
    mail.attach(MIMEText("One of our users reported the attached message as spam.\n"))
    mail.attach(_part("rfc822", _returned(letter) + "\r\n(The text is left out.)\r\n"))
    return _posted(mail, to=_desk(letter))


def _status_report(letter: Letter, trouble: Trouble, *, now: dt.datetime) -> Post:
    """Return a delivery status report (RFC 3464) to the return path of the message."""
    address = letter.envelope.address
    host = provider_of(address).host
    status, code, words = said_of(trouble, address)
    mail = MIMEMultipart("report", report_type="delivery-status", policy=_POLICY)
    _from_daemon(mail, letter, host=host, now=now)
    mail.attach(MIMEText(f"Your message to {address} could not be delivered.\n\n{words}\n"))
    fields = (
        f"Reporting-MTA: dns; {host}",
        f"Arrival-Date: {format_datetime(now)}",
        "",
        f"Final-Recipient: rfc822; {address}",
        "Action: failed",
        f"Status: {status}",
        f"Diagnostic-Code: smtp; {code} {status} {words}",
        f"Last-Attempt-Date: {format_datetime(now)}",
    )
    mail.attach(_part("delivery-status", "\r\n".join(fields) + "\r\n"))
    returned = MIMENonMultipart("text", "rfc822-headers")
    returned.set_payload(_returned(letter))
    mail.attach(returned)
    return _posted(mail, to=letter.envelope.return_path)


def _worded_bounce(letter: Letter, trouble: Trouble, *, now: dt.datetime) -> Post:
    """Return a bounce without any structure, as many a small server still writes it."""
    address = letter.envelope.address
    status, code, words = said_of(trouble, address)
    text = (
        "Your message could not be delivered. It was returned to you.\r\n\r\n"
        f"<{address}>:\r\n    {code} {status} {words}\r\n\r\n"
        f"--- The header of your message follows.\r\n\r\n{_returned(letter)}"
    )
    mail = MIMEText(text, policy=_POLICY)
    _from_daemon(mail, letter, host=provider_of(address).host, now=now)
    return _posted(mail, to=letter.envelope.return_path)


def _from_daemon(mail: Message, letter: Letter, *, host: str, now: dt.datetime) -> None:
    mail["Return-Path"] = "<>"
    sender = f"Mail Delivery System <MAILER-DAEMON@{host}>"
    _address_to(mail, sender=sender, to=letter.envelope.return_path, now=now)
    mail["Subject"] = "Undelivered Mail Returned to Sender"
    mail["Message-ID"] = _message_id(letter, to="bounce")
    mail["Auto-Submitted"] = "auto-replied"


def _address_to(mail: Message, *, sender: str, to: str, now: dt.datetime) -> None:
    mail["From"] = sender
    mail["To"] = to
    mail["Date"] = format_datetime(now)


def _part(subtype: str, text: str) -> Message:
    """Return a part of type message/... with this text."""
    return email.message_from_string(f"Content-Type: message/{subtype}\r\n\r\n{text}")


def _returned(letter: Letter, *, hidden: bool = False) -> str:
    """Return the header section of the message; where it is `hidden`, without whom it reached."""
    header = letter.header.decode("utf-8", "replace")
    address = letter.envelope.address
    return header.replace(address, "redacted@example.invalid") if hidden else header
