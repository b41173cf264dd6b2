"""Logs in with a user name and a password (RFC 4954)."""

from __future__ import annotations

import base64
import ipaddress

from sending.transports.base import Stage
from sending.transports.smtp.conversation import Conversation, ConversationError, Reply
from sending.transports.smtp.settings import SmtpSettings

MASK = "********"
GO_ON = 334  # RFC 4954 section 4: the next secret, please


async def authenticate(
    conversation: Conversation, settings: SmtpSettings, *, mechanisms: frozenset[str]
) -> None:
    """Log in. Raises ConversationError if the server refuses or the password would be readable."""
    if not (settings.cleartext_auth or _is_private(conversation)):
        problem = (
            "The connection is not encrypted and leaves this host, so the password was not sent."
        )
        raise ConversationError(Stage.AUTH, None, problem, lasting=True)
    if "PLAIN" in mechanisms:
        reply = await _plain(conversation, settings)
    elif "LOGIN" in mechanisms:
        reply = await _login(conversation, settings)
    else:
        offered = ", ".join(sorted(mechanisms)) or "none"
        problem = f"The server offers neither AUTH PLAIN nor AUTH LOGIN (offered: {offered})."
        raise ConversationError(Stage.AUTH, None, problem, lasting=True)
    reply.required(Stage.AUTH)


async def _plain(conversation: Conversation, settings: SmtpSettings) -> Reply:
    secret = _encoded(f"\0{settings.username}\0{settings.password}")
    return await conversation.ask(
        Stage.AUTH,
        f"AUTH PLAIN {secret}",
        within=settings.reply_timeout,
        shown=f"AUTH PLAIN {MASK}",
    )


async def _login(conversation: Conversation, settings: SmtpSettings) -> Reply:
    """Give the name and then the password, each when the server asks for it."""
    reply = await conversation.ask(Stage.AUTH, "AUTH LOGIN", within=settings.reply_timeout)
    for secret in (settings.username, settings.password):
        if reply.code != GO_ON:
            break
        reply = await conversation.ask(
            Stage.AUTH, _encoded(secret), within=settings.reply_timeout, shown=MASK
        )
    return reply


def _encoded(secret: str) -> str:
    return base64.b64encode(secret.encode()).decode("ascii")


def _is_private(conversation: Conversation) -> bool:
    """Say whether nobody else can read along: TLS, or the server is on this host."""
    if conversation.transport.get_extra_info("ssl_object") is not None:
        return True
    peer = conversation.transport.get_extra_info("peername")
    return ipaddress.ip_address(peer[0]).is_loopback
