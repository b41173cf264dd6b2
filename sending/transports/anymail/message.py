"""From the bytes of a message to the object that Django's mail backends take."""

from __future__ import annotations

import email
import email.policy
from email.encoders import encode_base64
from email.headerregistry import Address
from email.message import EmailMessage as ParsedMessage
from email.mime.base import MIMEBase
from email.utils import quote

from anymail.message import AnymailMessage
from anymail.utils import UNSET
from django.core.mail import EmailMultiAlternatives

from sending.transports.base import Envelope

# Headers that a provider is told in another way, or that are true of our encoding alone.
_NOT_COPIED = frozenset(
    {"from", "to", "cc", "bcc", "subject", "reply-to", "date", "mime-version", "dkim-signature"}
)


def django_message(envelope: Envelope) -> EmailMultiAlternatives:
    """Return the message of an envelope, addressed to its recipient alone.

    The return path is `envelope_sender`, and `metadata` carries the recipient's id, by which the
    provider's webhooks are attributed. The provider is to track nothing: the pixel and the links
    are ours, and through a second redirect everything would count twice.
    """
    parsed = email.message_from_bytes(envelope.data, _class=ParsedMessage, policy=email.policy.SMTP)
    text, html = _text(parsed, "plain"), _text(parsed, "html")
    message: EmailMultiAlternatives = AnymailMessage(
        subject=str(parsed.get("Subject", "")),
        body=html if text is None and html is not None else text or "",
        from_email=", ".join(_addresses(parsed, "From")),
        to=[_recipient(parsed, envelope)],
        reply_to=_addresses(parsed, "Reply-To"),
        headers=_other_headers(parsed),
        metadata={"recipient_id": str(envelope.recipient_id)},
        envelope_sender=envelope.mail_from or UNSET,
        track_opens=False,
        track_clicks=False,
    )
    if text is None and html is not None:
        message.content_subtype = "html"
    elif html is not None:
        message.attach_alternative(html, "text/html")
    for part in _other_parts(parsed):
        message.attach(part)
    return message


def _text(parsed: ParsedMessage, subtype: str) -> str | None:
    part = parsed.get_body(preferencelist=(subtype,))
    return str(part.get_content()).replace("\r\n", "\n") if part is not None else None


def _addresses(parsed: ParsedMessage, name: str) -> list[str]:
    header = parsed.get(name)
    return [_written(address) for address in header.addresses] if header is not None else []


def _recipient(parsed: ParsedMessage, envelope: Envelope) -> str:
    """Return the recipient as the To header writes it, with the name, if it is there."""
    header = parsed.get("To")
    for address in header.addresses if header is not None else ():
        if address.addr_spec.lower() == envelope.rcpt_to.lower():
            return _written(address)
    return envelope.rcpt_to


def _written(address: Address) -> str:
    """Return an address with its name quoted: `str` of it leaves a comma in a name bare."""
    if not address.display_name:
        return address.addr_spec
    return f'"{quote(address.display_name)}" <{address.addr_spec}>'


def _other_headers(parsed: ParsedMessage) -> dict[str, str]:
    return {
        name: str(value)
        for name, value in parsed.items()
        if name.lower() not in _NOT_COPIED and not name.lower().startswith("content-")
    }


def _other_parts(parsed: ParsedMessage) -> list[MIMEBase]:
    """Return the attachments and inline images."""
    bodies = [parsed.get_body(preferencelist=(subtype,)) for subtype in ("plain", "html")]
    return [
        _attachment(part)
        for part in parsed.walk()
        if not part.is_multipart() and not any(part is body for body in bodies)
    ]


def _attachment(part: ParsedMessage) -> MIMEBase:
    attachment = MIMEBase(part.get_content_maintype(), part.get_content_subtype())
    attachment.set_payload(part.get_payload(decode=True))
    encode_base64(attachment)
    for name in ("Content-Disposition", "Content-ID"):
        if name in part:
            attachment[name] = str(part[name])
    return attachment
