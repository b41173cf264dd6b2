"""What is put on the wire, be it short or long."""

from __future__ import annotations

import itertools

import pytest

from sending.transports.base import Answer, Envelope, Stage
from tests.sending.scripted_server import DROP, Script, running
from tests.sending.transports.delivering import (
    LONG_TEXT,
    delivered,
    envelope,
    envelopes,
    settings_for,
)

NO_WORDS = [
    "a@example.com\r\nRCPT TO:<evil@example.com>",
    "a@example.com\n",
    "a@example.com\r",
    "a b@example.com",
    "<a@example.com>",
    "a@example.com> ORCPT=x",
    "a\0@example.com",
    "a\x7f@example.com",
    "ä@example.com",
    "a@exa\u2028mple.com",
]


class TestMessages:
    """What is put on the wire."""

    @pytest.mark.parametrize(
        "text",
        [
            b".\r\n",
            b"..\r\n.\r\n...\r\n",
            b"a\r\n.\r\nb\r\n",
            b"Subject: x\r\n\r\n.leading\r\nno . inner\r\n",
        ],
    )
    def test_keep_their_dots(self, run, text):
        with running() as server:
            run(delivered(settings_for(server.port), [envelope(0, data=text), envelope(1)]))

        assert server.accepted[0].data == text
        assert len(server.accepted) == 2

    def test_that_do_not_end_in_a_line_end_get_one(self, run):
        with running() as server:
            run(delivered(settings_for(server.port), [envelope(0, data=b"no end")]))

        assert server.accepted[0].data == b"no end\r\n"

    def test_name_their_size_where_that_is_offered(self, run):
        with running(Script(keywords=("PIPELINING", "SIZE 1000"))) as server:
            run(delivered(settings_for(server.port), [envelope(0, data=b"x" * 298 + b"\r\n")]))

        assert "MAIL FROM:<b0@bounce.example.com> SIZE=300" in server.commands

    @pytest.mark.parametrize("keyword", ["SIZE", "SIZE 0"])
    def test_may_have_any_size_where_no_limit_is_named(self, run, keyword):
        with running(Script(keywords=("PIPELINING", keyword))) as server:
            delivery = run(delivered(settings_for(server.port), envelopes(1)))

        assert delivery[0].answer is Answer.ACCEPTED

    def test_beyond_the_size_limit_are_refused_without_a_word(self, run):
        fed = [envelope(0), envelope(1, data=b"x" * 1099 + b"\r\n"), envelope(2)]
        with running(Script(keywords=("PIPELINING", "SIZE 1000"))) as server:
            delivery = run(delivered(settings_for(server.port), fed))

        receipt = delivery[1]
        assert (receipt.answer, receipt.stage, receipt.code) == (Answer.REFUSED, Stage.MAIL, None)
        assert receipt.response == "The message has 1,101 bytes; the server takes at most 1,000."
        assert not any("b1@" in command for command in server.commands)
        assert delivery.accepted() == server.recipients == ["r0@example.com", "r2@example.com"]

    @pytest.mark.parametrize(
        ("field", "address"),
        [*itertools.product(("rcpt_to", "mail_from"), NO_WORDS), ("rcpt_to", "")],
    )
    def test_with_an_address_that_is_no_word_are_refused_without_a_word(self, run, field, address):
        addresses = {"rcpt_to": "r1@example.com", "mail_from": "b1@example.com"} | {field: address}
        fed = [envelope(0), Envelope(recipient_id=1, data=b"x\r\n", **addresses), envelope(2)]
        with running() as server:
            delivery = run(delivered(settings_for(server.port), fed))

        receipt = delivery[1]
        stage = Stage.RCPT if field == "rcpt_to" else Stage.MAIL
        assert (receipt.answer, receipt.stage, receipt.code) == (Answer.REFUSED, stage, None)
        assert "was not given to the server" in receipt.response
        assert receipt.response.isprintable()
        assert delivery.accepted() == server.recipients == ["r0@example.com", "r2@example.com"]
        assert len([one for one in server.commands if one.startswith("RCPT")]) == 2

    def test_may_have_the_null_return_path(self, run):
        fed = [Envelope(recipient_id=0, mail_from="", rcpt_to="r0@example.com", data=b"x\r\n")]
        with running() as server:
            delivery = run(delivered(settings_for(server.port), fed))

        assert delivery[0].answer is Answer.ACCEPTED
        assert server.accepted[0].mail_from == ""


class TestLongMessages:
    """Larger than what the kernel takes at once."""

    @pytest.mark.parametrize("keywords", [("PIPELINING",), ()])
    def test_arrive_whole_and_in_order(self, run, keywords):
        fed = [envelope(0), envelope(1, data=LONG_TEXT), envelope(2), envelope(3, data=LONG_TEXT)]
        with running(Script(keywords=keywords)) as server:
            delivery = run(delivered(settings_for(server.port), fed))

        assert delivery.accepted() == server.recipients
        assert [taken.data == LONG_TEXT for taken in server.accepted] == [False, True, False, True]

    def test_that_did_not_leave_entirely_are_not_in_doubt(self, run):
        moves = {("MIDBODY", "r0@example.com"): [DROP]}
        fed = [envelope(0, data=LONG_TEXT), envelope(1)]
        with running(Script(moves=moves)) as server:
            delivery = run(delivered(settings_for(server.port), fed))

        assert delivery.answers() == {0: Answer.ACCEPTED, 1: Answer.ACCEPTED}
        assert server.recipients == delivery.accepted()

    def test_may_be_refused_before_their_end(self, run):
        moves = {("MIDBODY", "r0@example.com"): ["552 5.3.4 Too long"]}
        fed = [envelope(0, data=LONG_TEXT), envelope(1)]
        with running(Script(moves=moves)) as server:
            delivery = run(delivered(settings_for(server.port), fed))

        receipt = delivery[0]
        assert (receipt.answer, receipt.stage, receipt.code) == (Answer.REFUSED, Stage.BODY, 552)
        assert delivery[1].answer is Answer.ACCEPTED

    def test_may_be_deferred_by_a_421_before_their_end(self, run):
        moves = {("MIDBODY", "r0@example.com"): ["421 4.3.2 Stopping"]}
        fed = [envelope(0, data=LONG_TEXT), envelope(1)]
        with running(Script(moves=moves)) as server:
            delivery = run(delivered(settings_for(server.port), fed))

        assert (delivery[0].answer, delivery[0].code) == (Answer.DEFERRED, 421)
        assert delivery[1].answer is Answer.ACCEPTED
