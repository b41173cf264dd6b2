"""What the DNS says about the mail of domains: many at once, within bounds, without a framework.

Sources: RFC 5321 5.1 (MX, or else the address of the domain itself), RFC 7505 (null MX).
"""

from __future__ import annotations

import asyncio
import enum
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import dns.asyncresolver
import dns.exception
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver

PORT: Final = 53
TRY_SECONDS: Final = 1.5  # for one answer of one nameserver
QUESTION_SECONDS: Final = 3.5  # for one question, all nameservers and repetitions included
AT_ONCE: Final = 200  # domains that are asked about at the same time
MOST_SERVERS: Final = 30  # of one domain that are kept; the first ones decide
LONGEST_PROBLEM_CHARS: Final = 300

_Question = dns.rdatatype.RdataType


class Finding(enum.StrEnum):
    """What was found out about a domain."""

    SERVERS = "servers"  # it has mail servers
    ADDRESS = "address"  # it has none, but an address, where mail goes then
    NULL_MX = "null_mx"  # it says that it takes no mail
    NO_ADDRESS = "no_address"  # it exists, with neither mail servers nor an address
    MISSING = "missing"  # there is no such domain
    NO_ANSWER = "no_answer"  # no nameserver gave a usable answer: nothing is known


@dataclass(frozen=True, slots=True)
class Answer:
    """What the DNS said about one domain.

    `hosts` are names of mail servers, the preferred first. `ttl_seconds` is how long the answer
    may be kept, as its publisher has it; None where that was not said.
    """

    finding: Finding
    hosts: tuple[str, ...] = ()
    ttl_seconds: int | None = None
    problem: str = ""


def parse_nameserver(written: str) -> tuple[str, int]:
    """Return address and port of `192.0.2.1`, `192.0.2.1:53`, `2001:db8::1`, `[2001:db8::1]:53`.

    Raises ValueError where there is no IP address or no port.
    """
    text = written.strip()
    address, port = text, ""
    if text.startswith("["):
        address, closing, rest = text[1:].partition("]")
        if not closing or rest[:1] not in {"", ":"}:
            raise ValueError(f"{written} has no ] where it belongs.")
        port = rest[1:]
    elif text.count(":") == 1:
        address, _, port = text.partition(":")
    number = int(port) if port else PORT
    if not 0 < number < 2**16:
        raise ValueError(f"{number} is no port.")
    return str(ipaddress.ip_address(address)), number


def system_has_nameserver() -> bool:
    """Say whether the system names a nameserver for its programs to ask."""
    try:
        return bool(dns.asyncresolver.Resolver().nameservers)
    except dns.resolver.NoResolverConfiguration:
        return False


def look_up(
    domains: Sequence[str],
    *,
    nameservers: Sequence[str],
    seconds: float,
) -> dict[str, Answer]:
    """Return an answer for each domain whose turn came within `seconds`; others are left out.

    Without nameservers those of the system are asked.
    """
    return asyncio.run(_look_up(domains, nameservers=nameservers, seconds=seconds))


async def _look_up(
    domains: Sequence[str], *, nameservers: Sequence[str], seconds: float
) -> dict[str, Answer]:
    try:
        resolver = _resolver(nameservers)
    except dns.resolver.NoResolverConfiguration:
        return {domain: _unknown("This machine knows no nameserver.") for domain in domains}
    places = asyncio.Semaphore(AT_ONCE)
    answers: dict[str, Answer] = {}

    async def one(domain: str) -> None:
        async with places:
            answers[domain] = _unknown(f"There was no answer within {seconds:g} seconds.")
            answers[domain] = await _answer(domain, resolver=resolver)

    tasks = [asyncio.create_task(one(domain)) for domain in domains]
    if tasks:
        await asyncio.wait(tasks, timeout=seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return answers


def _resolver(nameservers: Sequence[str]) -> dns.asyncresolver.Resolver:
    resolver = dns.asyncresolver.Resolver(configure=not nameservers)
    if nameservers:
        resolver.nameservers = [
            dns.nameserver.Do53Nameserver(*parse_nameserver(written)) for written in nameservers
        ]
    resolver.timeout, resolver.lifetime = TRY_SECONDS, QUESTION_SECONDS
    return resolver


async def _answer(domain: str, *, resolver: dns.asyncresolver.Resolver) -> Answer:
    try:
        name = dns.name.from_text(domain)
        found = await _ask(name, dns.rdatatype.MX, resolver=resolver)
        if found.rrset is not None:
            return _of_servers(found)
        for kind in (dns.rdatatype.A, dns.rdatatype.AAAA):
            address = await _ask(name, kind, resolver=resolver)
            if address.rrset is not None:
                return Answer(Finding.ADDRESS, ttl_seconds=_ttl(address))
    except dns.resolver.NXDOMAIN:
        return Answer(Finding.MISSING)
    except (dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel):
        return Answer(Finding.MISSING)
    except (dns.exception.DNSException, OSError, ValueError) as error:
        return _unknown(str(error) or type(error).__name__)
    return Answer(Finding.NO_ADDRESS)


async def _ask(
    name: dns.name.Name, kind: _Question, *, resolver: dns.asyncresolver.Resolver
) -> dns.resolver.Answer:
    return await resolver.resolve(name, kind, raise_on_no_answer=False, search=False)


def _of_servers(found: dns.resolver.Answer) -> Answer:
    records = sorted((record.preference, _host(record.exchange)) for record in found)
    hosts = tuple(host for _, host in records if host)[:MOST_SERVERS]
    finding = Finding.SERVERS if hosts else Finding.NULL_MX
    return Answer(finding, hosts, ttl_seconds=_ttl(found))


def _host(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower().removeprefix(".")


def _ttl(found: dns.resolver.Answer) -> int | None:
    return None if found.rrset is None else int(found.rrset.ttl)


def _unknown(problem: str) -> Answer:
    return Answer(Finding.NO_ANSWER, problem=problem[:LONGEST_PROBLEM_CHARS])
