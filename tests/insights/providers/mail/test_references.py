"""Tests of what in a mail points at our message."""

from __future__ import annotations

import re

import pytest

from common.tokens import Purpose, TokenSigner
from insights.providers.mail import references
from insights.reports import References
from tests.insights.providers.mail.samples import (
    MESSAGE_ID,
    RETURN_PATH,
    UNSUBSCRIBE_TOKEN,
    raw,
    read,
)

VERP = f"{RETURN_PATH}@bounce.acme.example".encode()


class TestShapes:
    @pytest.mark.parametrize("recipient_id", [0, 1, 255, 2**40, 2**63 - 1])
    def test_fit_the_tokens_that_are_signed(self, recipient_id):
        tokens = TokenSigner({"k": b"secret"}).for_message(recipient_id)

        assert re.fullmatch(references.RETURN_PATH_TOKEN, tokens.return_path)
        assert re.fullmatch(references.UNSUBSCRIBE_TOKEN, tokens.unsubscribe)


class TestReferences:
    def test_come_from_the_address_and_the_returned_message(self):
        assert read("postfix_rcpt").references == References(
            return_path=RETURN_PATH,
            message_id=MESSAGE_ID,
            unsubscribe_token=UNSUBSCRIBE_TOKEN,
            queue_id="4Q1",
            feedback_id="17:3:marketing:acme",
        )

    @pytest.mark.parametrize(
        "header", ["To", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To"]
    )
    def test_take_the_return_path_from_wherever_the_mail_came_to(self, header):
        mail = raw("domino").replace(b"\nTo: " + VERP, b"\n%s: <%s>" % (header.encode(), VERP))

        assert read(mail).references.return_path == RETURN_PATH

    def test_take_the_return_path_from_the_envelope_first(self):
        other = "b9-ffffffffffffffffffff"

        found = read("domino", envelope_to=f"{other}@bounce.acme.example").references

        assert found.return_path == other

    def test_take_the_return_path_from_the_returned_message(self):
        mail = raw("exim").replace(b"\nTo: " + VERP, b"\nTo: bounces@acme.example", 1)

        assert read(mail).references.return_path == RETURN_PATH

    def test_find_the_return_path_that_a_forwarder_rewrote(self):
        mail = raw("domino").replace(VERP, b"SRS0=ab=cd=acme.example=%s" % VERP)

        assert read(mail).references.return_path == RETURN_PATH

    def test_fold_the_case_of_the_return_path_but_not_of_the_token(self):
        mail = raw("postfix_rcpt").replace(VERP, VERP.upper())

        found = read(mail).references

        assert (found.return_path, found.unsubscribe_token) == (RETURN_PATH, UNSUBSCRIBE_TOKEN)

    def test_take_the_return_path_that_a_complaint_names(self):
        assert read("arf_abuse").references.return_path == RETURN_PATH

    def test_identify_a_complaint_that_hides_its_recipient(self):
        found = read("arf_redacted").references

        assert (found.message_id, found.unsubscribe_token) == (MESSAGE_ID, UNSUBSCRIBE_TOKEN)

    def test_prefer_a_message_id_of_our_shape_among_those_that_are_answered(self):
        answer = b"From: a@b.example\nSubject: Re: x\nIn-Reply-To: <other@b.example>\n"
        answer += b"References: <%s> <other@b.example>\n\n" % MESSAGE_ID.encode()

        assert read(answer).references.message_id == MESSAGE_ID

    def test_take_a_message_id_out_of_the_words_of_a_report(self):
        mail = raw("domino") + b"\nMessage-ID: <%s>\n" % MESSAGE_ID.encode()

        assert read(mail).references.message_id == MESSAGE_ID

    def test_name_what_a_provider_calls_the_message(self):
        found = read("ses_bounce").references

        assert (found.queue_id, found.message_id) == ("0100018-ses-id", MESSAGE_ID)

    @pytest.mark.parametrize("name", ["unsubscribe_by_address", "unsubscribe_by_subject"])
    def test_hold_the_token_of_an_unsubscribe_mail_which_can_be_read(self, name):
        signer = TokenSigner({"b": b"secret"})
        token = signer.for_message(0x1A2B3).unsubscribe
        mail = raw(name).replace(UNSUBSCRIBE_TOKEN.encode(), token.encode())

        found = read(mail).references.unsubscribe_token

        assert signer.read(found, purpose=Purpose.UNSUBSCRIBE) == 0x1A2B3
