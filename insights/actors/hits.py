"""Opens and clicks as they are judged, what is known around them, and the verdict."""

from __future__ import annotations

import enum
import ipaddress
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime

from insights.events import Actor

CLASSIFIER_VERSION = 1  # counts up whenever the rules change, so that old verdicts can be revised
_KEPT_BITS = {4: 24, 6: 48}  # of an address: the network of a household or office, not the person


class HitKind(enum.StrEnum):
    """What was asked for."""

    OPEN = "open"  # the pixel
    CLICK = "click"  # a link


@dataclass(frozen=True, slots=True)
class Hit:
    """One request for the pixel or a link of one message."""

    id: Hashable  # whatever tells it from the others of its message
    kind: HitKind
    at: datetime
    agent: str = ""  # family of the program, see `agent_family`; empty if not known
    method: str = "GET"
    network: str = ""  # see `truncated`; empty if not known
    link_number: int | None = None  # of a click: which link, in the order of the document
    claimed_machine: bool = False  # the provider that reported it says that no person did it


@dataclass(frozen=True, slots=True)
class DomainHistory:
    """How clicks at one recipient domain have come so far."""

    messages: int  # with a click, in the time looked at
    fast_share: float  # of them whose first click came within ten seconds, in [0, 1]


@dataclass(frozen=True, slots=True)
class Context:
    """What is known around the hits of one message."""

    delivered_at: datetime | None = None
    sent_at: datetime | None = None
    others: Sequence[Hit] = ()  # of the same message; those known so far, or all
    link_count: int | None = None  # links that are tracked in the message
    hidden_link: int | None = None  # number of the link that no person can see
    history: DomainHistory | None = None
    gateway: str = ""  # the security gateway in front of the mailbox provider, if there is one
    machine_networks: frozenset[str] = frozenset()  # that machines are known to come from


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who caused an open or click, and why we think so."""

    actor: Actor
    confidence: float  # in [0, 1]: how sure we are of `actor`; 0 for unknown
    reasons: tuple[str, ...]  # names of rules, the weightiest first; see `rules.describe`
    seconds_after_delivery: float | None  # at most; None if that is not known
    classifier_version: int = CLASSIFIER_VERSION


def truncated(address: str) -> str:
    """Return the network of an IP address, as much of it as may be kept; empty if it is none."""
    try:
        given = ipaddress.ip_address(address)
        if isinstance(given, ipaddress.IPv6Address) and given.ipv4_mapped:
            given = given.ipv4_mapped
        return str(ipaddress.ip_network(f"{given}/{_KEPT_BITS[given.version]}", strict=False))
    except ValueError:
        return ""
