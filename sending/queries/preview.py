"""A campaign as one contact would get it."""

from __future__ import annotations

import functools
from datetime import UTC, datetime

from campaigns.ledger import ClaimedRecipient
from campaigns.models import Campaign, Contact
from campaigns.rendering import Message, Preview, Tokens, compile_message
from sending.mailing import contact_variables, content_of, date_header, sender_of, variables_of

EXAMPLE = Contact(
    email="alex.example@example.com",
    email_key="alex.example@example.com",
    first_name="Alex",
    last_name="Example",
    language="en",
)
PREVIEW_TOKEN = "preview"  # noqa: S105  leads nowhere: the links of a preview only show their place
PREVIEW_DATE = datetime(2000, 1, 1, tzinfo=UTC)


def preview(campaign: Campaign, contact: Contact | None) -> Preview:
    """Return subject, parts and headers for a contact, or for a made-up one when it is None.

    Tracking links in it lead nowhere. Raises TemplateError when the content cannot be rendered.
    """
    shown = contact or EXAMPLE
    compiled = compile_message(
        content_of(campaign), sender=sender_of(campaign), variables=variables_of(campaign)
    )
    return compiled.preview(preview_message(shown, domain=campaign.identity.domain.name))


def preview_message(contact: Contact, *, domain: str) -> Message:
    """Return the message facts of a preview: real values of the contact, tokens without effect."""
    tokens = Tokens(
        PREVIEW_TOKEN, PREVIEW_TOKEN, PREVIEW_TOKEN, PREVIEW_TOKEN, functools.partial(_unsigned)
    )
    return Message(
        to_address=contact.email,
        to_name=contact.name,
        message_id=f"preview@{domain}",
        date=date_header(PREVIEW_DATE),
        contact=contact_variables(as_claimed(contact)),
        tokens=tokens,
    )


def _unsigned(number: int, _url: str) -> str:
    return f"{PREVIEW_TOKEN}.{number}"


def as_claimed(contact: Contact) -> ClaimedRecipient:
    """Return a contact in the shape in which the send path sees it."""
    return ClaimedRecipient(
        id=0,
        contact_id=contact.pk,
        list_id=None,
        email=contact.email,
        email_key=contact.email_key,
        provider=contact.provider,
        variant="",
        engagement_days=0,
        message_id="",
        attempts=0,
        data=None,
        first_name=contact.first_name,
        last_name=contact.last_name,
        language=contact.language,
        timezone=contact.timezone,
        attributes=contact.attributes,
    )
