"""How the inbox stands, for Prometheus: counted in the database whenever it asks."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import DatabaseError, InterfaceError
from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

import insights.queries.inbox


class InboxCollector(Collector):
    """Says how many reports wait, since when, and how many could not be recorded."""

    def describe(self) -> list[GaugeMetricFamily]:
        """Return nothing, so that registering asks nothing of the database."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the figures; none while the database is away, which is told elsewhere."""
        try:
            found = insights.queries.inbox.figures()
        except (DatabaseError, InterfaceError):
            return
        states = GaugeMetricFamily(
            "mailwright_inbox_payloads", "Reports that are not recorded.", labels=["state"]
        )
        for state in ("unread", "retried", "unreadable", "unattributed"):
            states.add_metric([state], getattr(found, state))
        yield states
        yield GaugeMetricFamily(
            "mailwright_inbox_oldest_unread_timestamp_seconds",
            "When the oldest report that nobody has read yet came in; 0 if all are read.",
            value=found.oldest_at.timestamp() if found.oldest_at else 0,
        )


def register() -> None:
    """Add the figures to what `/metrics` shows."""
    REGISTRY.register(InboxCollector())
