"""By what a server knows which of several sending IPs it is to use."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Hashable

from django.db.models import QuerySet

from iprouting.models import SendingIP, TransportKind


def mark_of(ip: SendingIP) -> str:
    """Return in words by what the server knows this IP; empty if by nothing of its own."""
    if ip.transport.kind == TransportKind.ANYMAIL:
        return f"by {json.dumps(ip.provider_options)}" if ip.provider_options else ""
    if ip.bind_address:
        return f"by connecting from {ip.bind_address}"
    if ip.header_name:
        return f"by the header {ip.header_name}: {ip.header_value}"
    return f"by the return path domain {ip.return_path_domain}" if ip.return_path_domain else ""


def alike(organization_id: int | None = None) -> list[list[SendingIP]]:
    """Return the active IPs that no server can tell apart, in groups; of all or one organization.

    Mail for any of a group leaves through the same one, or through one that is drawn.
    """
    ips = SendingIP.objects.filter(active=True)
    if organization_id is not None:
        ips = ips.filter(organization=organization_id)
    groups: defaultdict[Hashable, list[SendingIP]] = defaultdict(list)
    for ip in _bare(ips):
        groups[_key(ip)].append(ip)
    return [group for group in groups.values() if len({ip.address for ip in group}) > 1]


def _bare(ips: QuerySet[SendingIP]) -> QuerySet[SendingIP]:
    """Return the IPs with their transports, but without the secrets of those."""
    hidden = ("transport__password", "transport__backend_settings")
    return ips.select_related("transport").defer(*hidden).order_by("pk")


def _key(ip: SendingIP) -> Hashable:
    """Return all by which the server that mail is handed to can know the IP."""
    transport = ip.transport
    if transport.kind == TransportKind.ANYMAIL:
        options = json.dumps(ip.provider_options, sort_keys=True)
        return ip.organization_id, transport.pk, options
    server = (transport.host.lower(), transport.port, transport.username)
    header = (ip.header_name.lower(), ip.header_value) if ip.header_name else ()
    domain = ip.return_path_domain.lower()
    return ip.organization_id, server, ip.bind_address or "", domain, header
