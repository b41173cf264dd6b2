"""What the audience writes is read as what it is, about the message that it is about."""

from __future__ import annotations

import datetime as dt

import pytest

from common.tokens import Purpose
from insights.events import EventType
from insights.providers.mail.reader import read_mail
from insights.providers.mail.reading import MailKind
from insights.providers.mail.reports import reports
from sandbox.audience.deeds import WRITTEN, Action, Deed, Trouble, Who
from sandbox.audience.letters import read_letter
from sandbox.audience.mails import write
from tests.sandbox.audience.written import MESSAGE_ID, RECIPIENT_ID, SIGNER, raw_letter

NOW = dt.datetime(2026, 11, 23, 9, 30, tzinfo=dt.UTC)
ADDRESSES = [
    f"anna@{domain}.example" for domain in ("gmail", "outlook", "yahoo", "icloud", "gmx", "firm")
]
SUBJECTS = ["Winter roast", "=?utf-8?b?0K7Qu9C40Y8sIHRoZSB3aW50ZXIgcm9hc3Q=?="]
KINDS = {
    Deed.REPLY: (MailKind.REPLY, EventType.REPLIED),
    Deed.AUTO_REPLY: (MailKind.AUTO_REPLY, None),
    Deed.UNSUBSCRIBE_BY_MAIL: (MailKind.UNSUBSCRIBE, EventType.UNSUBSCRIBED),
    Deed.COMPLAIN: (MailKind.COMPLAINT, EventType.COMPLAINED),
    Deed.COMPLAIN_IN_WORDS: (MailKind.COMPLAINT, EventType.COMPLAINED),
    Deed.BOUNCE: (MailKind.BOUNCE, EventType.BOUNCED),
    Deed.BOUNCE_IN_WORDS: (MailKind.BOUNCE, EventType.BOUNCED),
}


def read_back(deed, *, address="anna@gmail.example", subject="Winter roast", trouble=None):
    action = Action(0.0, deed, Who.PERSON, trouble=trouble)
    post = write(action, read_letter(raw_letter(address, subject=subject)), now=NOW)
    return post, read_mail(post.data, received_at=NOW, envelope_to=post.to)


class TestWrite:
    @pytest.mark.parametrize("subject", SUBJECTS)
    @pytest.mark.parametrize("address", ADDRESSES)
    @pytest.mark.parametrize("deed", sorted(WRITTEN))
    def test_is_read_as_what_it_is_about_the_very_message(self, deed, address, subject):
        trouble = Trouble.GONE if deed in (Deed.BOUNCE, Deed.BOUNCE_IN_WORDS) else None

        _, reading = read_back(deed, address=address, subject=subject, trouble=trouble)

        kind, event_type = KINDS[deed]
        told = reports(reading)
        assert reading.kind is kind
        assert [report.event_type for report in told] == [event_type] * (event_type is not None)
        assert all(names_the_message(report.references) for report in told)

    @pytest.mark.parametrize("deed", [Deed.BOUNCE, Deed.BOUNCE_IN_WORDS])
    @pytest.mark.parametrize("trouble", list(Trouble))
    @pytest.mark.parametrize("address", ADDRESSES)
    def test_bounces_in_the_class_of_the_trouble(self, deed, trouble, address):
        _, reading = read_back(deed, address=address, trouble=trouble)

        (report,) = reports(reading)
        assert report.bounce_class == trouble.value

    def test_comes_back_to_the_return_path(self):
        post, _ = read_back(Deed.BOUNCE, trouble=Trouble.FULL)

        token = post.to.partition("@")[0]
        assert SIGNER.read(token, purpose=Purpose.RETURN_PATH) == RECIPIENT_ID

    def test_answers_where_answers_are_asked_for(self):
        post, _ = read_back(Deed.REPLY)

        assert post.to == "hello@demo.example"

    def test_does_not_say_in_a_report_who_complained(self):
        post, _ = read_back(Deed.COMPLAIN, address="anna@yahoo.example")

        assert b"anna@yahoo.example" not in post.data

    def test_is_the_same_mail_when_written_again(self):
        first, _ = read_back(Deed.REPLY)
        second, _ = read_back(Deed.REPLY)

        assert first == second

    def test_writes_no_mail_for_what_is_done_on_the_web(self):
        with pytest.raises(ValueError, match="no mail"):
            read_back(Deed.OPEN)


def names_the_message(references) -> bool:
    """Return whether a token that we signed, or our Message-ID, says which message it is."""
    return (
        SIGNER.read(references.return_path, purpose=Purpose.RETURN_PATH) == RECIPIENT_ID
        or SIGNER.read(references.unsubscribe_token, purpose=Purpose.UNSUBSCRIBE) == RECIPIENT_ID
        or references.message_id == MESSAGE_ID
    )
