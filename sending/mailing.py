"""A campaign made ready to be written: content compiled once for each IP and list."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from campaigns.ledger import ClaimedRecipient
from campaigns.models import Campaign, ContactList, Organization
from campaigns.rendering import CompiledMessage, Content, Message, Sender, Tokens, compile_message
from common.conf import public_url, token_signer
from common.tokens import TokenSigner
from iprouting.models import SendingIP
from sending.transports.base import Envelope

MARKETING = "marketing"


def content_of(campaign: Campaign) -> Content:
    """Return what a campaign says; what it leaves empty comes from its template."""
    template = campaign.template
    html = campaign.html or (template.html if template else "")
    text = campaign.text or (template.text if template and not campaign.html else "")
    return Content(
        subject=campaign.subject or (template.subject if template else ""),
        html=html,
        text=text,
        preheader=campaign.preheader or (template.preheader if template else ""),
    )


def variables_of(campaign: Campaign) -> dict[str, object]:
    """Return the Liquid variables that are the same for every recipient."""
    organization = campaign.organization
    return {
        "campaign": {"id": campaign.pk, "name": campaign.name},
        "organization": {
            "name": organization.name,
            "postal_address": organization.postal_address,
            "timezone": str(organization.timezone),
        },
    }


def sender_of(
    campaign: Campaign, *, ip: SendingIP | None = None, list_: ContactList | None = None
) -> Sender:
    """Return the part of the header that is the same for all who are reached by IP and list."""
    identity, organization = campaign.identity, campaign.organization
    marketing = campaign.stream == MARKETING
    header = ((ip.header_name, ip.header_value),) if ip and ip.header_name else ()
    return Sender(
        from_name=identity.from_name,
        from_address=identity.from_address,
        reply_to=identity.reply_to,
        list_id=_list_id(list_, organization, identity.domain.name) if marketing else "",
        feedback_id=f"{campaign.pk}:{organization.pk}:{campaign.stream}:{organization.slug}",
        base_url=(identity.domain.tracking_url or public_url()).rstrip("/"),
        unsubscribe_mailbox=f"unsubscribe@{return_path_domain(campaign, ip)}" if marketing else "",
        one_click=marketing,
        track_opens=campaign.track_opens,
        track_clicks=campaign.track_clicks,
        hidden_link=campaign.hidden_link,
        extra_headers=header,
    )


def return_path_domain(campaign: Campaign, ip: SendingIP | None) -> str:
    """Return where bounces of a campaign go when its mail leaves through `ip`."""
    domain = campaign.identity.domain
    return (ip.return_path_domain if ip else "") or domain.return_path_domain or domain.name


def _list_id(list_: ContactList | None, organization: Organization, domain: str) -> str:
    if list_ is None:
        return f"{organization.name} <{organization.slug}.{domain}>"
    return f"{list_.name} <{list_.slug}.{organization.slug}.{domain}>"


class CampaignMail:
    """Writes the envelopes of one campaign."""

    def __init__(self, campaign: Campaign, *, ips: Mapping[int, SendingIP]) -> None:
        self._campaign = campaign
        self._ips = ips
        self._content = content_of(campaign)
        self._variables = variables_of(campaign)
        self._signer: TokenSigner = token_signer()
        self._compiled: dict[tuple[int, int | None], CompiledMessage] = {}
        self._return_paths = {
            ip_id: "@" + return_path_domain(campaign, ip) for ip_id, ip in ips.items()
        }

    def load_list(self, list_id: int | None) -> None:
        """Compile what mail to members of this list needs, for every IP; done once a list."""
        for ip_id, ip in self._ips.items():
            if (ip_id, list_id) not in self._compiled:
                list_ = ContactList.objects.filter(pk=list_id).first() if list_id else None
                self._compiled[ip_id, list_id] = self._compile(ip, list_)

    def _compile(self, ip: SendingIP, list_: ContactList | None) -> CompiledMessage:
        sender = sender_of(self._campaign, ip=ip, list_=list_)
        return compile_message(self._content, sender=sender, variables=self._variables)

    def envelope(self, row: ClaimedRecipient, *, ip_id: int, date: str) -> Envelope:
        """Return the finished message to one recipient, to leave through `ip_id`.

        `date` is the Date header. Raises TemplateError when this contact's values break the
        content.
        """
        tokens = self._signer.for_message(row.id)
        message = Message(
            to_address=row.email,
            to_name=f"{row.first_name} {row.last_name}".strip(),
            message_id=row.message_id,
            date=date,
            contact=contact_variables(row),
            data=row.data,
            tokens=Tokens(
                tokens.opened,
                tokens.clicked,
                tokens.unsubscribe,
                tokens.preferences,
                functools.partial(self._signer.sign_url, row.id),
            ),
        )
        return Envelope(
            row.id,
            tokens.return_path + self._return_paths[ip_id],
            row.email,
            self._compiled[ip_id, row.list_id].encode(message),
            no_leading_dots=True,  # quoted-printable as written here has none
        )


def contact_variables(row: ClaimedRecipient) -> dict[str, Any]:
    """Return Liquid's `contact`: the attributes, and on top of them the fields of the contact."""
    return {
        **row.attributes,
        "id": row.contact_id,
        "email": row.email,
        "first_name": row.first_name,
        "last_name": row.last_name,
        "language": row.language,
        "timezone": row.timezone,
    }


def date_header(now: datetime) -> str:
    """Return a moment as the Date header writes it."""
    return format_datetime(now)
