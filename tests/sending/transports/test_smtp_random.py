"""Any mixture of answers, refusals and failures over several connections keeps the promises."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from sending.transports.base import Answer, Stage
from tests.sending.scripted_server import DROP, Script, running
from tests.sending.transports.delivering import delivered, envelopes, settings_for

COUNT = 80
SEEDS = range(5)

# What can happen to one message: the command, what the server does, and what the receipt says.
FATES = [
    ("RCPT", "550 5.1.1 No such user r{n}", Answer.REFUSED, Stage.RCPT),
    ("RCPT", "452 4.2.2 Mailbox of r{n} is full", Answer.DEFERRED, Stage.RCPT),
    ("RCPT", "550-5.7.1 Blocked\n550 5.7.1 for r{n}", Answer.REFUSED, Stage.RCPT),
    ("MAIL", "451 4.7.1 Greylisted r{n}", Answer.DEFERRED, Stage.MAIL),
    ("DATA", "452 4.3.1 No space for r{n}", Answer.DEFERRED, Stage.DATA),
    ("BODY", "554 5.7.1 Spam for r{n}", Answer.REFUSED, Stage.BODY),
    ("BODY", "451 4.3.0 Try r{n} later", Answer.DEFERRED, Stage.BODY),
    ("RCPT", "421 4.3.2 Stopping at r{n}", Answer.DEFERRED, Stage.RCPT),
    ("BODY", "421 4.3.2 Stopping after r{n}", Answer.DEFERRED, Stage.BODY),
]
FAILURES = [
    ("MAIL", DROP, Answer.ACCEPTED),
    ("RCPT", DROP, Answer.ACCEPTED),
    ("DATA", DROP, Answer.ACCEPTED),
    ("DATA", "gibberish", Answer.ACCEPTED),
    ("BODY", DROP, Answer.IN_DOUBT),
    ("BODY", "gibberish", Answer.IN_DOUBT),
]


def address(command, number):
    """Return the address that a command about a message names."""
    return f"b{number}@bounce.example.com" if command == "MAIL" else f"r{number}@example.com"


def script_of(rng, keywords):
    """Return a script and what it must lead to: number -> (answer, stage, words)."""
    # A refusal stays; a failure happens once, and the message arrives at the next attempt.
    moves, expected = {}, {}
    for number in range(COUNT):
        chance = rng.random()
        expected[number] = (Answer.ACCEPTED, Stage.BODY, f"250 2.0.0 Ok: queued as Qr{number}")
        if chance < 0.3:
            command, words, answer, stage = rng.choice(FATES)
            move = words.format(n=number)
            expected[number] = (answer, stage, move)
            moves[(command, address(command, number))] = move
        elif chance < 0.4:
            command, move, answer = rng.choice(FAILURES)
            if answer is Answer.IN_DOUBT:
                expected[number] = (answer, Stage.BODY, None)
            moves[(command, address(command, number))] = [move]
    script = Script(
        keywords=keywords,
        moves=moves,
        eager_data=rng.random() < 0.5,
        piece_bytes=rng.choice([0, 0, 7]),
        linger_seconds=rng.choice([0.0, 0.0, 0.002]),
    )
    return script, expected


@pytest.mark.parametrize("keywords", [("PIPELINING", "SIZE 100000"), ()], ids=["pipelined", "not"])
@pytest.mark.parametrize("seed", SEEDS)
class TestRandomServers:
    """Whatever the server does."""

    def test_give_each_message_exactly_its_own_answer(self, run, keywords, seed):
        rng = random.Random(f"{seed} {keywords}")
        script, expected = script_of(rng, keywords)
        connections = rng.choice([1, 3, 8])
        fed = envelopes(COUNT)
        with running(script) as server:
            settings = settings_for(
                server.port,
                connections=connections,
                messages_per_connection=rng.choice([0, 0, 7]),
            )
            delivery = run(delivered(settings, fed))

        for receipt in delivery.receipts:
            answer, stage, words = expected[receipt.recipient_id]
            assert (receipt.answer, receipt.stage) == (answer, stage)
            if words is not None:
                lines = words.split("\n")
                assert receipt.code == int(lines[0][:3])
                assert receipt.response == "\n".join(line[4:] for line in lines)
        taken = Counter(one.rcpt_to for one in server.accepted)
        assert set(taken.values()) <= {1}
        assert sorted(taken) == delivery.accepted()
        assert not server.violations
