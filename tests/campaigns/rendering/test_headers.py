"""Header values are ASCII, folded, and decode to what was meant."""

from __future__ import annotations

import email
import email.policy

import pytest
from hypothesis import given

from campaigns.rendering import TemplateError
from campaigns.rendering.headers import cleaned, mailbox, unstructured
from tests.campaigns.rendering.samples import name_and_address, text_values


def read(name: str, value: str) -> str:
    data = f"{name}: {value}\r\n\r\n".encode("ascii")
    return str(email.message_from_bytes(data, policy=email.policy.default)[name])


class TestCleaned:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (" a ", "a"),
            ("a\r\nBcc: b", "a  Bcc: b"),
            ("a\x00\x7f\x85\u2028b", "a    b"),
            ("a\ud800b", "a b"),
            ("עומר\u200f 👨‍👩‍👧", "עומר\u200f 👨‍👩‍👧"),
        ],
    )
    def test_makes_spaces_of_controls(self, value, expected):
        assert cleaned(value) == expected


class TestUnstructured:
    @given(text_values)
    def test_decodes_to_the_cleaned_value(self, value):
        assert read("Subject", unstructured(value, name="Subject")) == cleaned(value)

    @given(text_values)
    def test_folds_into_short_ascii_lines(self, value):
        lines = f"Subject: {unstructured(value, name='Subject')}".split("\r\n")

        assert max(map(len, lines)) <= 76
        assert all(line.isascii() and line.isprintable() for line in lines)
        assert all(line.startswith(" ") and line.strip() for line in lines[1:])

    @pytest.mark.parametrize(
        ("value", "encoded"),
        [
            ("Snow, Zoe!", "Snow, Zoe!"),
            ("Schnee für Zoë", "=?utf-8?q?Schnee_f=C3=BCr_Zo=C3=AB?="),
            ("שלום עולם", "=?utf-8?b?16nXnNeV150g16LXldec150=?="),
            ("=?utf-8?q?x?=", "=?utf-8?b?PT91dGYtOD9xP3g/PQ==?="),
            (
                "word " * 16,
                "word " * 12 + "word\r\n word word word",
            ),
        ],
    )
    def test_chooses_the_shortest_form(self, value, encoded):
        assert unstructured(value, name="Subject") == encoded


class TestMailbox:
    @given(text_values)
    def test_decodes_to_name_and_address(self, name):
        value = mailbox("a@b.example", display_name=name, name="To")

        header = email.message_from_bytes(f"To: {value}\r\n\r\n".encode("ascii"))["To"]
        assert name_and_address(header) == (cleaned(name), "a@b.example")

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("", "a@b.example"),
            ("\r\n", "a@b.example"),
            ("Robin Smith", "Robin Smith <a@b.example>"),
            ("Smith, Robin", '"Smith, Robin" <a@b.example>'),
            ('The "R" \\', '"The \\"R\\" \\\\" <a@b.example>'),
            ("R. Smith", '"R. Smith" <a@b.example>'),
            ("a  b", '"a  b" <a@b.example>'),
            ("Zoë", "=?utf-8?q?Zo=C3=AB?= <a@b.example>"),
            ("x" * 60, "x" * 60 + "\r\n <a@b.example>"),
        ],
    )
    def test_writes_names_as_simply_as_it_can(self, name, value):
        assert mailbox("a@b.example", display_name=name, name="To") == value

    @pytest.mark.parametrize(
        "address",
        ["", "a", "a@", "@b", "a@b\n", "a@b>, <c@d", "a b@c", "ä@b", "a@ü", "a@b@c", "a,b@c"],
    )
    def test_refuses_what_is_no_plain_address(self, address):
        with pytest.raises(TemplateError):
            mailbox(address, display_name="x", name="To")
