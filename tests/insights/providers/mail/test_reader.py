"""Tests of reading whole mails of every kind that is known."""

from __future__ import annotations

import pytest

from insights.events import BounceClass
from insights.providers.mail.reading import Action, MailKind
from tests.insights.providers.mail.samples import NAMES, raw, read

HARD, SOFT = BounceClass.HARD, BounceClass.SOFT
BLOCK, EXPIRED = BounceClass.BLOCK, BounceClass.EXPIRED

# sample -> recipient, class, SMTP code, enhanced code of each finding
BOUNCES = {
    "broken_boundary": [("jane@shop.example", HARD, 550, "5.1.1")],
    "courier": [("jane@shop.example", HARD, 550, "5.0.0")],
    "dma": [("jane@shop.example", HARD, 550, "5.1.1")],
    "domino": [("jane@shop.example", HARD, None, "")],
    "exchange_2003": [("jane@shop.example", HARD, None, "")],
    "exchange_2010_german": [("jane@shop.example", HARD, 550, "5.1.1")],
    "exim": [("jane@shop.example", HARD, 550, "")],
    "gateway_envelope": [("jane@shop.example", HARD, None, "5.1.1")],
    "gmail_old": [("jane@shop.example", SOFT, 552, "5.2.2")],
    "google_dns": [("jane@nowhere.example", EXPIRED, None, "4.0.0")],
    "interscan": [("jane@shop.example", HARD, 550, "5.1.1")],
    "japanese": [("jane@shop.example", HARD, 550, "5.1.1")],
    "mailmarshal": [("jane@shop.example", HARD, 550, "5.1.1")],
    "mailru": [("jane@shop.example", SOFT, 550, "5.2.2")],
    "mobile_carrier": [("sato@carrier.example", SOFT, None, "")],
    "office_365": [("jane@shop.example", BLOCK, 550, "5.7.1")],
    "old_sendmail": [
        ("jane@shop.example", HARD, 550, ""),
        ("joe@nowhere.example", HARD, 550, ""),
    ],
    "opensmtpd": [("jane@shop.example", HARD, 550, "5.1.1")],
    "postfix_after_data": [("sato@carrier.example", BLOCK, 550, "5.0.0")],
    "postfix_rcpt": [("jane@shop.example", HARD, 550, "5.0.0")],
    "qmail": [("jane@shop.example", HARD, 550, ""), ("joe@shop.example", BLOCK, 553, "5.1.8")],
    "ses_bounce": [("jane@shop.example", HARD, 550, "5.1.1")],
    "vade": [("jane@shop.example", SOFT, 550, "")],
    "x6_bracketed": [("jane@shop.example", HARD, 550, "5.1.1")],
}
OTHERS = {
    "arf_abuse": MailKind.COMPLAINT,
    "arf_auth_failure": MailKind.COMPLAINT,
    "arf_not_spam": MailKind.NONE,
    "arf_opt_out": MailKind.COMPLAINT,
    "arf_redacted": MailKind.COMPLAINT,
    "arf_without_mime": MailKind.COMPLAINT,
    "complaint_in_words": MailKind.COMPLAINT,
    "delay": MailKind.DELAYED,
    "dmarc_aggregate": MailKind.NONE,
    "forwarded_bounce": MailKind.NONE,
    "junk_mail_reporting": MailKind.COMPLAINT,
    "newsletter": MailKind.NONE,
    "positive": MailKind.DELIVERED,
    "read_receipt": MailKind.AUTO_REPLY,
    "reply": MailKind.REPLY,
    "reply_quoting_a_bounce": MailKind.REPLY,
    "ses_complaint": MailKind.COMPLAINT,
    "unsubscribe_by_address": MailKind.UNSUBSCRIBE,
    "unsubscribe_by_subject": MailKind.UNSUBSCRIBE,
    "vacation": MailKind.AUTO_REPLY,
    "vacation_to_unsubscribe": MailKind.AUTO_REPLY,
    "vacation_unmarked": MailKind.AUTO_REPLY,
}
SEVERAL = "several_recipients"


class TestReadMail:
    def test_is_tried_on_every_sample(self):
        assert sorted([*BOUNCES, *OTHERS, SEVERAL]) == NAMES

    @pytest.mark.parametrize("name", BOUNCES)
    def test_finds_who_bounced_and_why(self, name):
        reading = read(name)

        assert reading.kind is MailKind.BOUNCE
        assert [
            (found.recipient, found.bounce_class, found.smtp_code, found.status)
            for found in reading.findings
        ] == BOUNCES[name]

    @pytest.mark.parametrize(("name", "kind"), OTHERS.items())
    def test_knows_what_is_no_bounce(self, name, kind):
        reading = read(name)

        assert reading.kind is kind
        assert all(found.bounce_class is None for found in reading.findings)

    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("line_end", [b"\r\n", b"\r"])
    def test_reads_any_line_end_alike(self, name, line_end):
        changed = raw(name).replace(b"\n", line_end)

        assert read(changed).findings == read(name).findings

    def test_tells_the_recipients_of_one_report_apart(self):
        reading = read(SEVERAL)

        assert reading.kind is MailKind.BOUNCE
        assert [(f.recipient, f.kind, f.action, f.bounce_class) for f in reading.findings] == [
            ("gone@shop.example", MailKind.BOUNCE, Action.FAILED, HARD),
            ("full@shop.example", MailKind.BOUNCE, Action.FAILED, SOFT),
            ("late@shop.example", MailKind.DELAYED, Action.DELAYED, None),
            ("fine@shop.example", MailKind.DELIVERED, Action.RELAYED, None),
        ]

    def test_keeps_what_the_server_said_and_which_server_it_was(self):
        (found,) = read("postfix_rcpt").findings

        assert found.diagnostic == "550 <jane@shop.example>: User unknown"
        assert found.remote_host == "mx.shop.example"
        assert found.original_recipient == "jane@shop.example"

    def test_returns_the_headers_of_our_message(self):
        assert read("exim").returned.get("Subject") == "November offers"

    @pytest.mark.parametrize("name", ["reply_quoting_a_bounce", "forwarded_bounce", "vacation"])
    def test_never_believes_a_bounce_that_a_person_quotes(self, name):
        assert b"5.1.1" in raw(name)

        assert read(name).kind is not MailKind.BOUNCE

    def test_looks_into_a_mail_in_a_mail_only_when_a_mail_system_sent_it(self):
        from_person = raw("gateway_envelope").replace(b"Return-Path: <>\n", b"")
        from_person = from_person.replace(b"postmaster@gate.example", b"joe@gate.example")

        assert read("gateway_envelope").kind is MailKind.BOUNCE
        assert read(from_person).kind is MailKind.NONE

    def test_finds_nothing_in_nothing(self):
        assert read(b"").kind is MailKind.NONE
