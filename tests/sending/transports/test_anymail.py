"""Messages through Django's mail backends: what they get, and what is made of their answers."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from email.message import EmailMessage
from email.policy import SMTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from anymail.backends.test import EmailBackend as RecordingBackend
from anymail.exceptions import AnymailAPIError, AnymailUnsupportedFeature
from anymail.message import AnymailRecipientStatus
from django.core import mail

from sending.transports.anymail import AnymailTransport
from sending.transports.anymail.message import django_message
from sending.transports.base import Answer, Envelope, Stage
from tests.sending.transports.delivering import NOON, Delivery

ANYMAIL_TEST = "anymail.backends.test.EmailBackend"
POSTMARK = "anymail.backends.postmark.EmailBackend"


def newsletter(number=1, *, image=False):
    """Return a newsletter as the envelope that goes out."""
    message = EmailMessage(policy=SMTP)
    message["From"] = '"Jörg, of Example" <news@example.com>'
    message["To"] = "Ännchen Ölmann <ann@example.org>"
    message["Reply-To"] = "answers@example.com"
    message["Subject"] = "Grüße 🎉 für Dich"
    message["Message-ID"] = f"<m{number}@example.com>"
    message["Date"] = "Mon, 23 Nov 2026 12:00:00 +0000"
    message["List-Unsubscribe"] = (
        f"<https://news.example.com/u/{'t' * 90}>, <mailto:u-{'t' * 40}@bounce.example.com>"
    )
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["List-Id"] = "News <news.example.com>"
    message["Feedback-ID"] = "7:1:marketing:example"
    message.set_content("Hallo Ännchen,\n\nschöne Grüße\n")
    message.add_alternative("<p>Hallo <b>Ännchen</b> 🎉</p>\n", subtype="html")
    if image:
        html = message.get_payload()[1]
        html.add_related(b"\x89PNG...", "image", "png", cid="<logo@example.com>")
    data = message.as_bytes()
    return Envelope(number, f"b{number}@bounce.example.com", "ann@example.org", data)


async def delivered(backend, options, messages, **more):
    """Return what came of some messages."""
    delivery = Delivery()
    transport = AnymailTransport(
        backend, options, journal=delivery.journal, clock=lambda: NOON, **more
    )
    transport.feed(iter(messages), on_receipt=delivery.receipts.append)
    while len(delivery.receipts) < len(messages):
        await asyncio.sleep(0.005)
    await transport.aclose()
    delivery.check(messages)
    return delivery


class TestDjangoMessage:
    """Says the same as the bytes did."""

    def test_has_the_texts_as_they_were(self):
        message = django_message(newsletter())

        assert message.subject == "Grüße 🎉 für Dich"
        assert message.body == "Hallo Ännchen,\n\nschöne Grüße\n"
        assert [(one.content, one.mimetype) for one in message.alternatives] == [
            ("<p>Hallo <b>Ännchen</b> 🎉</p>\n", "text/html")
        ]

    def test_keeps_the_headers_that_matter(self):
        headers = django_message(newsletter()).extra_headers

        assert headers == {
            "Message-ID": "<m1@example.com>",
            "List-Unsubscribe": (
                f"<https://news.example.com/u/{'t' * 90}>, <mailto:u-{'t' * 40}@bounce.example.com>"
            ),
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "List-Id": "News <news.example.com>",
            "Feedback-ID": "7:1:marketing:example",
        }

    def test_names_both_sides(self):
        message = django_message(newsletter())

        assert message.from_email == '"Jörg, of Example" <news@example.com>'
        assert message.to == ['"Ännchen Ölmann" <ann@example.org>']
        assert message.reply_to == ["answers@example.com"]
        assert message.envelope_sender == "b1@bounce.example.com"
        assert message.metadata == {"recipient_id": "1"}

    def test_goes_to_the_recipient_of_the_envelope_alone(self):
        original = newsletter()
        other = Envelope(1, original.mail_from, "other@example.net", original.data)

        assert django_message(other).to == ["other@example.net"]

    def test_keeps_an_inline_image(self):
        [image] = django_message(newsletter(image=True)).attachments

        assert image.get_content_type() == "image/png"
        assert image.get_payload(decode=True) == b"\x89PNG..."
        assert image["Content-ID"] == "<logo@example.com>"
        assert image["Content-Disposition"].startswith("inline")

    def test_of_html_alone_has_no_empty_text(self):
        source = EmailMessage(policy=SMTP)
        source["From"], source["To"] = "a@example.com", "ann@example.org"
        source.set_content("<p>Hi</p>", subtype="html")

        message = django_message(Envelope(1, "", "ann@example.org", source.as_bytes()))

        assert (message.body, message.content_subtype) == ("<p>Hi</p>\n", "html")
        assert message.alternatives == []


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
    """Cannot be told an envelope sender, nor metadata."""

    class payload_class(RecordingBackend(fail_silently=False)._payload_class):  # noqa: N801
        def set_envelope_sender(self, email):
            self.unsupported_feature("envelope_sender")

        def set_metadata(self, metadata):
            self.unsupported_feature("metadata")

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


class Provider:
    """A provider's HTTP interface on this host."""

    def __init__(self):
        self.status = 200
        self.body = None
        self.delay_seconds = 0.0
        self.hangs_up = False
        self.requests = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                size = int(self.headers["Content-Length"])
                provider.requests.append(json.loads(self.rfile.read(size)))
                provider.connections.add(self.client_address)
                time.sleep(provider.delay_seconds)
                if provider.hangs_up:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                body = provider.answer()
                self.send_response(provider.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        self.connections = set()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.options = {
            "server_token": "secret-key",
            "api_url": f"http://127.0.0.1:{self.server.server_port}/",
            "timeout": 0.5,
        }

    def answer(self):
        """Return the body of an answer."""
        if self.body is not None:
            return self.body
        if self.status == 200:
            words = {"ErrorCode": 0, "Message": "OK", "MessageID": "pm-1", "To": "ann@example.org"}
        else:
            words = {"ErrorCode": 10, "Message": "Something is wrong"}
        return json.dumps(words).encode()


@pytest.fixture
def provider():
    """Run a provider."""
    provider = Provider()
    thread = threading.Thread(target=provider.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield provider
    provider.server.shutdown()
    provider.server.server_close()
    thread.join(5)


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


def test_unsupported_features_are_recognised_by_anymails_own_words():
    """The words that the transport looks for are those that anymail uses."""
    backend = ModestBackend()
    message = django_message(newsletter())

    with pytest.raises(AnymailUnsupportedFeature, match=r"metadata|envelope_sender"):
        backend.send_messages([message])
