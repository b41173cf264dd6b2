"""What is found in a message."""

from __future__ import annotations

import pytest

from sandbox.audience.letters import read_envelope, read_letter
from tests.sandbox.audience.written import (
    MESSAGE_ID,
    RETURN_PATH,
    UNSUBSCRIBE_TOKEN,
    WEB,
    link,
    pixel,
    raw_letter,
)


class TestReadEnvelope:
    def test_says_whom_the_message_reached_and_what_it_is_called(self):
        envelope = read_envelope(raw_letter("anna@gmx.example", subject="=?utf-8?q?T=C3=BCr?="))

        assert envelope.address == "anna@gmx.example"
        assert envelope.return_path == RETURN_PATH
        assert envelope.message_id == MESSAGE_ID
        assert envelope.subject == "Tür"

    @pytest.mark.parametrize(
        "subject", ["=?utf-8?b?abc?=", "=?no-such?q?abc?=", "=?ascii?b?/w==?=", "=?utf-8?b?=?="]
    )
    def test_takes_a_subject_that_nobody_can_decode(self, subject):
        assert read_envelope(raw_letter(subject=subject)).address == "anna@gmail.example"

    def test_takes_a_header_section_that_is_cut_off(self):
        assert read_envelope(raw_letter()[:60]).return_path == RETURN_PATH


class TestReadLetter:
    def test_finds_what_people_and_machines_act_upon(self):
        letter = read_letter(raw_letter())

        assert letter.links == (link(0), link(1), link(2))
        assert letter.pages == (f"{WEB}/u/{UNSUBSCRIBE_TOKEN}",)
        assert letter.pixel == pixel()
        assert letter.one_click == f"{WEB}/u/{UNSUBSCRIBE_TOKEN}"
        assert letter.unsubscribe_mailbox == f"unsubscribe+{UNSUBSCRIBE_TOKEN}@bounce.demo.example"
        assert letter.answers_to == "hello@demo.example"

    def test_undoes_the_encoding_of_the_html(self):
        raw = raw_letter().replace(link(1).encode(), (link(1) + "?a=1&amp;b=2").encode())

        assert f"{link(1)}?a=1&b=2" in read_letter(raw).links

    def test_keeps_the_header_without_what_the_sandbox_added(self):
        header = read_letter(raw_letter()).header

        assert header.startswith(b"From: Mira")
        assert header.endswith(b'charset="utf-8"\r\n')
        assert b"Delivered-To" not in header

    def test_finds_the_links_of_a_plain_text(self):
        raw = raw_letter().replace(b"text/html", b"text/plain").replace(b'"', b" ")

        letter = read_letter(raw)

        assert letter.links == (link(0), link(1), link(2))

    def test_offers_no_one_click_without_the_header_that_promises_it(self):
        raw = raw_letter().replace(b"List-Unsubscribe-Post", b"X-Nothing")

        assert read_letter(raw).one_click == ""

    def test_reads_a_text_in_a_charset_that_does_not_exist(self):
        raw = raw_letter().replace(b'charset="utf-8"', b'charset="klingon"')

        assert read_letter(raw).pixel == pixel()

    def test_finds_nothing_in_a_message_without_a_text(self):
        letter = read_letter(b"Delivered-To: a@b.example\r\nContent-Type: image/png\r\n\r\n....")

        assert (letter.links, letter.pixel, letter.one_click) == ((), "", "")
