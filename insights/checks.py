"""System checks of the settings of insights; `manage.py check` runs them."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as Caution

import insights.conf
from insights.lookups import parse_nameserver, system_has_nameserver


def check_nameservers(**_: Any) -> list[CheckMessage]:
    """Return what is wrong with the nameservers that mail domains are looked up with."""
    given = insights.conf.nameservers()
    try:
        for written in given:
            parse_nameserver(written)
    except ValueError:
        return [
            Error(
                f'MAILWRIGHT_DNS_SERVERS is "{", ".join(given)}", which is no list of nameservers.',
                hint="Give IP addresses, separated by commas, each with a port if it is not 53: "
                "192.0.2.1,192.0.2.2:5353,[2001:db8::1]:53.",
                id="insights.E001",
            )
        ]
    if given or system_has_nameserver():
        return []
    return [
        Caution(
            "No nameserver is known, so the mailbox providers of contacts cannot be found out.",
            hint="Set MAILWRIGHT_DNS_SERVERS to the IP address of one.",
            id="insights.W002",
        )
    ]
