"""Which answer a message gets, at RCPT and after its body, with the counts of what was answered."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.behaviour import ONCE, Behaviour, decide
from sandbox.firsts import FirstTimes
from sandbox.judge import Judge
from sandbox.providers import Provider, Wording, provider_of

SLOW_SECONDS = 2.0  # long enough to see in a demo, far below the five minutes of RFC 5321 4.5.3.2
SERVICE_CLOSING = 421  # after which a server closes the connection (RFC 5321 3.8)
_MESSAGE_ID = re.compile(rb"^message-id:[ \t]*(<[^>\r\n]*>)", re.IGNORECASE | re.MULTILINE)
_HEADERS_LOOKED_AT = 8192  # octets


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it was taken."""

    mail_from: str
    rcpt_to: tuple[str, ...]
    data: bytes  # CRLF line ends, dots unstuffed
    client_ip: str
    helo: str
    queue_id: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said, after how long, and what follows. An empty reply means silence."""

    reply: bytes
    taken: bool
    wait_seconds: float = 0.0
    hang_up: bool = False


class Answers:
    """Answers for all connections of one server; the same addresses get the same under one seed.

    A judge makes providers look at the IP first; without one they take mail from any.
    """

    def __init__(
        self,
        *,
        seed: int,
        clock: Callable[[], dt.datetime],
        slow_seconds: float = SLOW_SECONDS,
        judge: Judge | None = None,
    ) -> None:
        self._seed = seed
        self._clock = clock
        self._slow_seconds = slow_seconds
        self._judge = judge
        self._firsts = FirstTimes()
        self._numbers = itertools.count(1)
        self.counts: Counter[str] = Counter()

    def at_rcpt(self, *, mail_from: str, rcpt_to: str, client_ip: str) -> tuple[Answer, Behaviour]:
        """Return the answer to RCPT, and what the body of the message will meet."""
        provider = provider_of(rcpt_to)
        objection = self._objection(provider, rcpt_to=rcpt_to, client_ip=client_ip)
        if objection is not None:
            return objection, Behaviour.BLOCK
        behaviour = self._behaviour(mail_from, rcpt_to, provider=provider)
        wording = provider.wordings.get(behaviour)
        if behaviour is Behaviour.ACCEPT or wording is None or wording.after_body:
            return Answer(b"250 2.1.5 Ok\r\n", taken=True), behaviour
        values = self._values(
            provider, rcpt_to=rcpt_to, client_ip=client_ip, queue=self.new_queue_id()
        )
        self.counts[behaviour] += 1
        hang_up = behaviour is Behaviour.BUSY
        return Answer(wording.encode(values), taken=False, hang_up=hang_up), behaviour

    def _objection(self, provider: Provider, *, rcpt_to: str, client_ip: str) -> Answer | None:
        """Return how a provider turns an IP away whatever the address, None if it does not."""
        if self._judge is None:
            return None
        wording = self._judge.objection(client_ip=client_ip, provider=provider.name)
        if wording is None:
            return None
        values = self._values(
            provider, rcpt_to=rcpt_to, client_ip=client_ip, queue=self.new_queue_id()
        )
        self.counts["distrusted"] += 1
        hang_up = wording.code == SERVICE_CLOSING
        return Answer(wording.encode(values), taken=False, hang_up=hang_up)

    def after_body(self, message: Message, *, behaviour: Behaviour) -> Answer:
        """Return the answer to a whole message; `behaviour` is what RCPT foretold."""
        self.counts[behaviour] += 1
        provider = provider_of(message.rcpt_to[0])
        if behaviour is Behaviour.DROP:
            return Answer(b"", taken=True, hang_up=True)
        wording = provider.wordings.get(behaviour)
        taken = wording is None or behaviour is Behaviour.ACCEPT
        if wording is None:
            wording = provider.wordings[Behaviour.ACCEPT]
        wait = self._slow_seconds if behaviour is Behaviour.SLOW else 0.0
        return Answer(self._worded(wording, provider, message), taken=taken, wait_seconds=wait)

    def new_queue_id(self) -> str:
        """Return a queue id that no other message of this server has."""
        number = next(self._numbers)
        mixed = hashlib.blake2b(b"%d:%d" % (self._seed, number), digest_size=3).hexdigest()
        return f"{number:07X}{mixed.upper()}"

    def _behaviour(self, mail_from: str, rcpt_to: str, *, provider: Provider) -> Behaviour:
        decision = decide(rcpt_to, seed=self._seed, shares=provider.shares)
        behaviour = decision.behaviour
        if behaviour in ONCE or (behaviour is Behaviour.FULL and not decision.asked_for):
            return behaviour if self._firsts.is_first(mail_from, rcpt_to) else Behaviour.ACCEPT
        return behaviour

    def _worded(self, wording: Wording, provider: Provider, message: Message) -> bytes:
        values = self._values(
            provider,
            rcpt_to=message.rcpt_to[0],
            client_ip=message.client_ip,
            queue=message.queue_id,
        )
        values |= {"size": len(message.data), "message_id": _message_id(message.data)}
        return wording.encode(values)

    def _values(
        self, provider: Provider, *, rcpt_to: str, client_ip: str, queue: str
    ) -> dict[str, object]:
        now = self._clock()
        return {
            "address": rcpt_to,
            "ip": client_ip,
            "host": provider.host,
            "stamp": now.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "epoch": int(now.timestamp()),
            "queue": queue,
            "number": int(queue, 16),
        }


def _message_id(data: bytes) -> str:
    found = _MESSAGE_ID.search(data, 0, _HEADERS_LOOKED_AT)
    return found[1].decode("ascii", "replace") if found else "<>"
