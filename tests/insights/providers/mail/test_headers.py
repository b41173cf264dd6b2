"""Tests of header sections."""

from __future__ import annotations

import pytest

from insights.providers.mail.charsets import decode_bytes
from insights.providers.mail.headers import Headers, decoded, fields_of, read_headers


class TestHeaders:
    def test_are_case_blind(self):
        headers = Headers([("To", "a"), ("TO", "b")])

        assert headers.get("to") == "a"
        assert headers.all("tO") == ["a", "b"]
        assert "To" in headers
        assert headers.names() == {"to"}

    def test_give_an_empty_text_for_what_is_not_there(self):
        assert Headers().get("Subject") == ""
        assert not Headers()

    def test_keep_what_must_not_be_decoded(self):
        headers = Headers([("Final-Recipient", "rfc822; =?utf-8?q?a?=@b.example")])

        assert headers.raw("Final-Recipient") == "rfc822; =?utf-8?q?a?=@b.example"


class TestDecoded:
    @pytest.mark.parametrize(
        ("raw", "value"),
        [
            ("=?utf-8?B?w7w=?= x", "ü x"),
            ("=?iso-8859-1?Q?=FC?=", "ü"),
            ("=?no-such?Q?=FC?=", "ü"),
            ("=?utf-8?B?w7w", "=?utf-8?B?w7w"),
            ("a\n b\n\tc", "a b c"),
            (b"\xc3\xbc".decode("ascii", "surrogateescape"), "ü"),
        ],
    )
    def test_is_one_line_of_words(self, raw, value):
        assert decoded(raw) == value


class TestReadHeaders:
    def test_end_at_the_first_empty_line(self):
        headers = read_headers("\nSubject: a\n folded\n\nTo: not this")

        assert headers.get("Subject") == "a folded"
        assert "To" not in headers


class TestFieldsOf:
    def test_take_a_line_that_is_no_field_for_more_of_the_one_before(self):
        fields = fields_of("Diagnostic-Code: smtp; 550 no\nsuch user\nStatus : 5.1.1")

        assert fields == [("Diagnostic-Code", "smtp; 550 no such user"), ("Status", "5.1.1")]


class TestDecodeBytes:
    @pytest.mark.parametrize(
        ("raw", "charset", "text"),
        [
            (b"\xfc", "iso-8859-1", "ü"),
            (b"\xc3\xbc", "", "ü"),
            (b"\xfc", "", "ü"),
            (b"\xfc", "us-ascii", "ü"),
            (b'\x1b$B$"\x1b(B', "", "あ"),
            (b"+AOQ-", "unicode-1-1-utf-7", "ä"),
            (b"plain words", "utf-16", "plain words"),
            (b"a-b", "punycode", "a-b"),
            (b"x", "no such charset", "x"),
        ],
    )
    def test_prefers_what_is_claimed_and_else_guesses(self, raw, charset, text):
        assert decode_bytes(raw, charset) == text
