"""What an answer makes of a message."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.states import RecipientState
from sending.outcomes import (
    ATTEMPTS_USED,
    DEADLINE_NEAR,
    NEVER_REACHED,
    UNREACHED_LIMIT,
    RetryRules,
    judge,
    retry_delay,
)
from sending.transports.base import Answer, Receipt, Stage

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
RULES = RetryRules(maximum_attempts=3, deadline_at=None, started_at=NOW)


def receipt(answer, *, stage=Stage.BODY, code=250, enhanced="", response="OK") -> Receipt:
    return Receipt(5, answer, stage, code, enhanced, response, "", NOW)


class TestJudge:
    def test_calls_what_a_relay_took_sent(self):
        verdict = judge(receipt(Answer.ACCEPTED), attempts=1, rules=RULES)

        assert verdict.state == RecipientState.SENT

    def test_calls_what_a_final_hop_took_delivered(self):
        rules = RetryRules(3, None, NOW, final_hop=True)

        verdict = judge(receipt(Answer.ACCEPTED), attempts=1, rules=rules)

        assert verdict.state is RecipientState.DELIVERED

    @pytest.mark.parametrize(
        ("stage", "code", "enhanced", "response", "bounce_class"),
        [
            (Stage.RCPT, 550, "5.1.1", "5.1.1 No such user", "hard"),
            (Stage.RCPT, 550, "", "User unknown", "hard"),
            (Stage.RCPT, 552, "5.2.2", "5.2.2 Mailbox full", "soft"),
            (Stage.BODY, 554, "5.7.1", "5.7.1 Blocked by policy", "block"),
            (Stage.MAIL, 550, "5.1.1", "5.1.1 user unknown", "block"),
        ],
    )
    def test_classifies_a_refusal(self, stage, code, enhanced, response, bounce_class):
        refusal = receipt(
            Answer.REFUSED, stage=stage, code=code, enhanced=enhanced, response=response
        )

        verdict = judge(refusal, attempts=1, rules=RULES)

        assert verdict.state is RecipientState.BOUNCED
        assert verdict.bounce_class == bounce_class

    def test_tries_again_later_when_asked_to(self):
        verdict = judge(receipt(Answer.DEFERRED, code=451), attempts=1, rules=RULES)

        assert verdict.state is RecipientState.PLANNED
        assert verdict.not_before == NOW + retry_delay(1, recipient_id=5)
        assert not verdict.uncount

    def test_gives_up_after_the_last_attempt(self):
        verdict = judge(receipt(Answer.DEFERRED, code=451), attempts=3, rules=RULES)

        assert verdict.state is RecipientState.BOUNCED
        assert (verdict.bounce_class, verdict.reason) == ("expired", ATTEMPTS_USED)

    def test_gives_up_when_the_next_attempt_would_be_too_late(self):
        rules = RetryRules(3, NOW + timedelta(seconds=30), NOW)

        verdict = judge(receipt(Answer.DEFERRED, code=451), attempts=1, rules=rules)

        assert (verdict.bounce_class, verdict.reason) == ("expired", DEADLINE_NEAR)

    def test_does_not_count_an_attempt_that_reached_no_server(self):
        verdict = judge(receipt(Answer.UNREACHED, code=None), attempts=1, rules=RULES)

        assert verdict.state is RecipientState.PLANNED
        assert verdict.uncount

    def test_fails_what_no_server_was_reached_for_in_days(self):
        long_ago = RetryRules(3, None, NOW - UNREACHED_LIMIT - timedelta(seconds=1))

        verdict = judge(receipt(Answer.UNREACHED, code=None), attempts=1, rules=long_ago)

        assert (verdict.state, verdict.reason) == (RecipientState.FAILED, NEVER_REACHED)

    def test_never_sends_again_by_itself_what_is_in_doubt(self):
        verdict = judge(receipt(Answer.IN_DOUBT, code=None), attempts=1, rules=RULES)

        assert verdict.state == RecipientState.IN_DOUBT


class TestRetryDelay:
    @given(attempts=st.integers(1, 20), recipient_id=st.integers(0, 10**9))
    def test_never_shrinks_with_further_attempts(self, attempts, recipient_id):
        first = retry_delay(attempts, recipient_id=recipient_id)

        assert first <= retry_delay(attempts + 1, recipient_id=recipient_id)
        assert timedelta(minutes=2) <= first <= timedelta(hours=9)
