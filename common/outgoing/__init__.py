"""Requests to addresses that somebody typed in: they never reach this network, only the public one.

Every request that leaves for such an address goes through `OutgoingClient`.
"""

from common.outgoing.client import Answer, Limits, OutgoingClient, OutgoingError
from common.outgoing.web_addresses import WebAddress, WebAddressError, parse_web_address

__all__ = [
    "Answer",
    "Limits",
    "OutgoingClient",
    "OutgoingError",
    "WebAddress",
    "WebAddressError",
    "parse_web_address",
]
