"""What goes over the wire for one message, and how fast."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.transports.base import Envelope
from sending.transports.smtp.pacing import TokenBucket
from sending.transports.smtp.settings import SmtpSettings
from sending.transports.smtp.wire import END_OF_DATA, address_problem, command_group, stuffed

addresses = st.text(alphabet="ab@.+-='<>\r\n\0 \x7fä²", max_size=8) | st.text(max_size=20)
pieces = st.sampled_from([b".", b"..", b"\r\n", b"\n", b"a", b" ", b"QUIT", b"=2E"])


def message(data, *, no_leading_dots=False):
    """Return an envelope around a body."""
    return Envelope(1, "b@example.com", "a@example.com", data, no_leading_dots)


class TestStuffed:
    """A body that cannot end early."""

    @given(st.lists(pieces, max_size=30).map(b"".join))
    def test_never_holds_a_line_of_one_dot(self, data):
        wire = b"\r\n" + stuffed(message(data))

        assert not re.search(rb"\n\.\r?\n", wire)

    @given(st.lists(pieces, max_size=30).map(lambda parts: b"".join(parts) + b"\r\n"))
    def test_is_undone_by_the_receiver(self, data):
        data = re.sub(rb"(?<!\r)\n", b"\r\n", data)
        lines = (stuffed(message(data)) + END_OF_DATA).split(b"\r\n")

        received = []
        for line in lines:
            if line == b".":
                break
            received.append(line.removeprefix(b"."))

        assert b"".join(line + b"\r\n" for line in received) == data

    def test_leaves_an_ordinary_message_alone(self):
        data = b"Subject: a\r\n\r\nNo dots. None at the start.\r\n"

        assert stuffed(message(data)) is data

    def test_takes_its_writers_word(self):
        data = b"Subject: a\r\n\r\nNone.\r\n"

        assert stuffed(message(data, no_leading_dots=True)) is data


class TestCommandGroup:
    """Three commands and nothing else."""

    @given(addresses, addresses, st.booleans())
    def test_has_three_lines_for_every_address_that_may_pass(self, mail_from, rcpt_to, sized):
        envelope = Envelope(1, mail_from, rcpt_to, b"x\r\n")
        if address_problem(envelope) is not None:
            return

        lines = command_group(envelope, size_offered=sized).split(b"\r\n")

        assert [line[:4] for line in lines] == [b"MAIL", b"RCPT", b"DATA", b""]
        assert lines[1] == f"RCPT TO:<{rcpt_to}>".encode()
        assert lines[0] == f"MAIL FROM:<{mail_from}>{' SIZE=3' if sized else ''}".encode()


class TestAddressProblem:
    """Lets words pass, and nothing else."""

    @given(addresses, addresses)
    def test_is_found_exactly_where_a_character_could_do_harm(self, mail_from, rcpt_to):
        harmless = {chr(code) for code in range(33, 127)} - {"<", ">"}
        expected = set(mail_from + rcpt_to) <= harmless and rcpt_to != ""

        problem = address_problem(Envelope(1, mail_from, rcpt_to, b"x\r\n"))

        assert (problem is None) is expected


class TestTokenBucket:
    """Holds to the rate."""

    @given(
        st.floats(0.5, 500),
        st.lists(st.floats(0, 0.5, allow_nan=False), min_size=1, max_size=60),
    )
    def test_never_lets_more_through_than_rate_and_burst(self, rate, pauses):
        bucket = TokenBucket(rate_per_second=rate, now=0.0)
        now, gone = 0.0, 0

        for pause in pauses:
            now += pause
            while bucket.wait_seconds(now=now) == 0.0:
                bucket.take()
                gone += 1

        assert gone <= max(1.0, rate * 0.1) + rate * now + 1e-6

    @given(st.floats(0.5, 500))
    def test_names_a_wait_after_which_one_may_go(self, rate):
        bucket = TokenBucket(rate_per_second=rate, now=0.0)
        while bucket.wait_seconds(now=0.0) == 0.0:
            bucket.take()

        wait = bucket.wait_seconds(now=0.0)

        assert bucket.wait_seconds(now=wait + 1e-9) == 0.0


class TestSmtpSettings:
    """Says at once what cannot work, and nothing secret."""

    @pytest.mark.parametrize(
        "options",
        [
            {"host": ""},
            {"port": 0},
            {"port": 70000},
            {"connections": 0},
            {"rate_per_second": -1},
            {"messages_per_connection": -1},
            {"reply_timeout": 0},
            {"tls": "ssl"},
            {"pipelining": "always"},
            {"helo_name": "a b"},
            {"helo_name": "a\r\nMAIL FROM:<x>"},
        ],
    )
    def test_refuses_what_cannot_work(self, options):
        with pytest.raises(ValueError, match=r"."):
            SmtpSettings(**({"host": "127.0.0.1"} | options))

    def test_takes_the_words_of_its_choices(self):
        settings = SmtpSettings("127.0.0.1", tls="starttls", pipelining="never")

        assert (settings.tls, settings.pipelining) == ("starttls", "never")

    def test_does_not_show_the_password(self):
        assert "secret" not in repr(SmtpSettings("127.0.0.1", username="u", password="secret"))
