"""A written message read back, as a mail program reads it."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage

from campaigns.rendering.message import Preview


def decoded_message(data: bytes) -> Preview:
    """Return what an encoded message shows."""
    message = email.message_from_bytes(data, policy=email.policy.default)
    return Preview(
        subject=str(message["Subject"]),
        html=_content(message, "html"),
        text=_content(message, "plain"),
        headers=[(name, str(value)) for name, value in message.items()],
    )


def _content(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    content = part.get_content() if part else ""
    return str(content).replace("\r\n", "\n")
