"""Transactional mail: one message to one person, asked for by another system."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

import suppression.queries
from campaigns.models import (
    Campaign,
    CampaignKind,
    Contact,
    Identity,
    Organization,
    Recipient,
    Stream,
    Template,
)
from campaigns.operations.contacts import find_or_create_contact
from campaigns.rendering import TemplateError
from campaigns.states import CampaignState, RecipientState
from common.errors import DomainError
from sending.operations.lifecycle import store_links


@dataclass(frozen=True, slots=True)
class TransactionalContent:
    """What to send: a template, or subject with html or text of its own."""

    template: Template | None = None
    subject: str = ""
    html: str = ""
    text: str = ""

    def digest(self, identity: Identity) -> str:
        """Return what tells this content, sent by this identity, from every other."""
        template = self.template
        parts = [
            str(identity.pk),
            f"{template.pk}:{template.updated_at.isoformat()}" if template else "",
            self.subject,
            self.html,
            self.text,
        ]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def queue_message(
    organization: Organization,
    *,
    to: str,
    content: TransactionalContent,
    identity: Identity | None,
    data: dict[str, Any],
    now: datetime,
) -> Recipient:
    """Plan one transactional message and return its row of the ledger.

    The same content shares one campaign, so that it can be followed as a whole. Raises DomainError
    for a bad address, missing content or identity, a suppressed address; TemplateError for content
    that cannot be compiled.
    """
    sender = identity or _only_identity(organization)
    with transaction.atomic():
        contact = find_or_create_contact(organization, address=to)
        _require_mailable(contact, now=now)
        campaign = _campaign_for(organization, content=content, identity=sender, now=now)
        return _write(campaign, contact, data=data, now=now)


def _only_identity(organization: Organization) -> Identity:
    found = list(organization.identities.filter(stream=Stream.TRANSACTIONAL)[:2])
    if len(found) != 1:
        raise DomainError(
            "identity_needed",
            "Name the identity to send from: there is not exactly one for transactional mail.",
            {"field": "identity"},
        )
    return found[0]


def _require_mailable(contact: Contact, *, now: datetime) -> None:
    suppressed = suppression.queries.suppressed_among(
        [contact.email_key],
        organization_id=contact.organization_id,
        stream=Stream.TRANSACTIONAL,
        now=now,
        list_ids=None,
    )
    if suppressed:
        reason = suppressed[contact.email_key]
        raise DomainError(
            "suppressed",
            f"{contact.email} must not be mailed ({reason}). See its suppression entry.",
            {"field": "to", "reason": reason},
        )


def _campaign_for(
    organization: Organization,
    *,
    content: TransactionalContent,
    identity: Identity,
    now: datetime,
) -> Campaign:
    if identity.stream != Stream.TRANSACTIONAL:
        raise DomainError(
            "wrong_identity",
            "Choose an identity for transactional mail: this one is for marketing.",
            {"field": "identity"},
        )
    digest = content.digest(identity)
    campaign = organization.campaigns.filter(
        kind=CampaignKind.TRANSACTIONAL, content_digest=digest, state=CampaignState.SENDING
    ).first()
    return campaign or _new_campaign(organization, content, identity, digest=digest, now=now)


def _new_campaign(
    organization: Organization,
    content: TransactionalContent,
    identity: Identity,
    *,
    digest: str,
    now: datetime,
) -> Campaign:
    template = content.template
    subject = content.subject or (template.subject if template else "")
    html = content.html or (template.html if template else "")
    text = content.text or (template.text if template and not content.html else "")
    if not subject.strip() or not (html.strip() or text.strip()):
        raise DomainError(
            "content_needed",
            "Give a template, or a subject with html or text.",
            {"field": "template"},
        )
    campaign = Campaign.objects.create(
        organization=organization,
        name=(template.name if template else subject)[:200],
        kind=CampaignKind.TRANSACTIONAL,
        stream=Stream.TRANSACTIONAL,
        identity=identity,
        template=template,
        subject=subject,
        html=html,
        text=text,
        state=CampaignState.SENDING,
        content_digest=digest,
        started_at=now,
        prepared_at=now,
    )
    try:
        store_links(campaign)
    except TemplateError as error:
        raise DomainError("content_error", str(error), {"field": error.part}) from error
    return campaign


_NEXT_ID = "SELECT nextval(pg_get_serial_sequence('campaigns_recipient', 'id')), gen_random_uuid()"


def _write(
    campaign: Campaign, contact: Contact, *, data: dict[str, Any], now: datetime
) -> Recipient:
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_ID)
        number, secret = cursor.fetchone()
    return Recipient.objects.create(
        id=number,
        organization_id=campaign.organization_id,
        campaign=campaign,
        contact=contact,
        email=contact.email,
        provider=contact.provider,
        message_id=f"{number:x}.{secret.hex}@{campaign.identity.domain.name}",
        state=RecipientState.PLANNED,
        not_before=now,
        data=data,
    )
