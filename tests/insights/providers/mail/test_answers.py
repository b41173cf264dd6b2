"""Tests of telling answers of people and of machines apart."""

from __future__ import annotations

import pytest

from insights.providers.mail.reading import MailKind
from tests.insights.providers.mail.samples import UNSUBSCRIBE_TOKEN, read

MACHINES = [
    b"Subject: Re: x\nAuto-Submitted: auto-replied",
    b"Subject: Re: x\nAuto-Submitted: auto-replied (vacation)",
    b"Subject: Re: x\nX-Autoreply: yes",
    b"Subject: Re: x\nPrecedence: auto_reply",
    b"Subject: Automatic reply: x",
    b"Subject: =?utf-8?Q?R=C3=A9ponse_automatique_=3A?= x",
    b"Subject: Automatische Antwort: x",
    b"Subject: AUTO: Jane is out of the office (returning 09/18)",
    b"Subject: Re: x\nAuto-Submitted: auto-generated",
    b"Subject: Out of office\nReturn-Path: <>",
]


def mail(headers: bytes, body: bytes = b"Hello") -> bytes:
    return b"From: jane@shop.example\nTo: news@acme.example\n" + headers + b"\n\n" + body


class TestAnswers:
    @pytest.mark.parametrize("headers", MACHINES)
    def test_of_machines_are_no_replies(self, headers):
        assert read(mail(headers)).kind is MailKind.AUTO_REPLY

    @pytest.mark.parametrize(
        "headers",
        [
            b"Subject: Re: x",
            b"Subject: AW: x",
            b"Subject: x\nIn-Reply-To: <a@b.example>",
            b"Subject: Re: x\nAuto-Submitted: no",
            b"Subject: Re: Are you on vacation? Read this",
        ],
    )
    def test_of_people_are_replies(self, headers):
        reading = read(mail(headers))

        assert reading.kind is MailKind.REPLY
        assert reading.findings[0].recipient == "jane@shop.example"

    def test_need_two_weak_signs_to_be_a_machines(self):
        weak = b"Subject: Re: out of office"

        assert read(mail(weak)).kind is MailKind.REPLY
        assert read(mail(weak, b"I am currently away.")).kind is MailKind.AUTO_REPLY

    @pytest.mark.parametrize("headers", [b"Subject: Our offer", b"Subject: Fwd: x"])
    def test_are_not_every_mail(self, headers):
        assert read(mail(headers)).kind is MailKind.NONE

    def test_are_not_what_a_list_sends(self):
        assert read(mail(b"Subject: News\nPrecedence: bulk")).kind is MailKind.NONE


class TestUnsubscribe:
    @pytest.mark.parametrize(
        ("to", "subject"),
        [
            (f"unsubscribe+{UNSUBSCRIBE_TOKEN}@bounce.acme.example", "unsubscribe"),
            (f'"x" <UNSUBSCRIBE+{UNSUBSCRIBE_TOKEN}@bounce.acme.example>', ""),
            ("unsubscribe@bounce.acme.example", f"unsubscribe {UNSUBSCRIBE_TOKEN}"),
            ("news@acme.example", f"Unsubscribe: {UNSUBSCRIBE_TOKEN}"),
        ],
    )
    def test_is_known_by_address_or_subject(self, to, subject):
        found = read(f"From: jane@shop.example\nTo: {to}\nSubject: {subject}\n\n".encode())

        assert found.kind is MailKind.UNSUBSCRIBE
        assert found.references.unsubscribe_token == UNSUBSCRIBE_TOKEN

    def test_is_known_by_the_envelope(self):
        to = f"unsubscribe+{UNSUBSCRIBE_TOKEN}@bounce.acme.example"

        found = read(b"From: jane@shop.example\nSubject: x\n\n", envelope_to=to)

        assert found.references.unsubscribe_token == UNSUBSCRIBE_TOKEN

    def test_stays_visible_without_a_token_but_points_at_nothing(self):
        found = read(b"From: jane@shop.example\nTo: unsubscribe@bounce.acme.example\n\n")

        assert found.kind is MailKind.UNSUBSCRIBE
        assert found.references.unsubscribe_token == ""

    def test_may_be_written_by_a_mail_program(self):
        to = f"unsubscribe+{UNSUBSCRIBE_TOKEN}@bounce.acme.example".encode()

        found = read(b"From: a@b.example\nTo: " + to + b"\nAuto-Submitted: auto-generated\n\n")

        assert found.kind is MailKind.UNSUBSCRIBE

    def test_is_not_done_by_a_vacation_notice(self):
        assert read("vacation_to_unsubscribe").kind is MailKind.AUTO_REPLY

    def test_is_not_done_by_a_word_in_the_subject(self):
        assert read(mail(b"Subject: Re: how do I unsubscribe?")).kind is MailKind.REPLY
