"""From deeds to requests: what is asked of the web server, and from which address of loopback."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from sandbox.audience.deeds import Action, Deed, Who
from sandbox.audience.letters import Letter

STEP_SECONDS: Final = 0.03  # from one link of a scan to the next
# 127.64.0.0 to 127.127.255.255: apart from the sending IPs, which begin with 127.0.
_FIRST: Final = 64
_WIDTH: Final = 64
_ONE_CLICK: Final = b"List-Unsubscribe=One-Click"
_FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Request:
    """One request, and how the diary calls it; `noted` is empty for what should count nowhere."""

    method: str
    url: str
    agent: str
    source: str
    noted: str
    body: bytes = b""
    content_type: str = ""
    link: int | None = field(default=None)


def requests(action: Action, letter: Letter) -> Iterator[Request]:
    """Yield what a deed asks of the web server; nothing where the message has no such address."""
    match action.deed:
        case Deed.OPEN if letter.pixel:
            yield _get(action, letter, letter.pixel, noted="open")
        case Deed.CLICK if letter.links:
            number = int(action.link * len(letter.links))
            yield _get(action, letter, letter.links[number], noted="click", link=number)
        case Deed.SCAN:
            yield from _scan(action, letter)
        case Deed.UNSUBSCRIBE if letter.one_click:
            yield Request(
                "POST",
                letter.one_click,
                action.agent,
                source_address(action, letter.envelope.address),
                "unsubscribe",
                _ONE_CLICK,
                _FORM,
            )


def source_address(action: Action, address: str) -> str:
    """Return where a request comes from: each person and each machine has a network of its own."""
    name = address if action.who is Who.PERSON else action.network
    drawn = hashlib.blake2b(name.encode(), digest_size=3).digest()
    return f"127.{_FIRST + drawn[0] % _WIDTH}.{drawn[1]}.{1 + drawn[2] % 254}"


def _scan(action: Action, letter: Letter) -> Iterator[Request]:
    for number, url in enumerate(letter.links):
        if action.asks_first:
            yield _get(action, letter, url, noted="", method="HEAD")
        yield _get(action, letter, url, noted="click", link=number)
    for url in letter.pages:
        yield _get(action, letter, url, noted="")


def _get(
    action: Action,
    letter: Letter,
    url: str,
    *,
    noted: str,
    link: int | None = None,
    method: str = "GET",
) -> Request:
    source = source_address(action, letter.envelope.address)
    return Request(method, url, action.agent, source, noted, link=link)
