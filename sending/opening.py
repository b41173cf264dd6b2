"""From a sending IP to the transport that makes mail leave from it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from anymail.utils import merge_dicts_deep

from iprouting.models import SendingIP, TransportKind
from sending.transports.anymail import AnymailTransport
from sending.transports.base import Journal, Transport
from sending.transports.smtp import SmtpSettings, SmtpTransport, TlsMode


def open_transport(ip: SendingIP, *, journal: Journal, clock: Callable[[], datetime]) -> Transport:
    """Return a transport for a sending IP; its first connection is made with the first message."""
    if ip.transport.kind == TransportKind.ANYMAIL:
        return AnymailTransport(
            ip.transport.backend,
            provider_settings(ip),
            journal=journal,
            clock=clock,
            connections=ip.transport.connections,
        )
    return SmtpTransport(smtp_settings(ip), journal=journal, clock=clock)


def provider_settings(ip: SendingIP) -> dict[str, Any]:
    """Return what the mail backend of a commercial provider is made with.

    The IP's own options go along with each message as anymail's `esp_extra`, and win over those
    of the transport.
    """
    settings: dict[str, Any] = json.loads(ip.transport.backend_settings or "{}")
    if not ip.provider_options:
        return settings
    own = {"send_defaults": {"esp_extra": ip.provider_options}}
    merged: dict[str, Any] = merge_dicts_deep(settings, own)
    return merged


def smtp_settings(ip: SendingIP) -> SmtpSettings:
    """Return how to talk to the SMTP server of a sending IP."""
    transport = ip.transport
    return SmtpSettings(
        host=transport.host,
        port=transport.port,
        tls=TlsMode(transport.security),
        verify_certificate=transport.verify_certificate,
        username=transport.username,
        password=transport.password,
        source_address=ip.bind_address or "",
        helo_name=ip.hostname,
        connections=transport.connections,
        messages_per_connection=transport.messages_per_connection,
        rate_per_second=transport.rate_per_second,
    )
