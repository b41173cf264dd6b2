"""Webhooks of the Stalwart mail server: batches of events, signed with a shared key."""

from insights.providers.stalwart.reading import parse
from insights.providers.stalwart.signature import verify

__all__ = ["parse", "verify"]
