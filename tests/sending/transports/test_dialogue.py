"""A test message whose whole dialogue a person can read."""

from __future__ import annotations

import pytest

from sending.transports import dialogue
from sending.transports.base import Answer, Envelope, Stage
from sending.transports.dialogue import send_one
from sending.transports.smtp.conversation import Speaker
from tests.sending.scripted_server import DROP, SILENCE, Script, running
from tests.sending.transports.delivering import NOON, envelope, settings_for


def told(run, settings, message):
    """Return the dialogue of one message."""
    return run(send_one(settings, message, clock=lambda: NOON))


class TestSendOne:
    """Returns every line and the receipt."""

    def test_shows_both_sides_in_their_order(self, run):
        with running() as server:
            result = told(run, settings_for(server.port), envelope(1))

        assert [(line.speaker, line.text) for line in result.lines] == [
            (Speaker.SERVER, "220 scripted.example ESMTP"),
            (Speaker.CLIENT, "EHLO client.example"),
            (Speaker.SERVER, "250-scripted.example"),
            (Speaker.SERVER, "250-PIPELINING"),
            (Speaker.SERVER, "250-8BITMIME"),
            (Speaker.SERVER, "250 ENHANCEDSTATUSCODES"),
            (Speaker.CLIENT, "MAIL FROM:<b1@bounce.example.com>"),
            (Speaker.SERVER, "250 2.1.0 Sender ok"),
            (Speaker.CLIENT, "RCPT TO:<r1@example.com>"),
            (Speaker.SERVER, "250 2.1.5 Recipient ok"),
            (Speaker.CLIENT, "DATA"),
            (Speaker.SERVER, "354 Go ahead"),
            (Speaker.CLIENT, "(the message, 23 bytes)"),
            (Speaker.SERVER, "250 2.0.0 Ok: queued as Qr1"),
            (Speaker.CLIENT, "QUIT"),
            (Speaker.SERVER, "221 2.0.0 Bye"),
        ]
        assert result.receipt.answer is Answer.ACCEPTED
        assert result.receipt.queue_id == "Qr1"
        assert result.receipt.answered_at == NOON
        assert server.accepted[0].data == envelope(1).data

    @pytest.mark.parametrize("offer", ["AUTH PLAIN", "AUTH LOGIN"])
    def test_shows_no_secret(self, run, offer):
        script = Script(keywords=(offer,), logins={"mailer": "s3cret"}, offers_auth=False)
        with running(script) as server:
            settings = settings_for(server.port, username="mailer", password="s3cret")
            result = told(run, settings, envelope(1))

        assert result.receipt.answer is Answer.ACCEPTED
        shown = "\n".join(line.text for line in result.lines)
        assert "********" in shown
        for secret in ("s3cret", "czNjcmV0", "bWFpbGVy", "AG1haWxlcgBzM2NyZXQ="):
            assert secret not in shown

    @pytest.mark.parametrize(
        ("moves", "answer", "stage", "code"),
        [
            ({("CONNECT", ""): "554 5.7.1 No"}, Answer.UNREACHED, Stage.GREETING, 554),
            ({("MAIL", "b1@bounce.example.com"): "451 No"}, Answer.DEFERRED, Stage.MAIL, 451),
            ({("RCPT", "r1@example.com"): "550 No"}, Answer.REFUSED, Stage.RCPT, 550),
            ({("DATA", "r1@example.com"): "554 No"}, Answer.REFUSED, Stage.DATA, 554),
            ({("DATA", "r1@example.com"): "250 No"}, Answer.UNREACHED, Stage.DATA, 250),
            ({("BODY", "r1@example.com"): "554 Spam"}, Answer.REFUSED, Stage.BODY, 554),
            ({("BODY", "r1@example.com"): DROP}, Answer.IN_DOUBT, Stage.BODY, None),
            ({("RCPT", "r1@example.com"): DROP}, Answer.UNREACHED, Stage.RCPT, None),
            ({("QUIT", ""): DROP}, Answer.ACCEPTED, Stage.BODY, 250),
        ],
    )
    def test_ends_where_the_server_does_not_go_along(self, run, moves, answer, stage, code):
        with running(Script(moves=moves)) as server:
            receipt = told(run, settings_for(server.port), envelope(1)).receipt

        assert (receipt.answer, receipt.stage, receipt.code) == (answer, stage, code)
        assert receipt.response

    def test_does_not_wait_as_long_as_the_settings_allow(self, run, monkeypatch):
        monkeypatch.setattr(dialogue, "PATIENCE_SECONDS", 0.2)
        with running(Script(moves={("RCPT", "r1@example.com"): SILENCE})) as server:
            receipt = told(run, settings_for(server.port, reply_timeout=300), envelope(1)).receipt

        assert (receipt.answer, receipt.stage) == (Answer.UNREACHED, Stage.RCPT)
        assert receipt.response == "The server did not answer within 0.2 seconds."

    def test_does_not_say_an_address_that_is_no_word(self, run):
        message = Envelope(1, "b@example.com", "a@example.com\r\nDATA", b"x\r\n")
        with running() as server:
            result = told(run, settings_for(server.port), message)

        assert result.receipt.answer is Answer.REFUSED
        assert result.lines == ()
        assert server.connections == 0

    def test_does_not_offer_what_is_too_large(self, run):
        with running(Script(keywords=("SIZE 10",))) as server:
            result = told(run, settings_for(server.port), envelope(1))

        assert result.receipt.answer is Answer.REFUSED
        assert result.receipt.response == "The message has 23 bytes; the server takes at most 10."
