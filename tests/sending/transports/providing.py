"""A newsletter for providers, and one of those on this host."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from email.message import EmailMessage
from email.policy import SMTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from sending.transports.anymail import AnymailTransport
from sending.transports.base import Envelope
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


async def delivered(backend, options, messages, *, lane=None, **more):
    """Return what came of some messages."""
    delivery = Delivery()
    transport = AnymailTransport(
        backend, options, journal=delivery.journal, clock=lambda: NOON, **more
    )
    transport.feed(iter(messages), on_receipt=delivery.receipts.append, lane=lane)
    while len(delivery.receipts) < len(messages):
        await asyncio.sleep(0.005)
    await transport.aclose()
    delivery.check(messages)
    return delivery


class Provider:
    """A provider's HTTP interface on this host."""

    def __init__(self):
        self.status = 200
        self.body = None
        self.delay_seconds = 0.0
        self.hangs_up = False
        self.requests = []
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                size = int(self.headers["Content-Length"])
                provider.requests.append(json.loads(self.rfile.read(size)))
                provider.connections.add(self.client_address)
                with provider.lock:
                    provider.at_once += 1
                    provider.most_at_once = max(provider.most_at_once, provider.at_once)
                time.sleep(provider.delay_seconds)
                with provider.lock:
                    provider.at_once -= 1
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
