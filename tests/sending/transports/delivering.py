"""Lets a transport deliver in a test and checks what must always hold."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from sending.transports.base import Answer, Envelope, Receipt
from sending.transports.smtp import SmtpSettings, SmtpTransport, TlsMode

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
# More than the buffers of both ends of a connection hold.
LONG_TEXT = b"Subject: long\r\n\r\n" + (b"0123456789" * 90 + b"\r\n") * 12_000

LIMIT_SECONDS = 15.0  # of one delivery in a test; the slowest takes two


class MemoryJournal:
    """Keeps the notes in their order."""

    def __init__(self) -> None:
        """Begin empty."""
        self.notes: list[tuple[str, int]] = []

    def handing_over(self, recipient_id: int) -> None:
        """Note a body."""
        self.notes.append((">", recipient_id))

    def answered(self, receipt: Receipt) -> None:
        """Note an answer."""
        self.notes.append(("<", receipt.recipient_id))


def settings_for(port: int, **options: object) -> SmtpSettings:
    """Return settings for a server of this host with the patience of a test."""
    usual = {
        "host": "127.0.0.1",
        "port": port,
        "tls": TlsMode.NONE,
        "connections": 1,
        "helo_name": "client.example",
        "connect_timeout": 5.0,
        "reply_timeout": 5.0,
        "body_timeout": 5.0,
    }
    return SmtpSettings(**(usual | options))


def envelope(number: int, name: str = "", *, data: bytes | None = None) -> Envelope:
    """Return a message to `name`@example.com, or to r`number`@example.com."""
    text = f"Subject: {number}\r\n\r\nHello {number}\r\n".encode()
    return Envelope(
        recipient_id=number,
        mail_from=f"b{number}@bounce.example.com",
        rcpt_to=f"{name or f'r{number}'}@example.com",
        data=text if data is None else data,
    )


def envelopes(count: int) -> list[Envelope]:
    """Return messages to r0@example.com and on."""
    return [envelope(number) for number in range(count)]


class Delivery:
    """What came of some messages."""

    def __init__(self) -> None:
        """Begin without receipts."""
        self.receipts: list[Receipt] = []
        self.journal = MemoryJournal()

    def __getitem__(self, recipient_id: int) -> Receipt:
        """Return the only receipt of a message."""
        [receipt] = [one for one in self.receipts if one.recipient_id == recipient_id]
        return receipt

    def answers(self) -> dict[int, Answer]:
        """Return what became of each message."""
        return {receipt.recipient_id: receipt.answer for receipt in self.receipts}

    def accepted(self) -> list[str]:
        """Return the addresses of the accepted ones as the scripted server has them."""
        return sorted(
            f"r{one.recipient_id}@example.com"
            for one in self.receipts
            if one.answer is Answer.ACCEPTED
        )

    def check(self, fed: Iterable[Envelope]) -> None:
        """Demand one receipt for each message, and a journal that says the same."""
        ids = sorted(one.recipient_id for one in fed)
        assert sorted(receipt.recipient_id for receipt in self.receipts) == ids
        assert sorted(number for mark, number in self.journal.notes if mark == "<") == ids
        place = {note: index for index, note in enumerate(self.journal.notes)}
        for receipt in self.receipts:
            if receipt.answer in {Answer.ACCEPTED, Answer.IN_DOUBT}:
                assert place[">", receipt.recipient_id] < place["<", receipt.recipient_id]


class Bench:
    """A transport at work in a test: feed it, wait, look."""

    def __init__(self, settings: SmtpSettings) -> None:
        """Open the transport."""
        self.delivery = Delivery()
        self.transport = SmtpTransport(settings, journal=self.delivery.journal, clock=lambda: NOON)
        self._came = asyncio.Event()

    def feed(self, messages: Iterable[Envelope]) -> None:
        """Add messages."""
        self.transport.feed(iter(messages), on_receipt=self._keep)

    async def receipts(self, count: int) -> None:
        """Wait until that many receipts are there."""
        while len(self.delivery.receipts) < count:
            self._came.clear()
            await self._came.wait()

    def _keep(self, receipt: Receipt) -> None:
        self.delivery.receipts.append(receipt)
        self._came.set()


async def delivered(settings: SmtpSettings, messages: list[Envelope]) -> Delivery:
    """Return the checked result of one feed."""
    bench = Bench(settings)
    bench.feed(messages)
    try:
        await bench.receipts(len(messages))
    finally:
        await bench.transport.aclose(within=2.0)
    bench.delivery.check(messages)
    return bench.delivery


async def waited_for(condition: Callable[[], object], *, seconds: float = 5.0) -> None:
    """Return once the condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.005)


def failure(run: Callable[..., Any], settings: SmtpSettings) -> Receipt:
    """Return the one receipt that all of three messages got."""
    delivery = run(delivered(settings, envelopes(3)))
    alike = {
        (one.answer, one.stage, one.code, one.enhanced_code, one.response)
        for one in delivery.receipts
    }
    assert len(alike) == 1
    assert delivery[0].answer is Answer.UNREACHED
    assert delivery.journal.notes == [("<", 0), ("<", 1), ("<", 2)]
    return delivery[0]
