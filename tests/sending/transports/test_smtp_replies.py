"""Replies out of bytes, and what they say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.transports.base import Answer
from sending.transports.smtp.replies import (
    LONGEST_LINE_BYTES,
    LONGEST_RESPONSE_CHARS,
    NOT_SMTP,
    ReplyParser,
    answer_of,
    enhanced_code,
    queue_id,
    quoted,
    response_text,
)

line_texts = st.binary(max_size=30).map(lambda data: data.replace(b"\n", b"").replace(b"\r", b""))
one_reply = st.tuples(st.integers(200, 599), st.lists(line_texts, min_size=1, max_size=4))


def encoded(code: int, lines: list[bytes], *, line_end: bytes = b"\r\n") -> bytes:
    """Return a reply as a server would send it."""
    *first, last = lines
    parts = [b"%d-%s" % (code, text) for text in first] + [b"%d %s" % (code, last)]
    return b"".join(part + line_end for part in parts)


class TestReplyParser:
    """Gives back what was said."""

    @given(st.lists(one_reply, max_size=6), st.data())
    def test_does_not_care_how_the_bytes_are_cut(self, replies, data):
        stream = b"".join(encoded(code, lines) for code, lines in replies)
        cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
        parser = ReplyParser()

        got = []
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
            got += parser.feed(stream[start:end])

        assert got == [(code, b"\n".join(lines)) for code, lines in replies]
        assert parser.rest == b""

    @given(st.binary(max_size=300))
    def test_takes_any_bytes(self, data):
        parser = ReplyParser()

        for code, text in parser.feed(data):
            assert 0 <= code <= 999
            assert b"\r\n" not in text

    def test_takes_bare_line_feeds(self):
        assert ReplyParser().feed(b"250-a\n250 b\n") == [(250, b"a\nb")]

    def test_takes_a_code_without_words(self):
        assert ReplyParser().feed(b"250\r\n354 \r\n") == [(250, b""), (354, b"")]

    @pytest.mark.parametrize(
        "line", [b"hello", b"", b"25", b"2x0 ok", b"250_ok", b"+50 ok", b"\xb2\xb3\xb9 ok"]
    )
    def test_tells_what_is_no_reply_and_keeps_what_came_before(self, line):
        stream = b"250 before\r\n" + line + b"\r\n250 after\r\n"

        (good, bad) = ReplyParser().feed(stream)

        assert good == (250, b"before")
        assert bad[0] == NOT_SMTP

    def test_does_not_collect_a_line_without_an_end(self):
        [(code, text)] = ReplyParser().feed(b"250 " + b"x" * (LONGEST_LINE_BYTES + 1))

        assert code == NOT_SMTP
        assert len(text) == LONGEST_LINE_BYTES

    def test_does_not_collect_lines_without_an_end(self):
        parser = ReplyParser()

        for _ in range(10_000):
            assert parser.feed(b"250-" + b"x" * 96 + b"\r\n") == []
        [(code, text)] = parser.feed(b"250 end\r\n")

        assert code == 250
        assert len(text) < 2 * LONGEST_RESPONSE_CHARS


class TestAnswerOf:
    """What a code means."""

    @pytest.mark.parametrize(
        ("code", "answer"),
        [
            (250, Answer.ACCEPTED),
            (251, Answer.ACCEPTED),
            (421, Answer.DEFERRED),
            (599, Answer.REFUSED),
            (354, None),
            (100, None),
            (600, None),
            (NOT_SMTP, None),
        ],
    )
    def test_goes_by_the_first_digit(self, code, answer):
        assert answer_of(code) is answer


class TestResponseText:
    """Words that any database can hold."""

    @given(st.binary(max_size=200))
    def test_is_always_storable(self, data):
        text = response_text(data)

        assert "\0" not in text
        assert text.encode("utf-8").decode("utf-8") == text

    @given(st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
    def test_leaves_utf_8_as_it_is(self, text):
        assert response_text(text.encode()) == text[:LONGEST_RESPONSE_CHARS]


class TestEnhancedCode:
    """The code in the text."""

    @pytest.mark.parametrize(
        ("response", "code"),
        [
            ("5.1.1 No such user", "5.1.1"),
            ("5.7.515 Access denied", "5.7.515"),
            ("4.2.2\nfull", "4.2.2"),
            ("2.0.0: 1a2b3c Message accepted", "2.0.0"),
            ("2.1.5", "2.1.5"),
            ("No such user 5.1.1", ""),
            ("1.1.1 no class", ""),
            ("5.1.1.1 is an address", ""),
            ("5.1.1234 too long", ""),
            ("", ""),
        ],
    )
    def test_is_found_only_at_the_beginning(self, response, code):
        assert enhanced_code(response) == code


class TestQueueId:
    """What servers call a message they took."""

    @pytest.mark.parametrize(
        ("response", "name"),
        [
            ("2.0.0 Ok: queued as 4RkX1Z0pB3z9s", "4RkX1Z0pB3z9s"),
            ("2.0.0 Ok: queued as D4A2B1C0F9", "D4A2B1C0F9"),
            ("2.0.0 Message queued with id 1a2b3c4d5e.", "1a2b3c4d5e"),
            ("Queued with id 18f3a", "18f3a"),
            ("OK id=1rXyZ2-0001Ab-3C", "1rXyZ2-0001Ab-3C"),
            ("OK ids=d7ef132b5d7711ea8c8b000c29c33806", "d7ef132b5d7711ea8c8b000c29c33806"),
            ("2.0.0 48NDEF7g012345 Message accepted for delivery", "48NDEF7g012345"),
            ("2.0.0: 1a2b3c4d Message accepted for delivery", "1a2b3c4d"),
            ("2.0.0 Message accepted for delivery", ""),
            ("Message Queued (6F8A-11EE.1)", "6F8A-11EE.1"),
            ("2.0.0 OK  1700000000 a1-20020a05cafe.12 - gsmtp", "a1-20020a05cafe.12"),
            ("ok 1700000000 qp 12345", "12345"),
            (
                "Ok 0102018c3e5f0a1b-1c2d3e4f-0000-000000",
                "0102018c3e5f0a1b-1c2d3e4f-0000-000000",
            ),
            (
                "2.6.0 <a@b> [InternalId=12345, Hostname=X.example] Queued mail for delivery",
                "12345",
            ),
            ("2.0.0 Ok", ""),
            ("2.0.0 Ok: no identity", ""),
            ("", ""),
        ],
    )
    def test_is_read_from_the_usual_wordings(self, response, name):
        assert queue_id(response) == name


class TestQuoted:
    """Foreign bytes in a sentence."""

    @given(st.binary(max_size=500))
    def test_is_short_and_printable(self, data):
        words = quoted(data)

        assert words.isprintable()
        assert len(words) <= 402
