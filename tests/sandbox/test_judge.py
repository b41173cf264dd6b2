"""What providers object to in an IP that is new to them."""

from __future__ import annotations

import datetime as dt
import smtplib

from sandbox.answers import Answers
from sandbox.judge import PATIENCE, Judge
from sandbox.server import ServerSettings
from sandbox.trust import LEAST_TAKEN, MANNERS, STEP
from tests.sandbox.running import running_sandbox

NEW_IP, OLD_IP = "127.0.0.5", "127.0.0.2"
GMX = MANNERS["gmx"]
TAKEN = LEAST_TAKEN  # of a new IP in its first step


class Clock:
    """Says what time it is."""

    def __init__(self):
        self.at = dt.datetime(2026, 6, 10, 12, tzinfo=dt.UTC)

    def now(self):
        return self.at


def asked(judge, number, *, client_ip=NEW_IP, provider="gmx"):
    """Return the objections to so many messages."""
    return [judge.objection(client_ip=client_ip, provider=provider) for _ in range(number)]


class TestJudge:
    def test_takes_little_from_a_new_ip_then_asks_it_to_slow_down(self):
        judge = Judge([NEW_IP], clock=Clock().now)

        said = asked(judge, TAKEN + 3)

        assert said == [None] * TAKEN + [GMX.slow_down] * 3

    def test_refuses_who_does_not_listen(self):
        judge = Judge([NEW_IP], clock=Clock().now)

        said = asked(judge, TAKEN + PATIENCE + 2)

        assert said[-3:] == [GMX.slow_down, GMX.blocked, GMX.blocked]

    def test_leaves_other_ips_and_providers_alone(self):
        judge = Judge([NEW_IP], clock=Clock().now)

        assert not any(asked(judge, 500, client_ip=OLD_IP))
        assert not any(asked(judge, 500, provider="other"))

    def test_keeps_each_provider_to_itself(self):
        judge = Judge([NEW_IP], clock=Clock().now)
        asked(judge, TAKEN + 1)

        assert asked(judge, 1, provider="gmail") == [None]

    def test_takes_mail_again_in_the_next_step(self):
        clock = Clock()
        judge = Judge([NEW_IP], clock=clock.now)
        asked(judge, TAKEN + PATIENCE + 2)

        clock.at += STEP

        assert asked(judge, TAKEN + 1) == [None] * TAKEN + [GMX.slow_down]

    def test_comes_to_trust_who_sends_for_weeks(self):
        clock = Clock()
        judge = Judge([NEW_IP], clock=clock.now)

        for _ in range(14 * 48):
            asked(judge, TAKEN)
            clock.at += STEP

        assert not any(asked(judge, 80))

    def test_counts_long_silence_as_silence(self):
        clock = Clock()
        judge = Judge([NEW_IP], clock=clock.now)
        asked(judge, 1)

        clock.at += dt.timedelta(days=2000)

        assert asked(judge, 3) == [None, None, GMX.slow_down]


class TestServer:
    def test_says_so_and_hangs_up_as_the_provider_does(self):
        settings = ServerSettings(port=0, new_ips=frozenset({NEW_IP}))
        with running_sandbox(settings) as server:
            codes = []
            for number in range(TAKEN + 1):
                with smtplib.SMTP(
                    "127.0.0.1", server.port, source_address=(NEW_IP, 0), timeout=10
                ) as client:
                    client.helo("mta")
                    client.mail(f"b{number}@bounce.example")
                    codes.append(client.rcpt(f"accept+{number}@gmx.example"))
                    if codes[-1][0] == 421:
                        client.close()

        assert [code for code, _ in codes] == [250] * TAKEN + [421]
        assert b"Too many connections from your network" in codes[-1][1]
        assert server.answers.counts["distrusted"] == 1

    def test_judges_nobody_unless_told_to(self):
        answers = Answers(seed=1, clock=Clock().now)

        said = {
            answers.at_rcpt(
                mail_from=f"{n}@b.example", rcpt_to=f"accept+{n}@gmx.example", client_ip=NEW_IP
            )[0].taken
            for n in range(200)
        }

        assert said == {True}
