"""Tests of opening mails, good and bad."""

from __future__ import annotations

from insights.providers.mail.limits import HEADER_BYTES, READ_BYTES, READ_DELIMITERS
from insights.providers.mail.opening import open_mail


class TestOpenMail:
    def test_gives_the_leaves_in_their_order(self):
        mail = open_mail(
            b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\none\n--x\n"
            b"Content-Type: text/html\n\n<p>two</p>\n--x--\n"
        )

        assert [part.content_type for part in mail.parts] == ["text/plain", "text/html"]
        assert [part.text.strip() for part in mail.parts] == ["one", "two"]

    def test_leaves_an_enclosed_message_closed(self):
        mail = open_mail(b"Content-Type: message/rfc822\n\nSubject: inner\n\nbody")

        assert [(part.content_type, part.text) for part in mail.parts] == [
            ("message/rfc822", "Subject: inner\n\nbody")
        ]

    def test_decodes_quoted_printable_and_base64(self):
        plain = b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: "

        assert open_mail(plain + b"quoted-printable\n\nf=C3=BCr").parts[0].text == "f\u00fcr"
        assert open_mail(plain + b"base64\n\nZsO8cg==").parts[0].text == "f\u00fcr"

    def test_takes_no_words_from_attachments(self):
        mail = open_mail(b"Content-Type: image/png\nContent-Transfer-Encoding: base64\n\nQUJD")

        assert mail.parts[0].text == ""

    def test_takes_a_parameter_that_is_not_folded_for_one_of_its_header(self):
        mail = open_mail(b"Content-Type: multipart/mixed;\nboundary=x\n\n--x\n\none\n--x--\n")

        assert [part.text for part in mail.parts] == ["one"]

    def test_keeps_the_text_of_a_multipart_without_its_boundary(self):
        mail = open_mail(b"Content-Type: multipart/report; boundary=lost\n\nStatus: 5.1.1\n")

        assert mail.parts[0].text == "Status: 5.1.1\n"

    def test_skips_empty_lines_before_the_header(self):
        assert open_mail(b"\r\n \r\nSubject: x\r\n\r\n").headers.get("Subject") == "x"

    def test_cuts_what_is_too_long(self):
        body = open_mail(b"Subject: x\n\n" + b"a" * 2 * READ_BYTES)
        header = open_mail(b"X: " + b"a" * 2 * HEADER_BYTES + b"\n\nbody")
        parts = open_mail(b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\n\n" * 5_000)

        assert len(body.parts[0].text) < READ_BYTES
        assert header.parts[0].text == "body"
        assert len(parts.parts) <= READ_DELIMITERS
