"""A nameserver on loopback with records made up for a test; real packets, UDP and TCP."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from dnslib import MX, NS, QTYPE, RCODE, RR, SOA, A, DNSError, DNSRecord
from dnslib.server import DNSHandler, DNSLogger, DNSServer

LARGEST_UDP_OCTETS = 512  # RFC 1035 2.3.4
PORT_TRIES = 20
POLL_SECONDS = 0.01  # until a server notices that it is to stop
TTL_SECONDS = 172_800  # two days


class Handler(DNSHandler):
    """Answers by UDP as long as that fits; what does not is to be asked for by TCP."""

    def get_reply(self, data: bytes) -> bytes:
        """Return the packet that answers a packet."""
        request = DNSRecord.parse(data)
        reply = self.server.resolver.resolve(request, self)
        packed = reply.pack()
        if self.protocol == "udp" and len(packed) > LARGEST_UDP_OCTETS:
            short = reply.truncate()
            short.add_question(request.q)  # dnslib leaves it out, and resolvers insist on it
            return short.pack()
        return packed


@dataclass
class Zone:
    """What the nameserver knows, and what it was asked; a domain without records does not exist.

    Domains in `silent` are never answered, those in `failing` with SERVFAIL; a domain without a
    mail server in it has no records but exists.
    """

    servers: dict[str, Sequence[tuple[int, str]]] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    empty: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    failing: set[str] = field(default_factory=set)
    ttl_seconds: int = TTL_SECONDS
    delay_seconds: float = 0.0
    asked: Counter[str] = field(default_factory=Counter)
    by_tcp: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def resolve(self, request: DNSRecord, handler: DNSHandler) -> DNSRecord:
        """Return the reply to a question."""
        domain = str(request.q.qname).rstrip(".").lower()
        with self.lock:
            self.asked[domain] += 1
            self.by_tcp += handler.protocol == "tcp"
        time.sleep(self.delay_seconds)
        if domain in self.silent:
            raise DNSError("no answer")
        reply = request.reply()
        self._fill(reply, domain, QTYPE[request.q.qtype])
        return reply

    def _fill(self, reply: DNSRecord, domain: str, kind: str) -> None:
        known = domain in self.servers or domain in self.addresses or domain in self.empty
        if domain in self.failing:
            reply.header.rcode = RCODE.SERVFAIL
        elif not known:
            reply.header.rcode = RCODE.NXDOMAIN
        elif kind == "MX":
            for preference, host in self.servers.get(domain, ()):
                reply.add_answer(
                    RR(domain, QTYPE.MX, rdata=MX(host, preference), ttl=self.ttl_seconds)
                )
        elif kind == "A" and domain in self.addresses:
            reply.add_answer(
                RR(domain, QTYPE.A, rdata=A(self.addresses[domain]), ttl=self.ttl_seconds)
            )
        if not reply.rr and reply.header.rcode != RCODE.SERVFAIL:
            reply.add_auth(RR("example", QTYPE.SOA, rdata=SOA("ns.example", "hostmaster.example")))
        reply.add_ar(RR("example", QTYPE.NS, rdata=NS("ns.example")))


@contextmanager
def serving(zone: Zone) -> Iterator[str]:
    """Run a nameserver with these records; give its address as settings have it."""
    by_udp, by_tcp = _bound(zone)
    for server in (by_udp, by_tcp):
        threading.Thread(
            target=server.server.serve_forever, args=[POLL_SECONDS], daemon=True
        ).start()
    try:
        yield f"127.0.0.1:{by_udp.server.server_address[1]}"
    finally:
        for server in (by_udp, by_tcp):
            server.stop()
            server.server.server_close()


def _bound(zone: Zone) -> tuple[DNSServer, DNSServer]:
    """Return a server for UDP and one for TCP on the same free port."""
    quiet = DNSLogger("-request,-reply,-truncated,-error,-recv,-send,-data")
    options = {"address": "127.0.0.1", "logger": quiet, "handler": Handler}
    for _ in range(PORT_TRIES):
        by_udp = DNSServer(zone, port=0, **options)
        port = by_udp.server.server_address[1]
        try:
            return by_udp, DNSServer(zone, port=port, tcp=True, **options)
        except OSError:
            by_udp.server.server_close()
    raise RuntimeError("No port is free for both UDP and TCP.")
