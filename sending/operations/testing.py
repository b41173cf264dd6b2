"""Test messages: a campaign to colleagues, a probe through one sending IP. Counted nowhere."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Callable, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid

import iprouting.queries
from campaigns.models import Campaign, Contact
from campaigns.rendering import compile_message
from common.addresses import normalize_address
from common.errors import DomainError
from iprouting.models import SendingIP, TransportKind
from sending.mailing import content_of, sender_of, variables_of
from sending.opening import open_transport, smtp_settings
from sending.queries.preview import EXAMPLE, preview_message
from sending.transports.base import Envelope, Receipt
from sending.transports.dialogue import Dialogue, send_one

MAXIMUM_ADDRESSES = 20
TEST_PREFIX = "[Test] "
TEST_MAILBOX = "test"  # at the return path domain; what comes back is seen in the inbox
TEST_RECIPIENT_ID = 0  # no row of the ledger: nothing about a test is recorded


class _NoJournal:
    """A test message is not worth remembering beyond this process."""

    def handing_over(self, recipient_id: int) -> None:
        """Note nothing."""

    def answered(self, receipt: Receipt) -> None:
        """Note nothing."""


def send_test(
    campaign: Campaign,
    *,
    addresses: Sequence[str],
    contact: Contact | None,
    clock: Callable[[], datetime],
) -> list[tuple[str, Receipt]]:
    """Send a campaign as `contact` would get it to these addresses; return each with its answer.

    The links of a test lead nowhere and its subject says that it is one. Raises DomainError for a
    bad or too many addresses or without a usable sending IP, TemplateError for bad content.
    """
    targets = _checked(addresses)
    ip = _first_ip(campaign, now=clock())
    content = content_of(campaign)
    compiled = compile_message(
        dataclasses.replace(content, subject=TEST_PREFIX + content.subject),
        sender=sender_of(campaign, ip=ip),
        variables=variables_of(campaign),
    )
    shown = contact or EXAMPLE
    envelopes = []
    for number, address in enumerate(targets):
        message = preview_message(shown, domain=campaign.identity.domain.name)._replace(
            to_address=address,
            date=format_datetime(clock()),
            message_id=make_msgid(domain=campaign.identity.domain.name).strip("<>"),
        )
        envelopes.append(
            Envelope(
                number,
                _return_path(ip, campaign.identity.from_address),
                address,
                compiled.encode(message),
            )
        )
    receipts = asyncio.run(_hand_over(ip, envelopes, clock=clock))
    return [(address, receipts[number]) for number, address in enumerate(targets)]


def _checked(addresses: Sequence[str]) -> list[str]:
    if not addresses or len(addresses) > MAXIMUM_ADDRESSES:
        raise DomainError(
            "test_addresses",
            f"Give between 1 and {MAXIMUM_ADDRESSES} addresses to send the test to.",
            {"field": "addresses"},
        )
    return [normalize_address(address).email for address in addresses]


def _first_ip(campaign: Campaign, *, now: datetime) -> SendingIP:
    usable = iprouting.queries.usable_ips(campaign.organization_id, stream=campaign.stream, now=now)
    ip = (
        usable.first()
        or iprouting.queries.configured_ips(
            campaign.organization_id, stream=campaign.stream
        ).first()
    )
    if ip is None:
        raise DomainError(
            "no_ip", f"There is no active sending IP for {campaign.stream} mail. Add one first."
        )
    return ip


async def _hand_over(
    ip: SendingIP, envelopes: Sequence[Envelope], *, clock: Callable[[], datetime]
) -> dict[int, Receipt]:
    receipts: dict[int, Receipt] = {}
    complete = asyncio.Event()

    def take(receipt: Receipt) -> None:
        receipts[receipt.recipient_id] = receipt
        if len(receipts) == len(envelopes):
            complete.set()

    transport = open_transport(ip, journal=_NoJournal(), clock=clock)
    try:
        transport.feed(iter(envelopes), on_receipt=take)
        await complete.wait()
    finally:
        await transport.aclose()
    return receipts


def probe(
    ip: SendingIP, *, to_address: str, from_address: str, clock: Callable[[], datetime]
) -> Dialogue:
    """Send one short message through an IP and return the SMTP dialogue.

    Raises DomainError for a bad address or a transport that speaks no SMTP.
    """
    if ip.transport.kind != TransportKind.SMTP:
        raise DomainError(
            "not_smtp", "This IP belongs to a commercial provider, which speaks no SMTP with us."
        )
    envelope = probe_message(ip, to_address=to_address, from_address=from_address, clock=clock)
    with contextlib.closing(asyncio.new_event_loop()) as loop:
        return loop.run_until_complete(send_one(smtp_settings(ip), envelope, clock=clock))


def probe_message(
    ip: SendingIP, *, to_address: str, from_address: str, clock: Callable[[], datetime]
) -> Envelope:
    """Return a short message that tells the MTA in the same way as campaigns which IP to use.

    Raises DomainError for a bad address.
    """
    sender = normalize_address(from_address).email
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = sender, normalize_address(to_address).email
    message["Subject"] = f"Test message through {ip.address}"
    message["Date"] = format_datetime(clock())
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    if ip.header_name:
        message[ip.header_name] = ip.header_value
    message.set_content(f"This message was sent to test the sending IP {ip.address}.\n")
    return Envelope(
        TEST_RECIPIENT_ID, _return_path(ip, sender), str(message["To"]), message.as_bytes()
    )


def _return_path(ip: SendingIP, sender: str) -> str:
    """Return the envelope sender of a test: in the domain by which the MTA may pick the IP."""
    return f"{TEST_MAILBOX}@{ip.return_path_domain}" if ip.return_path_domain else sender
