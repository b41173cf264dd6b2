"""System checks of the settings of the server for incoming mail; `manage.py check` runs them."""

from __future__ import annotations

import ssl
from typing import Any, Final

from django.core.checks import CheckMessage, Error

from sending import conf
from sending.listener import tls_context

_LAST_PORT: Final = 65_535


def check_listen_port(**_: Any) -> list[CheckMessage]:
    """Return an error unless incoming mail can be taken at the port."""
    if 0 < conf.door().port <= _LAST_PORT:
        return []
    return [
        Error(
            "MAILWRIGHT_LISTEN_PORT is no port.",
            hint=f"Give a number from 1 to {_LAST_PORT}, such as 25.",
            id="sending.E001",
        )
    ]


def check_listen_certificate(**_: Any) -> list[CheckMessage]:
    """Return an error if incoming mail is to be encrypted with files that cannot be used."""
    try:
        tls_context(conf.door())
    except (OSError, ssl.SSLError) as error:
        return [
            Error(
                f"The certificate for incoming mail cannot be used: {error}",
                hint="MAILWRIGHT_LISTEN_CERTIFICATE names a PEM file with the whole chain, "
                "MAILWRIGHT_LISTEN_PRIVATE_KEY one with its key; this user must be able to read "
                "both.",
                id="sending.E002",
            )
        ]
    return []
