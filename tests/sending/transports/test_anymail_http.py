"""What the connection to a provider and its HTTP status say of a message."""

from __future__ import annotations

import socket

import pytest

from sending.transports.base import Answer, Stage
from tests.sending.transports.providing import (
    POSTMARK,
    delivered,
    newsletter,
)


class TestProviderOverHttp:
    """What the connection and the HTTP status say."""

    def test_accepts_over_connections_that_stay_open(self, run, provider):
        messages = [newsletter(number) for number in range(12)]

        delivery = run(delivered(POSTMARK, provider.options, messages, connections=3))

        assert set(delivery.answers().values()) == {Answer.ACCEPTED}
        assert delivery[5].queue_id == "pm-1"
        assert len(provider.connections) <= 3
        headers = {one["Name"]: one["Value"] for one in provider.requests[0]["Headers"]}
        assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert provider.requests[0]["Metadata"]["recipient_id"].isdecimal()
        assert provider.requests[0]["TrackOpens"] is False
        assert provider.requests[0]["TrackLinks"] == "None"

    @pytest.mark.parametrize(
        ("status", "answer", "stage"),
        [
            (400, Answer.REFUSED, Stage.BODY),
            (413, Answer.REFUSED, Stage.BODY),
            (401, Answer.UNREACHED, Stage.AUTH),
            (403, Answer.UNREACHED, Stage.AUTH),
            (429, Answer.DEFERRED, Stage.BODY),
            (500, Answer.DEFERRED, Stage.BODY),
            (503, Answer.DEFERRED, Stage.BODY),
            (502, Answer.IN_DOUBT, Stage.BODY),
            (504, Answer.IN_DOUBT, Stage.BODY),
        ],
    )
    def test_answers_with_a_status(self, run, provider, status, answer, stage):
        provider.status = status

        delivery = run(delivered(POSTMARK, provider.options, [newsletter()]))

        assert (delivery[1].answer, delivery[1].stage) == (answer, stage)
        assert str(status) in delivery[1].response
        assert "Something is wrong" in delivery[1].response
        assert "secret-key" not in delivery[1].response

    def test_answers_with_a_success_that_cannot_be_read(self, run, provider):
        provider.body = b"<html>"

        delivery = run(delivered(POSTMARK, provider.options, [newsletter()]))

        assert delivery[1].answer is Answer.IN_DOUBT

    @pytest.mark.parametrize("way", ["hangs up", "is too slow"])
    def test_may_have_taken_what_it_did_not_answer(self, run, provider, way):
        provider.hangs_up = way == "hangs up"
        provider.delay_seconds = 0.7 if way == "is too slow" else 0.0

        delivery = run(delivered(POSTMARK, provider.options, [newsletter()]))

        assert delivery[1].answer is Answer.IN_DOUBT
        assert len(provider.requests) == 1

    def test_cannot_have_taken_what_did_not_reach_it(self, run):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        options = {"server_token": "secret-key", "api_url": f"http://127.0.0.1:{port}/"}

        delivery = run(delivered(POSTMARK, options, [newsletter()]))

        assert (delivery[1].answer, delivery[1].stage) == (Answer.UNREACHED, Stage.CONNECT)
