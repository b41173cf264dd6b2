"""Messages through Django's mail backends: each gets its own receipt."""

from __future__ import annotations

import asyncio

import pytest
from anymail.backends.test import EmailBackend as RecordingBackend
from anymail.exceptions import AnymailAPIError, AnymailUnsupportedFeature
from anymail.message import AnymailRecipientStatus
from django.core import mail

from sending.transports.anymail import AnymailTransport
from sending.transports.anymail.message import django_message
from sending.transports.base import Answer, Stage
from sending.transports.lanes import Lane
from tests.sending.transports.delivering import NOON, Delivery
from tests.sending.transports.providing import (
    ANYMAIL_TEST,
    POSTMARK,
    delivered,
    newsletter,
)


class ScriptedBackend(RecordingBackend):
    """Answers by the recipient's id."""

    def post_to_esp(self, payload, message):
        answer = ANSWERS.get(message.metadata["recipient_id"])
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, str):
            status = AnymailRecipientStatus(message_id="m-1", status=answer)
            return {"recipient_status": {"ann@example.org": status}}
        return super().post_to_esp(payload, message)


ANSWERS = {
    "2": "rejected",
    "3": "invalid",
    "4": "failed",
    "5": "queued",
    "6": "unknown",
    "7": AnymailAPIError("No idea"),
    "8": ValueError("unforeseen"),
}


class ModestBackend(RecordingBackend):
    """Cannot be told an envelope sender, nor metadata, nor what to track."""

    class payload_class(RecordingBackend(fail_silently=False)._payload_class):  # noqa: N801
        def set_envelope_sender(self, email):
            self.unsupported_feature("envelope_sender")

        def set_metadata(self, metadata):
            self.unsupported_feature("metadata")

        def set_track_opens(self, track_opens):
            self.unsupported_feature("track_opens")

        def set_track_clicks(self, track_clicks):
            self.unsupported_feature("track_clicks")

    def __init__(self, **options):
        super().__init__(payload_class=self.payload_class, **options)


class NarrowBackend(RecordingBackend):
    """Cannot be told any headers."""

    class payload_class(RecordingBackend(fail_silently=False)._payload_class):  # noqa: N801
        def set_extra_headers(self, headers):
            self.unsupported_feature("extra headers")

    def __init__(self, **options):
        super().__init__(payload_class=self.payload_class, **options)


HERE = __name__


class TestAnymailTransport:
    """Each message has its own receipt."""

    def test_hands_messages_over(self, run, mailoutbox):
        messages = [newsletter(number) for number in range(20)]

        delivery = run(delivered(ANYMAIL_TEST, {}, messages))

        assert set(delivery.answers().values()) == {Answer.ACCEPTED}
        receipt = delivery[3]
        assert (receipt.stage, receipt.code) == (Stage.BODY, None)
        assert receipt.response == "The provider took the message (sent)."
        assert receipt.queue_id.isdecimal()
        assert receipt.answered_at == NOON
        sent = {one.anymail_test_params["metadata"]["recipient_id"] for one in mail.outbox}
        assert sent == {str(number) for number in range(20)}
        assert mail.outbox[0].anymail_test_params["envelope_sender"].endswith("@bounce.example.com")

    @pytest.mark.parametrize(
        ("number", "answer", "stage", "words"),
        [
            (1, Answer.ACCEPTED, Stage.BODY, "(sent)"),
            (2, Answer.REFUSED, Stage.RCPT, "refused the recipient (rejected)"),
            (3, Answer.REFUSED, Stage.RCPT, "refused the recipient (invalid)"),
            (4, Answer.DEFERRED, Stage.BODY, "failed to send"),
            (5, Answer.ACCEPTED, Stage.BODY, "(queued)"),
            (6, Answer.ACCEPTED, Stage.BODY, "(unknown)"),
            (7, Answer.IN_DOUBT, Stage.BODY, "No idea"),
            (8, Answer.IN_DOUBT, Stage.BODY, "unforeseen"),
        ],
    )
    def test_gives_each_status_its_meaning(self, run, mailoutbox, number, answer, stage, words):
        delivery = run(delivered(f"{HERE}.ScriptedBackend", {}, [newsletter(number)]))

        receipt = delivery[number]
        assert (receipt.answer, receipt.stage) == (answer, stage)
        assert words in receipt.response

    def test_leaves_out_what_a_provider_cannot_be_told_and_the_message_can_spare(
        self, run, mailoutbox
    ):
        messages = [newsletter(number) for number in range(6)]

        delivery = run(delivered(f"{HERE}.ModestBackend", {}, messages, connections=2))

        assert set(delivery.answers().values()) == {Answer.ACCEPTED}
        assert len(mail.outbox) == 6

    def test_never_leaves_out_the_headers(self, run, mailoutbox):
        delivery = run(delivered(f"{HERE}.NarrowBackend", {}, [newsletter()]))

        assert (delivery[1].answer, delivery[1].stage) == (Answer.REFUSED, Stage.BODY)
        assert "does not support extra headers" in delivery[1].response
        assert mail.outbox == []

    @pytest.mark.parametrize("backend", ["no.such.Backend", POSTMARK])
    def test_tells_of_a_backend_that_cannot_be_made(self, run, backend):
        delivery = run(delivered(backend, {}, [newsletter()]))

        assert (delivery[1].answer, delivery[1].stage) == (Answer.UNREACHED, Stage.CONNECT)
        assert delivery[1].response.startswith("Nothing was sent: ")

    def test_works_with_any_backend_of_django(self, run, mailoutbox):
        backend = "django.core.mail.backends.locmem.EmailBackend"

        delivery = run(delivered(backend, {}, [newsletter()]))

        assert delivery[1].response == "The provider took the message."
        [sent] = mail.outbox
        assert sent.message()["List-Id"] == "News <news.example.com>"

    def test_gives_back_at_the_end_what_was_not_begun(self, run, provider):
        provider.delay_seconds = 0.3

        async def story():
            delivery = Delivery()
            transport = AnymailTransport(
                POSTMARK,
                provider.options,
                journal=delivery.journal,
                clock=lambda: NOON,
                connections=1,
            )
            messages = [newsletter(number) for number in range(5)]
            transport.feed(iter(messages), on_receipt=delivery.receipts.append)
            while not provider.requests:
                await asyncio.sleep(0.005)
            await transport.aclose()
            with pytest.raises(RuntimeError, match="closed"):
                transport.feed(iter(messages), on_receipt=delivery.receipts.append)
            delivery.check(messages)
            return delivery

        answers = run(story()).answers()

        assert answers.pop(0) is Answer.ACCEPTED
        assert set(answers.values()) == {Answer.UNREACHED}

    @pytest.mark.parametrize(("slots", "most"), [(None, 4), (1, 1)])
    def test_keeps_to_the_slots_of_a_lane(self, run, provider, slots, most):
        provider.delay_seconds = 0.05
        lane = Lane(slots=slots)

        messages = [newsletter(number) for number in range(8)]
        delivery = run(delivered(POSTMARK, provider.options, messages, lane=lane, connections=4))

        assert set(delivery.answers().values()) == {Answer.ACCEPTED}
        assert (provider.most_at_once, lane.in_use) == (most, 0)

    def test_does_not_wait_for_ever_at_the_end(self, run, provider):
        provider.delay_seconds = 0.6

        async def story():
            delivery = Delivery()
            transport = AnymailTransport(
                POSTMARK, provider.options, journal=delivery.journal, clock=lambda: NOON
            )
            transport.feed(iter([newsletter()]), on_receipt=delivery.receipts.append)
            while not provider.requests:
                await asyncio.sleep(0.005)
            await transport.aclose(within=0.1)
            delivery.check([newsletter()])
            return delivery

        assert run(story())[1].answer is Answer.IN_DOUBT


def test_unsupported_features_are_recognised_by_anymails_own_words():
    """The words that the transport looks for are those that anymail uses."""
    backend = ModestBackend()
    message = django_message(newsletter())

    with pytest.raises(AnymailUnsupportedFeature, match=r"metadata|envelope_sender|track_"):
        backend.send_messages([message])
