"""A batch whose mail is pulled, released and answered in parts."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from campaigns.ledger import ClaimedRecipient
from sending.outcomes import RetryRules
from sending.pipeline.batch import LONGEST_WAIT, Batch
from sending.transports.base import Answer, Envelope, Receipt, Stage
from sending.transports.lanes import Lane

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
RULES = RetryRules(8, None, NOW, final_hop=False)


class Mail:
    """Writes the shortest of messages."""

    def envelope(self, row, *, ip_id, date):
        return Envelope(row.id, "b@example.com", row.email, b"Subject: a\r\n\r\nb\r\n")


def row(number):
    provider = "gmail" if number % 2 else "other"
    return ClaimedRecipient(
        number, number, None, f"p{number}@example.com", None, provider, "", 1, "", 1, None, "", "",
        "", "", {},
    )  # fmt: skip


@pytest.fixture
def lane():
    return Lane(slots=1)


@pytest.fixture
def batch(lane):
    rows = {1: [row(number) for number in range(6)]}
    stop_at = NOW + timedelta(minutes=5)
    return Batch(uuid.uuid4(), None, rows, stop_at, lanes={(1, "gmail"): lane})


def begun(batch, *, now=NOW):
    """Return the envelopes of the mail that is free, and of that of the lane."""
    free, limited = batch.begin(now)
    return (batch.envelopes(part, mail=Mail(), clock=lambda: now) for part in (free, limited))


def answer(batch, envelope):
    receipt = Receipt(envelope.recipient_id, Answer.ACCEPTED, Stage.BODY, 250, "", "Ok", "", NOW)
    batch.take(receipt, rules=RULES, ip="203.0.113.7")


class TestBatch:
    def test_goes_on_when_all_but_the_lane_is_pulled(self, batch, lane):
        free, _limited = begun(batch)
        sent = list(free)
        pulled = batch.pulled.is_set()
        for one in sent:
            answer(batch, one)

        assert pulled
        assert batch.paced.is_set()
        assert batch.paced_size == lane.load == 3
        assert not batch.answered.is_set()

    def test_is_answered_when_the_lane_is_too(self, batch, lane):
        for part in begun(batch):
            for one in part:
                answer(batch, one)

        assert batch.answered.is_set()
        assert (lane.load, lane.done, batch.released) == (0, 3, [])

    def test_releases_what_was_not_pulled_and_nothing_else(self, batch, lane):
        free, limited = begun(batch)
        on_the_way = [*free, next(limited)]
        batch.release_lanes()
        load = lane.load
        for one in on_the_way:
            answer(batch, one)

        assert batch.released == [3, 5]
        assert (load, lane.load) == (1, 0)
        assert list(limited) == []
        assert batch.answered.is_set()
        assert sorted(one.row.id for one in batch.settled) == [0, 1, 2, 4]

    def test_releases_only_who_has_waited_for_long(self, batch):
        begun(batch)
        batch.release_lanes(now=NOW + LONGEST_WAIT - timedelta(seconds=1))
        before = list(batch.released)
        batch.release_lanes(now=NOW + LONGEST_WAIT)

        assert (before, batch.released) == ([], [1, 3, 5])

    def test_releases_what_is_left_when_its_time_is_over(self, batch, lane):
        batch.stop_at = NOW
        free, limited = begun(batch)

        assert [*free, *limited] == []
        assert sorted(batch.released) == [0, 1, 2, 3, 4, 5]
        assert lane.load == 0
        assert batch.answered.is_set()

    def test_of_nobody_is_done_at_once(self):
        batch = Batch(uuid.uuid4(), None, {}, NOW)
        batch.begin(NOW)

        assert batch.pulled.is_set()
        assert batch.answered.is_set()

    def test_of_a_lane_alone_waits_for_it(self, lane):
        batch = Batch(uuid.uuid4(), None, {1: [row(1)]}, NOW, lanes={(1, "gmail"): lane})
        batch.begin(NOW)

        assert not batch.pulled.is_set()
        assert batch.paced_size == 1
