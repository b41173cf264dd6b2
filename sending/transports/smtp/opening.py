"""From nothing to a connection that takes mail: connect, greeting, EHLO, TLS, AUTH."""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import os
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from sending.transports.base import Stage
from sending.transports.smtp.auth import authenticate
from sending.transports.smtp.conversation import Conversation, ConversationError, Listener
from sending.transports.smtp.settings import SmtpSettings, TlsMode


@dataclass(frozen=True, slots=True)
class Offers:
    """What the server can do; a `size_limit` of 0 means that it names none (RFC 1870 section 4)."""

    pipelining: bool
    size: bool
    size_limit: int
    starttls: bool
    auth: frozenset[str]


def offers_of(ehlo: str) -> Offers:
    """Return what the lines of an EHLO answer offer."""
    keywords: dict[str, list[str]] = {}
    for line in ehlo.split("\n")[1:]:
        keyword, *parameters = line.upper().replace("=", " ", 1).split() or [""]
        keywords.setdefault(keyword, []).extend(parameters)
    size = keywords.get("SIZE", [])
    return Offers(
        pipelining="PIPELINING" in keywords,
        size="SIZE" in keywords,
        size_limit=int(size[0]) if size and size[0].isdecimal() else 0,
        starttls="STARTTLS" in keywords,
        auth=frozenset(keywords.get("AUTH", [])),
    )


def tls_context(settings: SmtpSettings) -> ssl.SSLContext:
    """Return how certificates are judged. Raises ConversationError if `ca_file` cannot be read."""
    try:
        changed_at = Path(settings.ca_file).stat().st_mtime_ns if settings.ca_file else 0
        return _context(settings.ca_file, changed_at, settings.verify_certificate)
    except OSError as error:
        problem = f"The certificate authorities in {settings.ca_file} cannot be read: {error}."
        raise ConversationError(Stage.TLS, None, problem, lasting=True) from None


@functools.lru_cache(maxsize=16)
def _context(ca_file: str, changed_at: int, verify: bool) -> ssl.SSLContext:  # noqa: FBT001 - a cache key
    """Return a context; reading the authorities takes longer than a whole connection without."""
    context = ssl.create_default_context(cafile=ca_file or None)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


async def open_conversation(
    settings: SmtpSettings, *, listener: Listener | None = None
) -> tuple[Conversation, Offers]:
    """Return a connection that is ready for MAIL, and what its server offers.

    Raises ConversationError with the step and the exact words when it does not come about.
    """
    conversation = await _connect(settings, listener=listener)
    try:
        return conversation, await _prepare(conversation, settings)
    except BaseException:
        conversation.close()
        raise


async def _connect(settings: SmtpSettings, *, listener: Listener | None) -> Conversation:
    loop = asyncio.get_running_loop()
    way = f"to {settings.host} port {settings.port}"
    if settings.source_address:
        way = f"from {settings.source_address} {way}"
    try:
        async with asyncio.timeout(settings.connect_timeout):
            _, conversation = await loop.create_connection(
                lambda: Conversation(listener=listener),
                settings.host,
                settings.port,
                local_addr=(settings.source_address, 0) if settings.source_address else None,
            )
    except TimeoutError:
        problem = f"No connection {way} within {settings.connect_timeout:g} seconds."
        raise ConversationError(Stage.CONNECT, None, problem, lasting=False) from None
    except (OSError, UnicodeError) as error:
        problem = f"No connection {way}: {_cause(error)}."
        raise ConversationError(Stage.CONNECT, None, problem, lasting=False) from None
    return conversation


def _cause(error: OSError | UnicodeError) -> str:
    """Return the system's own words for what went wrong, which an event loop may have replaced."""
    if isinstance(error, socket.gaierror):
        return error.strerror or str(error)
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return str(error)


async def _prepare(conversation: Conversation, settings: SmtpSettings) -> Offers:
    if settings.tls == TlsMode.IMPLICIT:
        await _encrypt(conversation, settings)
    greeting = await conversation.listen(Stage.GREETING, within=settings.reply_timeout)
    greeting.required(Stage.GREETING)
    offers = await _greet(conversation, settings)
    if _wants_starttls(settings, offers):
        reply = await conversation.ask(Stage.TLS, "STARTTLS", within=settings.reply_timeout)
        reply.required(Stage.TLS)
        await _encrypt(conversation, settings)
        offers = await _greet(conversation, settings)
    if settings.username:
        await authenticate(conversation, settings, mechanisms=offers.auth)
    return offers


async def _encrypt(conversation: Conversation, settings: SmtpSettings) -> None:
    await conversation.start_tls(
        tls_context(settings), server_name=settings.host, within=settings.connect_timeout
    )


async def _greet(conversation: Conversation, settings: SmtpSettings) -> Offers:
    """Say EHLO, or HELO to a server that does not know it (RFC 5321 3.2)."""
    name = settings.helo_name or _address_literal(conversation)
    reply = await conversation.ask(Stage.EHLO, f"EHLO {name}", within=settings.reply_timeout)
    if reply.is_positive:
        return offers_of(reply.text)
    if reply.code in {500, 502}:
        reply = await conversation.ask(Stage.EHLO, f"HELO {name}", within=settings.reply_timeout)
    reply.required(Stage.EHLO)
    return offers_of("")


def _address_literal(conversation: Conversation) -> str:
    """Return the local address in the form of RFC 5321 4.1.3."""
    address = ipaddress.ip_address(conversation.transport.get_extra_info("sockname")[0])
    return f"[IPv6:{address}]" if isinstance(address, ipaddress.IPv6Address) else f"[{address}]"


def _wants_starttls(settings: SmtpSettings, offers: Offers) -> bool:
    """Say whether to ask for TLS. Raises ConversationError if it is demanded and not offered."""
    if settings.tls == TlsMode.STARTTLS and not offers.starttls:
        problem = "The server does not offer STARTTLS, which the settings demand."
        raise ConversationError(Stage.TLS, None, problem, lasting=True)
    return offers.starttls and settings.tls in {TlsMode.STARTTLS, TlsMode.STARTTLS_IF_OFFERED}
