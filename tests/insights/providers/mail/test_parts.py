"""Tests of the small parts of reading a report: sections, fields, answers, dates, markup."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from insights.events import BounceClass
from insights.providers.mail.addresses import addresses_of, clean_address, same_address
from insights.providers.mail.dates import believable, parse_date
from insights.providers.mail.diagnostics import (
    answer_in,
    code_in,
    diagnose,
    host_in,
    host_of_field,
    plain_diagnostic,
    status_in,
)
from insights.providers.mail.dsn import action_of
from insights.providers.mail.headers import Headers
from insights.providers.mail.html import words_of_html
from insights.providers.mail.reading import Action
from insights.providers.mail.sections import split_returned
from insights.providers.mail.status import looks_like_status, read_status, recipient_of

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


class TestSplitReturned:
    @pytest.mark.parametrize(
        "announcement",
        [
            "--- Below this line is a copy of the message.",
            "------ This is a copy of the message, including all the headers. ------",
            "   ----- Original message follows -----",
            "   ----- Unsent message follows -----",
            "----- Original message -----",
            "--- The header of the original message is following. ---",
            "Message headers follow.",
            "    Below is a copy of the original message:",
            "-------original message",
            "------- Returned Message --------",
            "Ursprüngliche Nachricht beigefügt.",
        ],
    )
    def test_ends_the_report_where_the_message_begins(self, announcement):
        text = f"No such user\n\n{announcement}\n\nFrom: a@b.example\nTo: c@d.example\nSubject: x\n"

        report, returned = split_returned(text)

        assert report.startswith("No such user")
        assert returned.startswith("From: a@b.example")

    def test_knows_a_message_without_an_announcement(self):
        report, returned = split_returned("no\n\nReceived: x\nFrom: a\nTo: b\n")

        assert (report, returned) == ("no\n\n", "Received: x\nFrom: a\nTo: b\n")

    def test_cuts_at_an_announcement_without_a_header(self):
        report, _ = split_returned("no\n--- Original message follows.\n\nHello jane@shop.example\n")

        assert report == "no\n"

    def test_takes_no_status_fields_for_a_message(self):
        text = "Reporting-MTA: dns; a\nFinal-Recipient: rfc822; b@c\nDate: x\nTo: y\nFrom: z\n"

        assert split_returned(text) == (text, "")

    def test_takes_no_sentence_for_an_announcement(self):
        text = "These did NOT receive a copy of your message:\n\n> jane@shop.example\n"

        assert split_returned(text) == (text, "")


class TestReadStatus:
    def test_tells_the_message_and_each_recipient_apart(self):
        report = read_status(
            "Reporting-MTA: dns; a\n\nFinal-Recipient: rfc822; b@c.example\nAction: failed\n\n"
            "Final-Recipient: rfc822; d@c.example\nAction: failed\n"
        )

        assert report.message.get("Reporting-MTA") == "dns; a"
        assert [recipient_of(f) for f in report.recipients] == ["b@c.example", "d@c.example"]

    def test_needs_no_empty_line_between_recipients(self):
        report = read_status(
            "Final-Recipient: rfc822; b@c.example\nAction: failed\n"
            "Final-Recipient: rfc822; d@c.example\nAction: failed\n"
        )

        assert len(report.recipients) == 2

    @pytest.mark.parametrize(
        ("text", "is_status"),
        [
            ("Final-Recipient: rfc822; a@b\nAction: failed", True),
            ("> Final-Recipient: rfc822; a@b\n> Action: failed", False),
            ("Action: failed\nDiagnostic-Code: x", False),
        ],
    )
    def test_is_for_what_looks_like_it(self, text, is_status):
        assert looks_like_status(text) is is_status


class TestRecipientOf:
    @pytest.mark.parametrize(
        ("final", "original", "recipient"),
        [
            ("rfc822; a@b.example", "", "a@b.example"),
            ("RFC822; <a@b.example>", "", "a@b.example"),
            ("rfc822; a@b.example", "rfc822; c@d.example", "a@b.example"),
            ("rfc822;@relay.example:a@server", "rfc822;c@d.example", "c@d.example"),
            ("rfc822;|/bin/cat a@b.example", "", "a@b.example"),
            ("LOCAL; \\nobody", "rfc822;c@d.example", "c@d.example"),
            ("rfc822; a@server", "", "a@server"),
            ("unknown", "", ""),
        ],
    )
    def test_is_the_final_one_that_can_be_mailed(self, final, original, recipient):
        fields = Headers([("Final-Recipient", final), ("Original-Recipient", original)])

        assert recipient_of(fields) == recipient


class TestActionOf:
    @pytest.mark.parametrize(
        ("value", "status", "action"),
        [
            ("failed", "", Action.FAILED),
            ("Failed (bounced)", "", Action.FAILED),
            ("DELAYED", "", Action.DELAYED),
            ("relayed", "", Action.RELAYED),
            ("deliverable", "", Action.DELIVERABLE),
            ("failure", "", Action.FAILED),
            ("", "2.0.0", Action.DELIVERED),
            ("", "5.1.1", Action.FAILED),
            ("nonsense", "", Action.FAILED),
        ],
    )
    def test_understands_bad_spellings(self, value, status, action):
        assert action_of(value, status) is action


class TestDiagnostics:
    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("550 5.1.1 no", 550),
            ("550-5.1.1 no", 550),
            ("550: no", 550),
            ("host a.example said: 452 full", 452),
            ("(reason: 554 no)", 554),
            ("ERROR_CODE :421, ", 421),
            ("kept for 500 hours", None),
            ("received at 12:45:54", None),
            ("198.51.100.7", None),
            ("", None),
        ],
    )
    def test_find_the_code(self, text, code):
        assert code_in(text) == code

    @pytest.mark.parametrize(
        ("text", "host"),
        [
            ("host mx.a.example[198.51.100.7] said: 550", "mx.a.example"),
            ("... while talking to MX.a.example.:", "mx.a.example"),
            ("Giving up on 198.51.100.7.", "198.51.100.7"),
            ("mx.a.example [198.51.100.7] did not like our RCPT TO:", "mx.a.example"),
            ("no server here", ""),
        ],
    )
    def test_find_the_server(self, text, host):
        assert host_in(text) == host

    def test_read_the_fields(self):
        assert plain_diagnostic("smtp; 550 5.1.1\n no") == "550 5.1.1 no"
        assert status_in("5.1.1 (no such user)") == "5.1.1"
        assert host_of_field("dns; mx.a.example (198.51.100.7)") == "mx.a.example"

    def test_cut_the_answer_out_of_the_words(self):
        words = "host mx.a.example said:\n 550 5.1.1 no\n such user\n\nMore help elsewhere."

        assert answer_in(words) == "550 5.1.1 no such user"
        assert answer_in("Hello\n\nMailbox is full\n\nBye") == "Mailbox is full"

    def test_believe_the_server_more_than_the_status_of_the_reporter(self):
        found = diagnose("553 Invalid recipient", status="5.7.1")

        assert (found.bounce_class, found.status) == (BounceClass.HARD, "5.7.1")

    def test_believe_a_temporary_status_more_than_the_words(self):
        found = diagnose("DNS Error: NXDOMAIN, domain not found", status="4.0.0")

        assert found.bounce_class is BounceClass.EXPIRED

    @pytest.mark.parametrize(
        ("diagnostic", "status", "words", "report", "meaning"),
        [
            ("550 no such user", "5.0.0", "", "", BounceClass.SOFT),
            ("550 no such user", "5.1.1", "", "", BounceClass.HARD),
            ("550 no such user", "5.0.0", "(in reply to RCPT TO command)", "", BounceClass.HARD),
            ("", "", "[user unknown]", "", BounceClass.SOFT),
            ("", "", "user not listed in the directory", "", BounceClass.HARD),
            (
                "550 user unknown",
                "5.0.0",
                "(in reply to RCPT TO command)",
                "The account is disabled.",
                BounceClass.SOFT,
            ),
        ],
    )
    def test_ask_for_a_proof_of_an_unknown_address(
        self, diagnostic, status, words, report, meaning
    ):
        found = diagnose(diagnostic, status=status, words=words, report=report)

        assert found.bounce_class is meaning

    def test_find_the_reason_before_the_recipients(self):
        report = "Could not be delivered because of\n\n550 5.1.1 User unknown\n\na@b.example"

        assert diagnose("", words="Additional Information", report=report).smtp_code == 550


class TestAddresses:
    @pytest.mark.parametrize(
        ("text", "address"),
        [
            ("rfc822; a@b.example", "a@b.example"),
            ("<a@b.example>", "a@b.example"),
            ("smtp=A@b.example", "A@b.example"),
            ("mailto:a@b.example.", "a@b.example"),
            ("undisclosed recipient <a@b.example>", "a@b.example"),
            ("nobody", ""),
        ],
    )
    def test_are_cleaned(self, text, address):
        assert clean_address(text) == address

    def test_are_found_in_headers_even_if_broken(self):
        assert addresses_of(['"J, D" <a@b.example>, c@d.example']) == ["a@b.example", "c@d.example"]
        assert addresses_of(["<<a@b.example"]) == ["a@b.example"]
        assert addresses_of([]) == []

    def test_are_compared_without_case_and_brackets(self):
        assert same_address("<A@b.example>", "a@B.example")
        assert not same_address("a@b.example", "aa@b.example")


class TestDates:
    @pytest.mark.parametrize(
        ("value", "moment"),
        [
            ("Mon, 2 Nov 2026 09:00:00 +0100", datetime(2026, 11, 2, 8, tzinfo=UTC)),
            ("Mon, 2 Nov 2026 09:00:00 +0000 (UTC)", datetime(2026, 11, 2, 9, tzinfo=UTC)),
            ("2 Nov 2026 09:00:00 -0000", datetime(2026, 11, 2, 9, tzinfo=UTC)),
            ("Fri, 31 Dec 9999 23:59:59 -2359", None),
            ("yesterday", None),
            ("", None),
        ],
    )
    def test_are_aware_or_nothing(self, value, moment):
        assert parse_date(value) == moment

    def test_are_believed_in_order(self):
        wrong, right = NOW - timedelta(days=40), NOW - timedelta(days=2)

        assert believable([None, wrong, right], received_at=NOW) == right
        assert believable([wrong], received_at=NOW) == NOW


class TestWordsOfHtml:
    def test_are_what_a_reader_sees(self):
        markup = "<head><title>t</title></head><p>a<b>b</b> &amp; c<br>d</p><script>x</script>"

        assert words_of_html(markup).split() == ["ab", "&", "c", "d"]
