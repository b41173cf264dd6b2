"""Tests of seeing a mail as a report."""

from __future__ import annotations

import pytest

from insights.providers.mail.anatomy import is_answer, is_reply, take_apart
from insights.providers.mail.headers import Headers
from insights.providers.mail.opening import open_mail
from tests.insights.providers.mail.samples import raw


def anatomy(name: str):
    return take_apart(open_mail(raw(name)))


class TestTakeApart:
    def test_tells_words_fields_and_the_returned_message_apart(self):
        found = anatomy("postfix_rcpt")

        assert "User unknown (in reply to RCPT TO command)" in found.notice
        assert found.status is not None
        assert found.status_declared
        assert found.returned.get("Subject") == "November offers"

    def test_finds_fields_that_lost_their_part(self):
        found = anatomy("broken_boundary")

        assert found.status is not None
        assert not found.status_declared
        assert found.returned.get("To") == "jane@shop.example"

    def test_reads_markup_where_there_are_no_plain_words(self):
        notice = anatomy("exchange_2010_german").notice

        assert "jane@shop.example\n#550 5.1.1" in notice
        assert "color" not in notice

    def test_holds_the_fields_of_a_complaint(self):
        assert anatomy("arf_abuse").feedback.startswith("Feedback-Type: abuse")

    def test_knows_who_wrote_and_to_whom(self):
        assert anatomy("reply").own_addresses == ["jane@shop.example", "news@acme.example"]


class TestIsAnswer:
    @pytest.mark.parametrize("subject", ["Re: x", "AW: x", "Fwd: x", "回复\uff1ax", "RE[2]: x"])
    def test_is_true_for_answers_and_forwards(self, subject):
        assert is_answer(Headers([("Subject", subject)]))

    @pytest.mark.parametrize("subject", ["Returned mail", "Reply to us", "Forward", ""])
    def test_is_false_for_anything_else(self, subject):
        assert not is_answer(Headers([("Subject", subject)]))


class TestIsReply:
    def test_is_true_for_what_names_the_mail_it_answers(self):
        assert is_reply(Headers([("In-Reply-To", "<a@b>")]))

    def test_is_false_for_a_forward(self):
        assert not is_reply(Headers([("Subject", "Fwd: x")]))
