"""Whether mail through a sending IP leaves from its address: send some, and ask where it came from.

The one who knows is the server that received it. That is our own listener, if the message is
addressed to it; else a server that Mailwright talks to directly and that says what it sees.
"""

from __future__ import annotations

import asyncio
import enum
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import insights.operations.inbox
import sending.queries.addressees
from campaigns.models import Identity, SendingDomain
from common.errors import DomainError
from iprouting.models import SendingIP, TransportKind
from sending import hops
from sending.arrival import Place, waiting
from sending.opening import smtp_settings
from sending.operations.testing import probe_message
from sending.transports.base import Answer, Envelope
from sending.transports.dialogue import Dialogue, send_one
from sending.transports.smtp.conversation import Speaker

PATIENCE_SECONDS: Final = 30.0  # for the way through an MTA and back
_POLL_SECONDS: Final = 0.25


class Verdict(enum.StrEnum):
    """Whether the receiver saw the address of the sending IP."""

    RIGHT = "right"
    WRONG = "wrong"
    UNKNOWN = "unknown"  # nobody told which address was seen


@dataclass(frozen=True, slots=True)
class Route:
    """The way that one message took. `seen` is the address that the receiver saw, or empty."""

    ip: SendingIP
    envelope: Envelope
    dialogue: Dialogue
    seen: str

    @property
    def verdict(self) -> Verdict:
        """Say whether that is the address of the sending IP."""
        if not self.seen:
            return Verdict.UNKNOWN
        return Verdict.RIGHT if hops.same(self.seen, self.ip.address) else Verdict.WRONG

    @property
    def finding(self) -> str:
        """Return in a sentence what was found, and in another what to do about it."""
        match self.verdict:
            case Verdict.RIGHT:
                return f"The receiver saw {self.seen}, as it should be."
            case Verdict.WRONG:
                return (
                    f"The receiver saw {self.seen} instead of {self.ip.address}. "
                    f"{_how_it_is_chosen(self.ip)}"
                )
        if self.dialogue.receipt.answer is not Answer.ACCEPTED:
            return "The message was not taken, so nothing is known of the address."
        return (
            "Nobody has told which address the receiver saw. Send the test to a mailbox that you "
            "can look into: the topmost “Received” line with an address in brackets there names "
            f"it. Or send it to {_own_address_of(self.ip)}."
        )


def check_route(
    ip: SendingIP,
    *,
    to_address: str = "",
    from_address: str = "",
    place: Place | None = None,
    seconds: float = PATIENCE_SECONDS,
    clock: Callable[[], datetime],
) -> Route:
    """Send a message through an IP and return what the receiver saw of it.

    Without `to_address` it goes to the IP's own return path domain, where `listen_mail` takes it.
    With a `place` it is awaited there instead. Raises DomainError for a transport without SMTP, a
    bad address, one that is missing, or a place where listening is not possible.
    """
    if ip.transport.kind != TransportKind.SMTP:
        raise DomainError(
            "not_smtp",
            "A commercial provider chooses the address itself. Send a message to a mailbox of your "
            "own and look at the topmost “Received” line there.",
        )
    envelope = _envelope(ip, to_address=to_address, from_address=from_address, clock=clock)
    mark = _message_id(envelope)
    if place is not None:
        dialogue, seen = _by_listener(ip, envelope, place=place, seconds=seconds, clock=clock)
    else:
        last = insights.operations.inbox.last_number()
        dialogue = asyncio.run(send_one(smtp_settings(ip), envelope, clock=clock))
        taken = dialogue.receipt.answer is Answer.ACCEPTED
        seen = _by_inbox(ip, envelope.rcpt_to, mark, after=last, seconds=seconds) if taken else ""
    return Route(ip, envelope, dialogue, seen or _by_server(ip, dialogue))


def _envelope(
    ip: SendingIP, *, to_address: str, from_address: str, clock: Callable[[], datetime]
) -> Envelope:
    """Return the message, addressed and sent as campaigns through this IP are."""
    domain = _bounce_domain(ip)
    local = f"route-check-{secrets.token_hex(8)}"
    if not (to_address or domain):
        raise DomainError(
            "no_address",
            "Neither the sending IP nor a sending domain has a return path domain, so say to whom "
            "the message is to go.",
            {"field": "to_address"},
        )
    identity = Identity.objects.filter(organization=ip.organization_id, stream=ip.pool.stream)
    sender = from_address or identity.values_list("from_address", flat=True).first() or ""
    if not (sender or domain):
        raise DomainError(
            "no_address", "Say from which address the message is.", {"field": "from_address"}
        )
    return probe_message(
        ip,
        to_address=to_address or f"{local}@{domain}",
        from_address=sender or f"{local}@{domain}",
        clock=clock,
    )


def _bounce_domain(ip: SendingIP) -> str:
    if ip.return_path_domain:
        return ip.return_path_domain
    domains = SendingDomain.objects.filter(organization=ip.organization_id)
    named = domains.exclude(return_path_domain="").values_list("return_path_domain", flat=True)
    return named.order_by("pk").first() or ""


def _message_id(envelope: Envelope) -> bytes:
    header = envelope.data.partition(b"\r\n\r\n")[0]
    return header.partition(b"\r\nMessage-ID:")[2].split(None, 1)[0]


def _by_listener(
    ip: SendingIP,
    envelope: Envelope,
    *,
    place: Place,
    seconds: float,
    clock: Callable[[], datetime],
) -> tuple[Dialogue, str]:
    async def sent() -> tuple[Dialogue, str]:
        async with waiting(place, mark=_message_id(envelope)) as arrival:
            dialogue = await send_one(smtp_settings(ip), envelope, clock=clock)
            taken = dialogue.receipt.answer is Answer.ACCEPTED
            return dialogue, await arrival.wait(seconds) if taken else ""

    try:
        return asyncio.run(sent())
    except OSError as error:
        where = f"{place.host}:{place.port}"
        raise DomainError("cannot_listen", f"Nothing can listen at {where}: {error}.") from error


def _by_inbox(ip: SendingIP, to_address: str, mark: bytes, *, after: int, seconds: float) -> str:
    """Return where the message came from, once it is in the inbox; it is taken out of it."""
    if sending.queries.addressees.organization_of(to_address) != ip.organization_id:
        return ""
    end = time.monotonic() + seconds
    while True:
        mail = insights.operations.inbox.take_mail(
            ip.organization_id, envelope_to=to_address, mark=mark, after=after
        )
        if mail is not None:
            return hops.came_from(mail, expected=ip.address)
        if time.monotonic() > end:
            return ""
        time.sleep(_POLL_SECONDS)


def _by_server(ip: SendingIP, dialogue: Dialogue) -> str:
    """Return what the next server said it sees, where Mailwright itself chooses the address."""
    if not ip.bind_address:
        return ""
    return hops.told_by(line.text for line in dialogue.lines if line.speaker is Speaker.SERVER)


def _how_it_is_chosen(ip: SendingIP) -> str:
    if ip.bind_address:
        return f"Mailwright connects from {ip.bind_address}: see what translates it on the way."
    if ip.header_name:
        return f"See what the mail server does with {ip.header_name}: {ip.header_value}."
    if ip.return_path_domain:
        return f"See what the mail server does with senders at {ip.return_path_domain}."
    return (
        f"Nothing in the message says which address to use: see what the mail server does with "
        f"mail that comes in at port {ip.transport.port}."
    )


def _own_address_of(ip: SendingIP) -> str:
    domain = _bounce_domain(ip)
    return f"any address @{domain}, while listen_mail runs" if domain else "a return path domain"
