"""Through what mail leaves, why that way, and what keeps it back."""

from iprouting.models.breakers import Breaker, BreakerRule, ProviderLimit
from iprouting.models.decisions import RoutingDecision
from iprouting.models.ips import Pool, SendingIP
from iprouting.models.reputation import IPReputation
from iprouting.models.transports import Transport, TransportKind, TransportSecurity

__all__ = [
    "Breaker",
    "BreakerRule",
    "IPReputation",
    "Pool",
    "ProviderLimit",
    "RoutingDecision",
    "SendingIP",
    "Transport",
    "TransportKind",
    "TransportSecurity",
]
