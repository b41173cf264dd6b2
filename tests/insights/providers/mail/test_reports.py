"""Tests of what a mail changes, and of the keys under which it does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from insights.events import BounceClass, EventType, Source
from insights.providers.mail.reports import reports
from tests.insights.providers.mail.samples import NAMES, RECEIVED_AT, RETURN_PATH, raw, read

EXPECTED = {
    "postfix_rcpt": [EventType.BOUNCED],
    "several_recipients": [
        EventType.BOUNCED,
        EventType.BOUNCED,
        EventType.DEFERRED,
        EventType.DELIVERED,
    ],
    "delay": [EventType.DEFERRED],
    "positive": [EventType.DELIVERED],
    "arf_abuse": [EventType.COMPLAINED],
    "arf_opt_out": [EventType.UNSUBSCRIBED],
    "arf_not_spam": [],
    "arf_auth_failure": [],
    "unsubscribe_by_address": [EventType.UNSUBSCRIBED],
    "reply": [EventType.REPLIED],
    "vacation": [],
    "vacation_to_unsubscribe": [],
    "read_receipt": [],
    "newsletter": [],
}


class TestReports:
    @pytest.mark.parametrize(("name", "expected"), EXPECTED.items())
    def test_are_one_for_each_recipient_with_something_new(self, name, expected):
        assert [report.event_type for report in reports(read(name))] == expected

    def test_hold_what_the_server_said(self):
        (report,) = reports(read("postfix_rcpt"))

        assert report.source is Source.MAIL
        assert report.bounce_class is BounceClass.HARD
        assert (report.smtp_code, report.enhanced_code) == (550, "5.0.0")
        assert report.smtp_response == "550 <jane@shop.example>: User unknown"
        assert report.remote_host == "mx.shop.example"
        assert report.references.return_path == RETURN_PATH
        assert report.references.address == "jane@shop.example"

    def test_name_the_sending_ip_of_a_complaint(self):
        (report,) = reports(read("arf_abuse"))

        assert report.ip == "192.0.2.10"

    def test_do_not_count_a_test_of_an_address_as_a_delivery(self):
        mail = raw("positive").replace(b"Action: delivered", b"Action: deliverable")

        assert reports(read(mail)) == []

    @pytest.mark.parametrize("name", NAMES)
    def test_have_the_same_keys_and_times_when_the_mail_comes_again(self, name):
        again = b"Received: from a.example; Tue, 3 Nov 2026 09:00:00 +0000\n" + raw(name)

        first, second = reports(read(name)), reports(read(again))

        assert [r.natural_key for r in first] == [r.natural_key for r in second]
        assert [r.ts for r in first] == [r.ts for r in second]

    def test_have_the_same_key_when_another_mail_reports_the_same(self):
        other = raw("postfix_rcpt").replace(b"20261102090005.1F00", b"20261102110000.2A00")
        other = other.replace(b"Date: Mon, 2 Nov 2026 09:00:05", b"Date: Mon, 2 Nov 2026 11:00:00")

        (first,), (second,) = reports(read("postfix_rcpt")), reports(read(other))

        assert first.natural_key == second.natural_key

    def test_have_keys_of_their_own_for_each_recipient_and_each_message(self):
        other = raw("several_recipients").replace(b"b1a2b3-", b"b1a2b4-")

        keys = {r.natural_key for m in ("several_recipients", other) for r in reports(read(m))}

        assert len(keys) == 8

    def test_tell_two_answers_of_one_person_apart(self):
        second = raw("reply").replace(b"reply-1@", b"reply-2@")

        keys = {report.natural_key for m in ("reply", second) for report in reports(read(m))}

        assert len(keys) == 2

    def test_tell_two_mails_apart_that_name_no_message(self):
        one = b"From: fbl@a.example\n\nFeedback-Type: abuse\nVersion: 1\nSource-IP: 192.0.2.1\n"

        keys = {report.natural_key for m in (one, one + b"\nx") for report in reports(read(m))}

        assert len(keys) == 2

    def test_happen_when_the_report_says(self):
        (report,) = reports(read("postfix_rcpt"))

        assert report.ts == datetime(2026, 11, 2, 9, 0, 5, tzinfo=UTC)

    def test_happen_at_the_time_of_the_complaint_not_of_the_message(self):
        (report,) = reports(read("arf_abuse"))

        assert report.ts == datetime(2026, 11, 2, 10, 0, tzinfo=UTC)

    @pytest.mark.parametrize("away", [timedelta(days=31), -timedelta(minutes=6)])
    def test_happen_when_the_mail_came_in_where_its_clock_is_wrong(self, away):
        reading = read("reply")
        wrong = replace(reading, written_at=RECEIVED_AT - away)

        (report,) = reports(wrong)

        assert report.ts == RECEIVED_AT
