"""The demo's sending IPs and identities: loopback addresses, and the sandbox as relay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import campaigns.operations.identities
import warmup.operations.schedules
from campaigns.models import Identity, Organization, SendingDomain, Stream
from iprouting.models import Pool, SendingIP, Transport, TransportSecurity
from sandbox.demo import shop

SANDBOX_TRANSPORT = "Sandbox"
# Every address of 127.0.0.0/8 can be bound, so that a receiving server sees different senders.
IPS = (
    (Stream.MARKETING, "127.0.0.2", "mta1.demo.example"),
    (Stream.MARKETING, "127.0.0.3", "mta2.demo.example"),
    (Stream.TRANSACTIONAL, "127.0.0.4", "mta3.demo.example"),
)
NEW_HOSTNAME = "mta4.demo.example"


@dataclass(frozen=True, slots=True)
class Identities:
    """Who the demo's mail is from."""

    marketing: Identity
    transactional: Identity


def make_ips(organization: Organization, *, port: int) -> None:
    """Make a pool for each stream, with IPs that all hand over to the sandbox."""
    transport = Transport.objects.create(
        organization=organization,
        name=SANDBOX_TRANSPORT,
        host="127.0.0.1",
        port=port,
        security=TransportSecurity.NONE,
        connections=8,
        final_hop=True,  # the sandbox plays the mailbox providers: what it takes is delivered
    )
    pools = {
        stream: Pool.objects.create(
            organization=organization, name=stream.label, stream=stream.value
        )
        for stream in Stream
    }
    for stream, address, hostname in IPS:
        _make_ip(pools[stream], transport, address=address, hostname=hostname)


def make_new_ip(organization: Organization, *, now: datetime) -> None:
    """Make one more IP for marketing mail, whose warm-up begins now."""
    pool = Pool.objects.get(organization=organization, stream=Stream.MARKETING.value)
    transport = Transport.objects.get(organization=organization, name=SANDBOX_TRANSPORT)
    ip = _make_ip(pool, transport, address=shop.NEW_IP, hostname=NEW_HOSTNAME)
    warmup.operations.schedules.start_warmup(ip, now=now)


def _make_ip(pool: Pool, transport: Transport, *, address: str, hostname: str) -> SendingIP:
    return SendingIP.objects.create(
        organization_id=pool.organization_id,
        address=address,
        hostname=hostname,
        bind_address=address,
        pool=pool,
        transport=transport,
    )


def make_identities(organization: Organization) -> Identities:
    """Return the identities, both on the demo's sending domain."""
    domain = campaigns.operations.identities.save_domain(
        SendingDomain(
            organization=organization,
            name=shop.DOMAIN,
            return_path_domain=shop.RETURN_PATH_DOMAIN,
        )
    )
    return Identities(
        marketing=_identity(domain, "Mira at Demo Shop", "letter", Stream.MARKETING),
        transactional=_identity(domain, "Demo Shop orders", "orders", Stream.TRANSACTIONAL),
    )


def _identity(domain: SendingDomain, name: str, local: str, stream: Stream) -> Identity:
    return campaigns.operations.identities.save_identity(
        Identity(
            organization=domain.organization,
            domain=domain,
            from_name=name,
            from_address=f"{local}@{domain.name}",
            reply_to="hello@demo.example",
            stream=stream.value,
        )
    )
