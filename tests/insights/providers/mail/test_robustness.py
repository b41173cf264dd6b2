"""Tests that no mail, however damaged or hostile, breaks the reading or makes it slow."""

from __future__ import annotations

import time
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from insights.providers.mail.limits import FINDINGS, READ_BYTES
from insights.providers.mail.reading import MailKind
from insights.providers.mail.reports import reports
from tests.insights.providers.mail.samples import NAMES, raw, read

LONGEST_SECONDS = 2.0
MOST_MEMORY = 64 << 20  # bytes, beside the mail itself

BOUNCE = b"From: MAILER-DAEMON@a.example\nReturn-Path: <>\nSubject: failure notice\n\n"
HTML = b"From: MAILER-DAEMON@a.example\nContent-Type: text/html\n\n"
JSON = b"From: a@a.example\n\n"
HOSTILE = {
    "one long line": b"a" * READ_BYTES,
    "header bomb": b"a: b\n" * (READ_BYTES // 5),
    "folded header bomb": b"Subject: x\n" + b" x\n" * (READ_BYTES // 3),
    "encoded words": b"Subject: " + b"=?utf-8?q?x?=" * 70_000 + b"\n\n",
    "addresses in To": b"To: " + b"a@b.cc," * 140_000 + b"\n\n",
    "brackets in To": b"To: " + b"(<" * 500_000 + b"\n\n",
    "at signs": BOUNCE + b"a@" * (READ_BYTES // 2),
    "recipients": BOUNCE + b"<a@b.example>: 550 5.1.1 User unknown\n" * 25_000,
    "status blocks": BOUNCE
    + b"Final-Recipient: rfc822;a@b.example\nAction: failed\nDiagnostic-Code: x\n\n" * 14_000,
    "failed recipients": b"".join(b"X-Failed-Recipients: a%d@b.cc\n" % n for n in range(4_000))
    + b"\n"
    + b"body " * 100_000,
    "codes": BOUNCE + b"550 5.1.1 " * 100_000,
    "telling words": BOUNCE + b"user domain message relay sender not " * 28_000,
    "announcements": BOUNCE + (b"original message " + b"_" * 900 + b"!\n") * 1_100,
    "open style tags": HTML + b"<style>" * 140_000,
    "angle brackets": HTML + b"<" * READ_BYTES,
    "deep JSON": JSON + b'{"a":' + b"[" * READ_BYTES,
    "broken JSON": JSON + b'{"' * (READ_BYTES // 2),
    "many parts": b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\n" * 200_000,
    "deep multiparts": b"".join(
        b"Content-Type: multipart/mixed; boundary=x%d\n\n--x%d\n" % (n, n) for n in range(20_000)
    ),
    "punycode": b"Content-Type: text/plain; charset=punycode\n\n" + b"a-b" * 340_000,
    "zero bytes": b"\0" * READ_BYTES,
}
CHARSETS = ["utf-16", "utf-7", "idna", "punycode", "base64", "no-such", "iso-2022-jp", "\xff"]


TEN_MEGABYTES = 10_000_000


def nested(kind, *, depth, inside):
    """Return a mail that lies so deep in others."""
    layers = [
        b'Content-Type: %b; boundary="b%d"\n\n--b%d\n' % (kind.encode(), number, number)
        for number in range(depth)
    ]
    ends = [b"\n--b%d--\n" % number for number in reversed(range(depth))]
    return b"From: a@b.example\n" + b"".join([*layers, inside, *ends])


class TestReadMail:
    @settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
    @given(st.sampled_from(NAMES), st.data())
    def test_survives_being_cut_anywhere(self, name, data):
        mail = raw(name)
        begin = data.draw(st.integers(0, len(mail)))
        end = data.draw(st.integers(begin, len(mail)))

        reports(read(mail[:begin] + mail[end:]))

    @settings(max_examples=150, deadline=None)
    @given(st.sampled_from(NAMES), st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=12))))
    def test_survives_any_bytes_anywhere(self, name, pieces):
        mail = bytearray(raw(name))
        for place, piece in pieces:
            at = int(place * len(mail))
            mail[at:at] = piece

        reports(read(bytes(mail)))

    @settings(max_examples=100, deadline=None)
    @given(st.binary(max_size=2_000))
    def test_survives_what_is_no_mail(self, content):
        reports(read(content))

    @pytest.mark.parametrize("charset", CHARSETS)
    def test_survives_a_wrong_charset(self, charset):
        mail = raw("japanese").replace(b"charset=utf-8", f"charset={charset}".encode("latin-1"))

        assert read(mail).kind is MailKind.BOUNCE

    @pytest.mark.parametrize("depth", [1, 20, 2_000])
    def test_survives_messages_in_messages(self, depth):
        mail = b"Content-Type: message/rfc822\n\n" * depth + raw("postfix_rcpt")

        reports(read(mail))

    @pytest.mark.parametrize("depth", [20, 200])
    @pytest.mark.parametrize("kind", ["multipart/mixed", "multipart/report", "message/rfc822"])
    def test_survives_multiparts_in_multiparts(self, kind, depth):
        began = time.process_time()

        reading = read(nested(kind, depth=depth, inside=raw("postfix_rcpt")))

        assert time.process_time() - began < LONGEST_SECONDS
        assert len(reports(reading)) <= 1

    @settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
    @given(
        st.sampled_from(NAMES),
        st.floats(0, 1),
        st.sampled_from([b"x", b"QUJD\r\n", b"\n", b"--\n", b"<a@b.cc> ", b"\xff\0", b": \n a"]),
    )
    def test_takes_bounded_time_with_ten_megabytes_anywhere(self, name, place, filler):
        mail = raw(name)
        at = int(place * len(mail))
        large = mail[:at] + filler * (TEN_MEGABYTES // len(filler)) + mail[at:]
        began = time.process_time()

        reports(read(large))

        assert time.process_time() - began < LONGEST_SECONDS

    @settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
    @given(st.sampled_from(NAMES), st.randoms(use_true_random=False))
    def test_survives_lines_in_any_order(self, name, random):
        lines = raw(name).splitlines(keepends=True)
        random.shuffle(lines)

        reports(read(b"".join(lines)))

    @settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
    @given(st.sampled_from(NAMES), st.sampled_from(NAMES), st.floats(0, 1), st.floats(0, 1))
    def test_survives_two_mails_grown_together(self, first, second, end, begin):
        one, other = raw(first), raw(second)

        reports(read(one[: int(end * len(one))] + other[int(begin * len(other)) :]))

    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("line_end", [b"\n", b"\r", b"\r\n", b"\r\r\n"])
    def test_survives_any_line_ends(self, name, line_end):
        mail = raw(name).replace(b"\r\n", b"\n")

        reports(read(mail.replace(b"\n", line_end)))

    @pytest.mark.parametrize("name", HOSTILE)
    def test_takes_bounded_time_and_memory(self, name):
        mail = HOSTILE[name]
        began = time.process_time()

        reading = read(mail)

        assert time.process_time() - began < LONGEST_SECONDS
        assert len(reading.findings) <= FINDINGS

    def test_looks_only_at_the_beginning_of_a_large_mail(self):
        mail = raw("reply") + b"QUJDREVGR0g=" * 900_000
        tracemalloc.start()
        began = time.process_time()

        reading = read(mail)
        seconds = time.process_time() - began
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert reading.kind is MailKind.REPLY
        assert seconds < LONGEST_SECONDS
        assert most < MOST_MEMORY

    def test_reports_nothing_that_a_database_cannot_hold(self):
        mail = raw("exim").replace(b"No such user here", b"No\0 such\xff user \xed\xa0\x80 here")

        (report,) = reports(read(mail))

        report.smtp_response.encode()
        assert "\0" not in report.smtp_response
