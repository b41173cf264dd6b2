"""The server's side of a connection, octet by octet."""

from __future__ import annotations

import base64
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.answers import Answers
from sandbox.dialogue import MAXIMUM_LINE_OCTETS, MAXIMUM_MESSAGE_OCTETS, Dialogue, Offer

NOW = dt.datetime(2026, 11, 23, 8, tzinfo=dt.UTC)


def opened(offer=None, *, answers=None):
    """Return a dialogue that has heard EHLO."""
    dialogue = Dialogue(
        answers or Answers(seed=1, clock=lambda: NOW), offer=offer or Offer(), client_ip="127.0.0.2"
    )
    talk(dialogue, "EHLO client.example\r\n")
    return dialogue


def steps(dialogue):
    """Return all steps that what was received leads to."""
    found = []
    while (step := dialogue.next_step()) is not None:
        found.append(step)
    return found


def talk(dialogue, text):
    """Return what the server says to `text`."""
    dialogue.receive(text.encode("latin-1"))
    return b"".join(step.reply for step in steps(dialogue)).decode()


def codes(said):
    """Return the code of every complete reply."""
    return [int(line[:3]) for line in said.splitlines() if line[3:4] != "-"]


ENVELOPE = "MAIL FROM:<bounce@news.example> SIZE=20\r\nRCPT TO:<accept+a@gmail.example>\r\nDATA\r\n"


class TestGreeting:
    def test_offers_what_was_asked_for(self):
        dialogue = Dialogue(
            Answers(seed=1, clock=lambda: NOW),
            offer=Offer(pipelining=False, starttls=True, credentials="a:b"),
            client_ip="127.0.0.2",
        )

        said = talk(dialogue, "EHLO client.example\r\n")

        assert "STARTTLS" in said
        assert "AUTH PLAIN LOGIN" in said
        assert "PIPELINING" not in said
        assert f"SIZE {MAXIMUM_MESSAGE_OCTETS}" in said
        assert "8BITMIME" in said

    def test_wants_a_name(self):
        dialogue = opened()

        assert codes(talk(dialogue, "EHLO\r\n")) == [501]


class TestMessages:
    def test_are_taken_with_envelope_and_exact_content(self):
        dialogue = opened()

        dialogue.receive((ENVELOPE + "Subject: x\r\n\r\nHi\r\n.\r\n").encode())
        found = steps(dialogue)

        (message,) = [step.message for step in found if step.message]
        assert message.mail_from == "bounce@news.example"
        assert message.rcpt_to == ("accept+a@gmail.example",)
        assert message.data == b"Subject: x\r\n\r\nHi\r\n"
        assert message.client_ip == "127.0.0.2"
        assert found[-1].reply.decode().startswith("250 2.0.0 OK  1795420800 ")

    def test_have_their_dots_unstuffed(self):
        dialogue = opened()

        dialogue.receive((ENVELOPE + "..first\r\n\r\n..\r\n...more\r\n.\r\n").encode())
        (message,) = [step.message for step in steps(dialogue) if step.message]

        assert message.data == b".first\r\n\r\n.\r\n..more\r\n"

    def test_may_be_empty(self):
        dialogue = opened()

        said = talk(dialogue, ENVELOPE + ".\r\n")

        assert codes(said) == [250, 250, 354, 250]

    def test_beyond_the_limit_are_announced_in_vain(self):
        dialogue = opened()

        said = talk(dialogue, f"MAIL FROM:<a@b.example> SIZE={MAXIMUM_MESSAGE_OCTETS + 1}\r\n")

        assert said == "552 5.3.4 Message size exceeds fixed limit\r\n"

    @given(st.lists(st.integers(1, 400), max_size=30))
    def test_arrive_the_same_in_pieces_of_any_size(self, cuts):
        stream = (
            ENVELOPE + "a: 1\r\n\r\none\r\n.\r\n" + ENVELOPE + "a: 2\r\n\r\n..two\r\n.\r\nQUIT\r\n"
        ).encode()
        whole, pieces = opened(), opened()

        whole.receive(stream)
        expected = steps(whole)
        found, rest = [], stream
        for cut in [*cuts, len(stream)]:
            pieces.receive(rest[:cut])
            rest = rest[cut:]
            found += steps(pieces)

        assert [step.reply for step in found] == [step.reply for step in expected]
        assert [step.message for step in found] == [step.message for step in expected]


class TestGroups:
    def test_answer_every_command_in_order(self):
        dialogue = opened()

        said = talk(
            dialogue,
            "MAIL FROM:<a@b.example>\r\nRCPT TO:<unknown+x@outlook.example>\r\n"
            "RCPT TO:<accept+y@outlook.example>\r\nDATA\r\n",
        )

        assert codes(said) == [250, 550, 250, 354]

    def test_refuse_data_when_no_address_was_taken(self):
        dialogue = opened()

        said = talk(
            dialogue,
            "MAIL FROM:<a@b.example>\r\nRCPT TO:<unknown+x@gmail.example>\r\nDATA\r\n"
            "MAIL FROM:<a@b.example>\r\n",
        )

        assert codes(said) == [250, 550, 554, 503]

    def test_go_on_after_a_body_that_is_refused(self):
        dialogue = opened()

        said = talk(
            dialogue,
            "MAIL FROM:<a@b.example>\r\nRCPT TO:<block+x@gmail.example>\r\nDATA\r\n"
            "x: y\r\n\r\n.\r\n" + ENVELOPE,
        )

        assert codes(said) == [250, 250, 354, 550, 250, 250, 354]


class TestBehaviours:
    def test_defer_once_for_each_message(self):
        answers = Answers(seed=1, clock=lambda: NOW)
        rcpt = "RCPT TO:<defer+x@icloud.example>\r\n"

        found = [
            codes(talk(opened(answers=answers), f"MAIL FROM:<{sender}@b.example>\r\n{rcpt}"))[1]
            for sender in ("one", "one", "two", "two")
        ]

        assert found == [451, 250, 451, 250]

    def test_stay_full_when_asked_for(self):
        answers = Answers(seed=1, clock=lambda: NOW)
        rcpt = "RCPT TO:<full+x@gmail.example>\r\n"

        found = [
            codes(talk(opened(answers=answers), f"MAIL FROM:<one@b.example>\r\n{rcpt}"))[1]
            for _ in range(3)
        ]

        assert found == [452, 452, 452]

    def test_close_the_connection_with_421(self):
        dialogue = opened()

        dialogue.receive(b"MAIL FROM:<a@b.example>\r\nRCPT TO:<busy+x@yahoo.example>\r\nDATA\r\n")
        first, second = dialogue.next_step(), dialogue.next_step()

        assert first.reply == b"250 2.1.0 Ok\r\n"
        assert second.reply.startswith(b"421 4.7.0 [TSS04] Messages from 127.0.0.2")
        assert second.hang_up

    def test_wait_before_a_slow_answer(self):
        answers = Answers(seed=1, clock=lambda: NOW, slow_seconds=3)
        dialogue = opened(answers=answers)

        dialogue.receive(
            b"MAIL FROM:<a@b.example>\r\nRCPT TO:<slow+x@gmx.example>\r\nDATA\r\nx: y\r\n\r\n.\r\n"
        )

        assert [step.wait_seconds for step in steps(dialogue)] == [0, 0, 0, 3]

    def test_drop_the_connection_with_the_message_kept(self):
        dialogue = opened()

        dialogue.receive(
            b"MAIL FROM:<a@b.example>\r\nRCPT TO:<drop+x@gmx.example>\r\nDATA\r\nx: y\r\n\r\n.\r\n"
        )
        last = steps(dialogue)[-1]

        assert (last.reply, last.hang_up) == (b"", True)
        assert last.message is not None

    def test_are_counted(self):
        answers = Answers(seed=1, clock=lambda: NOW)
        dialogue = opened(answers=answers)

        talk(dialogue, ENVELOPE + ".\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<unknown+x@web.example>\r\n")

        assert answers.counts == {"accept": 1, "unknown": 1}


class TestNonsense:
    @pytest.mark.parametrize(
        ("line", "code"),
        [
            ("FEED ME", 502),
            ("MAIL FROM:nobody", 501),
            ("MAIL TO:<a@b.example>", 501),
            ("RCPT TO:<a@b.example>", 503),
            ("DATA", 503),
            ("AUTH PLAIN AAAA", 504),
            ("STARTTLS", 502),
            ("NOOP", 250),
            ("VRFY a", 252),
            ("RSET", 250),
            ("QUIT", 221),
        ],
    )
    def test_gets_the_code_the_standard_gives_it(self, line, code):
        assert codes(talk(opened(), line + "\r\n")) == [code]

    def test_in_an_address_is_refused(self):
        said = talk(opened(), "MAIL FROM:<a@b.example>\r\nRCPT TO:<a\n250 Ok@b.example>\r\n")

        assert codes(said)[1] == 501

    def test_without_end_is_cut_off(self):
        dialogue = opened()
        dialogue.receive(b"x" * (MAXIMUM_LINE_OCTETS + 1))

        step = dialogue.next_step()

        assert step.reply == b"500 5.5.2 Error: line too long\r\n"
        assert step.hang_up

    def test_before_ehlo_is_refused(self):
        dialogue = Dialogue(
            Answers(seed=1, clock=lambda: NOW), offer=Offer(), client_ip="127.0.0.2"
        )

        assert codes(talk(dialogue, "MAIL FROM:<a@b.example>\r\n")) == [503]

    def test_of_a_second_mail_command_is_refused(self):
        said = talk(opened(), "MAIL FROM:<a@b.example>\r\nMAIL FROM:<c@d.example>\r\n")

        assert codes(said) == [250, 503]


class TestLogin:
    OFFER = Offer(credentials="mailwright:s3cret")

    def encoded(self, text):
        return base64.b64encode(text.encode()).decode()

    def test_comes_before_mail(self):
        assert codes(talk(opened(self.OFFER), "MAIL FROM:<a@b.example>\r\n")) == [530]

    def test_by_plain_in_one_line(self):
        line = "AUTH PLAIN " + self.encoded("\0mailwright\0s3cret")

        said = talk(opened(self.OFFER), f"{line}\r\nMAIL FROM:<a@b.example>\r\n")

        assert codes(said) == [235, 250]

    def test_by_plain_in_two_lines(self):
        line = self.encoded("\0mailwright\0s3cret")

        assert codes(talk(opened(self.OFFER), f"AUTH PLAIN\r\n{line}\r\n")) == [334, 235]

    def test_by_login(self):
        lines = [self.encoded("mailwright"), self.encoded("s3cret")]

        said = talk(opened(self.OFFER), "AUTH LOGIN\r\n" + "\r\n".join(lines) + "\r\n")

        assert codes(said) == [334, 334, 235]
        assert self.encoded("Password:") in said

    @pytest.mark.parametrize("given", ["\0mailwright\0wrong", "\0s3cret\0mailwright", "", "\0"])
    def test_with_something_else_fails(self, given):
        line = "AUTH PLAIN " + (self.encoded(given) or "=")

        said = talk(opened(self.OFFER), f"{line}\r\nMAIL FROM:<a@b.example>\r\n")

        assert codes(said) == [535, 530]

    def test_is_forgotten_when_tls_starts(self):
        dialogue = opened(Offer(starttls=True, credentials="mailwright:s3cret"))
        talk(dialogue, "AUTH PLAIN " + self.encoded("\0mailwright\0s3cret") + "\r\n")

        dialogue.encrypted()
        said = talk(dialogue, "EHLO again.example\r\nMAIL FROM:<a@b.example>\r\n")

        assert "STARTTLS" not in said
        assert codes(said) == [250, 530]
