"""Tests of complaints in all their forms."""

from __future__ import annotations

import pytest

from insights.providers.mail.reading import MailKind
from tests.insights.providers.mail.samples import raw, read


class TestComplaints:
    @pytest.mark.parametrize(
        ("name", "recipient", "feedback_type"),
        [
            ("arf_abuse", "jane@shop.example", "abuse"),
            ("arf_redacted", "", "abuse"),
            ("arf_without_mime", "jane@shop.example", "abuse"),
            ("arf_opt_out", "jane@shop.example", "opt-out"),
            ("arf_auth_failure", "jane@shop.example", "auth-failure"),
            ("junk_mail_reporting", "jane@shop.example", "abuse"),
            ("complaint_in_words", "jane@shop.example", "abuse"),
            ("ses_complaint", "jane@shop.example", "abuse"),
        ],
    )
    def test_say_who_complained_and_of_what(self, name, recipient, feedback_type):
        (found,) = read(name).findings

        assert (found.recipient, found.feedback_type) == (recipient, feedback_type)

    def test_are_abuse_where_the_type_is_missing(self):
        mail = raw("arf_abuse").replace(b"Feedback-Type: abuse\n", b"")

        assert read(mail).findings[0].feedback_type == "abuse"

    def test_taken_back_are_none(self):
        reading = read("arf_not_spam")

        assert reading.kind is MailKind.NONE
        assert reading.findings[0].feedback_type == "not-spam"

    def test_quoted_by_a_person_are_none(self):
        mail = raw("arf_without_mime").replace(b"Subject: FW:", b"Subject: Re:")
        mail = mail.replace(b"abuse@provider", b"joe@provider")

        assert read(mail).kind is MailKind.REPLY

    def test_in_words_need_our_message(self):
        mail = raw("complaint_in_words").replace(b"message/rfc822", b"image/png")

        assert read(mail).kind is MailKind.NONE
