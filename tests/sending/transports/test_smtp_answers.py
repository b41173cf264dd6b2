"""Every answer belongs to its own message, whatever the server does with the others."""

from __future__ import annotations

import pytest

from sending.transports.base import Answer, Stage
from tests.sending.scripted_server import DROP, Script, running
from tests.sending.transports.delivering import NOON, delivered, envelope, envelopes, settings_for

WITH = ("PIPELINING", "ENHANCEDSTATUSCODES")
WITHOUT = ("ENHANCEDSTATUSCODES",)


@pytest.fixture(params=[WITH, WITHOUT], ids=["pipelined", "lock-step"])
def keywords(request):
    """Return what the server offers."""
    return request.param


class TestAnswers:
    """Each message has its own."""

    def test_are_accepted_with_everything_the_server_said(self, run, keywords):
        with running(Script(keywords=keywords)) as server:
            delivery = run(delivered(settings_for(server.port), envelopes(5)))

        assert server.recipients == delivery.accepted() == [f"r{n}@example.com" for n in range(5)]
        receipt = delivery[3]
        assert receipt.answer is Answer.ACCEPTED
        assert receipt.stage is Stage.BODY
        assert receipt.code == 250
        assert receipt.enhanced_code == "2.0.0"
        assert receipt.response == "2.0.0 Ok: queued as Qr3"
        assert receipt.queue_id == "Qr3"
        assert receipt.answered_at == NOON

    def test_carry_the_right_envelope_and_data(self, run, keywords):
        with running(Script(keywords=keywords)) as server:
            run(delivered(settings_for(server.port), envelopes(3)))

        for taken in server.accepted:
            number = taken.rcpt_to[1]
            assert taken.mail_from == f"b{number}@bounce.example.com"
            assert taken.data == f"Subject: {number}\r\n\r\nHello {number}\r\n".encode()

    @pytest.mark.parametrize("eager_data", [False, True])
    @pytest.mark.parametrize(
        "refusal",
        [
            ("RCPT", "550 5.1.1 No such user", Answer.REFUSED, Stage.RCPT),
            ("RCPT", "452 4.2.2 Mailbox full", Answer.DEFERRED, Stage.RCPT),
            ("MAIL", "553 5.1.8 Sender unknown", Answer.REFUSED, Stage.MAIL),
            ("MAIL", "451 4.7.1 Greylisted", Answer.DEFERRED, Stage.MAIL),
            ("DATA", "452 4.3.1 No space", Answer.DEFERRED, Stage.DATA),
            ("DATA", "554 5.5.1 Not now", Answer.REFUSED, Stage.DATA),
            ("BODY", "554 5.7.1 Spam", Answer.REFUSED, Stage.BODY),
            ("BODY", "451 4.3.0 Try later", Answer.DEFERRED, Stage.BODY),
        ],
    )
    def test_do_not_disturb_the_others(self, run, keywords, eager_data, refusal):
        step, words, answer, stage = refusal
        address = "b1@bounce.example.com" if step == "MAIL" else "r1@example.com"
        script = Script(keywords=keywords, eager_data=eager_data, moves={(step, address): words})
        with running(script) as server:
            delivery = run(delivered(settings_for(server.port), envelopes(4)))

        code, _, response = words.partition(" ")
        receipt = delivery[1]
        assert (receipt.answer, receipt.stage) == (answer, stage)
        assert (receipt.code, receipt.response) == (int(code), response)
        assert receipt.enhanced_code == response.split()[0]
        assert receipt.queue_id == ""
        assert delivery.accepted() == server.recipients
        assert server.recipients == ["r0@example.com", "r2@example.com", "r3@example.com"]
        assert server.connections == 1
        assert not server.violations

    def test_stay_apart_when_many_fail_in_a_row(self, run, keywords):
        refusals = {("RCPT", f"r{n}@example.com"): f"550 5.1.1 No r{n}" for n in range(1, 9, 2)}
        full = {("BODY", f"r{n}@example.com"): f"452 4.2.2 Full r{n}" for n in range(2, 9, 4)}
        script = Script(keywords=keywords, moves=refusals | full, eager_data=True)
        with running(script) as server:
            delivery = run(delivered(settings_for(server.port), envelopes(9)))

        for number in (1, 3, 5, 7):
            assert delivery[number].response == f"5.1.1 No r{number}"
        for number in (2, 6):
            assert delivery[number].response == f"4.2.2 Full r{number}"
        assert delivery.accepted() == server.recipients

    def test_of_several_lines_are_kept_line_by_line(self, run, keywords):
        words = "550-5.1.1 The account does not exist.\n550-5.1.1 Please check\n550 5.1.1 it."
        script = Script(keywords=keywords, moves={("RCPT", "r0@example.com"): words})
        with running(script) as server:
            delivery = run(delivered(settings_for(server.port), envelopes(2)))

        expected = "5.1.1 The account does not exist.\n5.1.1 Please check\n5.1.1 it."
        assert delivery[0].response == expected
        assert delivery[0].enhanced_code == "5.1.1"
        assert delivery[1].answer is Answer.ACCEPTED

    def test_of_enormous_length_are_cut(self, run, keywords):
        words = "\n".join(f"554-5.7.1 line {n} {'x' * 400}" for n in range(200)) + "\n554 5.7.1 end"
        script = Script(keywords=keywords, moves={("BODY", "r0@example.com"): words})
        with running(script) as server:
            delivery = run(delivered(settings_for(server.port), envelopes(2)))

        assert delivery[0].code == 554
        assert len(delivery[0].response) == 2000
        assert delivery[0].response.startswith("5.7.1 line 0 xxx")
        assert delivery[1].answer is Answer.ACCEPTED

    def test_hold_any_bytes(self, run, keywords):
        words = "550 5.1.1 Größe \udcff\0 unbekannt"
        script = Script(keywords=keywords, moves={("RCPT", "r0@example.com"): words})
        with running(script) as server:
            delivery = run(delivered(settings_for(server.port), envelopes(1)))

        assert delivery[0].response == "5.1.1 Größe \\xff\\x00 unbekannt"

    @pytest.mark.parametrize("piece_bytes", [1, 2])
    def test_may_come_in_tiny_pieces(self, run, keywords, piece_bytes):
        script = Script(
            keywords=keywords,
            piece_bytes=piece_bytes,
            eager_data=True,
            moves={
                ("RCPT", "r1@example.com"): "550 5.1.1 No",
                ("BODY", "r2@example.com"): "452 Full",
            },
        )
        with running(script) as server:
            delivery = run(delivered(settings_for(server.port), envelopes(4)))

        assert (delivery[1].code, delivery[2].code) == (550, 452)
        assert delivery.accepted() == server.recipients == ["r0@example.com", "r3@example.com"]

    def test_may_come_late_and_all_together(self, run, keywords):
        script = Script(
            keywords=keywords,
            linger_seconds=0.02,
            eager_data=True,
            moves={
                ("RCPT", "r1@example.com"): "550 5.1.1 No",
                ("BODY", "r2@example.com"): "452 Full",
            },
        )
        with running(script) as server:
            delivery = run(delivered(settings_for(server.port), envelopes(5)))

        assert (delivery[1].code, delivery[2].code) == (550, 452)
        assert delivery.accepted() == server.recipients

    def test_may_come_slowly(self, run, keywords):
        with running(Script(keywords=keywords, delay_seconds=0.02)) as server:
            delivery = run(delivered(settings_for(server.port), envelopes(3)))

        assert delivery.accepted() == server.recipients
        assert len(server.recipients) == 3


class TestFourTwentyOne:
    """A 421 belongs to the message being answered; the others travel on."""

    @pytest.mark.parametrize(
        ("step", "stage"),
        [("MAIL", Stage.MAIL), ("RCPT", Stage.RCPT), ("DATA", Stage.DATA), ("BODY", Stage.BODY)],
    )
    def test_defers_its_own_message_alone(self, run, keywords, step, stage):
        address = "b1@bounce.example.com" if step == "MAIL" else "r1@example.com"
        moves = {(step, address): ["421 4.3.2 Shutting down"]}
        with running(Script(keywords=keywords, moves=moves)) as server:
            delivery = run(delivered(settings_for(server.port), envelopes(4)))

        receipt = delivery[1]
        assert (receipt.answer, receipt.stage, receipt.code) == (Answer.DEFERRED, stage, 421)
        assert receipt.response == "4.3.2 Shutting down"
        assert delivery.accepted() == server.recipients
        assert len(server.recipients) == 3
        assert server.connections == 2

    @pytest.mark.parametrize("step", ["RCPT", "DATA", "BODY"])
    def test_ends_the_connection_though_the_server_does_not(self, run, keywords, step):
        moves = {(step, "r1@example.com"): ["421 4.3.2 Shutting down"]}
        script = Script(keywords=keywords, moves=moves, hangs_up_after_421=False)
        with running(script) as server:
            delivery = run(delivered(settings_for(server.port), envelopes(4)))

        assert (delivery[1].answer, delivery[1].code) == (Answer.DEFERRED, 421)
        assert delivery.accepted() == server.recipients
        assert server.connections == 2

    def test_after_some_messages_costs_one_message_each_time(self, run, keywords):
        with running(Script(keywords=keywords, messages_before_421=3)) as server:
            delivery = run(delivered(settings_for(server.port), envelopes(11)))

        deferred = [one for one in delivery.receipts if one.answer is Answer.DEFERRED]
        assert all(one.response == "4.7.0 Enough from you" for one in deferred)
        assert len(deferred) == 2
        assert delivery.accepted() == server.recipients


class TestDroppedConnection:
    """What was written is in doubt, what was not travels over another connection."""

    @pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
    def test_before_the_body_costs_nothing(self, run, keywords, step):
        address = "b1@bounce.example.com" if step == "MAIL" else "r1@example.com"
        with running(Script(keywords=keywords, moves={(step, address): [DROP]})) as server:
            delivery = run(delivered(settings_for(server.port), envelopes(4)))

        assert set(delivery.answers().values()) == {Answer.ACCEPTED}
        assert len(server.accepted) == 4
        assert server.recipients == delivery.accepted()
        assert server.connections == 2

    def test_after_the_dot_leaves_one_in_doubt(self, run, keywords):
        script = Script(keywords=keywords, moves={("BODY", "r1@example.com"): [DROP]})
        with running(script) as server:
            delivery = run(delivered(settings_for(server.port), envelopes(4)))

        receipt = delivery[1]
        assert (receipt.answer, receipt.stage, receipt.code) == (Answer.IN_DOUBT, Stage.BODY, None)
        assert receipt.response.endswith("whether it was taken is unknown.")
        assert delivery.accepted() == server.recipients
        assert len(server.recipients) == 3

    def test_again_and_again_leaves_the_message_unreached(self, run, keywords):
        script = Script(keywords=keywords, moves={("RCPT", "r1@example.com"): DROP})
        with running(script) as server:
            delivery = run(delivered(settings_for(server.port), envelopes(3)))

        receipt = delivery[1]
        assert (receipt.answer, receipt.stage, receipt.code) == (Answer.UNREACHED, Stage.RCPT, None)
        assert "try 3" in receipt.response
        assert delivery.accepted() == server.recipients == ["r0@example.com", "r2@example.com"]

    def test_in_the_middle_of_a_refusal_keeps_the_refusal(self, run):
        moves = {
            ("RCPT", "r1@example.com"): "550 5.1.1 No such user",
            ("DATA", "r1@example.com"): [DROP],
        }
        with running(Script(moves=moves, eager_data=True)) as server:
            delivery = run(delivered(settings_for(server.port), envelopes(3)))

        assert (delivery[1].answer, delivery[1].code) == (Answer.REFUSED, 550)
        assert delivery.accepted() == server.recipients == ["r0@example.com", "r2@example.com"]


class TestNonsense:
    """A server that does not speak SMTP costs one message at most."""

    @pytest.mark.parametrize("words", ["garbage", "999 what", "100 well", "\0\0\0", "250_ok", ""])
    def test_before_the_body_sends_it_over_another_connection(self, run, keywords, words):
        script = Script(keywords=keywords, moves={("RCPT", "r1@example.com"): [words]})
        if not words:
            script.moves[("RCPT", "r1@example.com")] = ["\r\n"]
        with running(script) as server:
            delivery = run(delivered(settings_for(server.port), envelopes(3)))

        assert set(delivery.answers().values()) == {Answer.ACCEPTED}
        assert delivery.accepted() == server.recipients

    @pytest.mark.parametrize("words", ["garbage", "354 more?", "x" * 20_000])
    def test_after_the_body_leaves_it_in_doubt(self, run, keywords, words):
        script = Script(keywords=keywords, moves={("BODY", "r1@example.com"): [words]})
        with running(script) as server:
            delivery = run(delivered(settings_for(server.port), envelopes(3)))

        assert delivery[1].answer is Answer.IN_DOUBT
        assert len(delivery[1].response) < 400
        assert {"r0@example.com", "r2@example.com"} <= set(server.recipients)

    def test_in_place_of_354_is_not_followed_by_the_text(self, run, keywords):
        script = Script(keywords=keywords, moves={("DATA", "r1@example.com"): ["250 2.0.0 Fine"]})
        with running(script) as server:
            delivery = run(delivered(settings_for(server.port), envelopes(3)))

        assert "Hello 1" not in server.commands
        assert delivery.accepted() == server.recipients

    def test_never_gets_the_text_of_a_message_whose_sender_it_refused(self, run):
        moves = {("MAIL", "b1@bounce.example.com"): "550 5.7.1 Not you"}
        with running(Script(moves=moves, careless=True)) as server:
            delivery = run(delivered(settings_for(server.port), [envelope(1), envelope(2)]))

        assert (delivery[1].code, delivery[1].stage) == (550, Stage.MAIL)
        assert server.recipients == ["r2@example.com"]
        assert server.connections == 2
