"""A template as somebody would get it, before it is saved or used."""

from __future__ import annotations

from campaigns.models import Template, TemplateFormat
from campaigns.rendering import (
    Content,
    Message,
    Preview,
    Sender,
    Tokens,
    compile_message,
    css,
    mjml,
)

# A made-up person: a template belongs to no campaign yet, so nobody is to get it.
EXAMPLE = {
    "email": "alex.example@example.com",
    "first_name": "Alex",
    "last_name": "Example",
    "language": "en",
    "timezone": "",
}
EXAMPLE_DATE = "Sat, 01 Jan 2000 00:00:00 +0000"
NOWHERE = "preview"  # stands for every token: links of a preview lead nowhere


def preview(template: Template) -> Preview:
    """Return subject, HTML and text. Raises DomainError for source that cannot be rendered."""
    organization = template.organization
    content = Content(
        subject=template.subject,
        html=_html(template),
        text=template.text,
        preheader=template.preheader,
    )
    variables: dict[str, object] = {
        "organization": {
            "name": organization.name,
            "postal_address": organization.postal_address,
        },
        "campaign": {"id": 0, "name": template.name},
    }
    return compile_message(content, sender=_sender(), variables=variables).preview(_message())


def _html(template: Template) -> str:
    """Return what saving the template would store."""
    if template.format == TemplateFormat.MJML:
        return mjml.as_html(template.source)
    return css.with_inlined_styles(template.source) if template.inline_css else template.source


def _sender() -> Sender:
    return Sender(
        from_name="Example",
        from_address="news@example.com",
        reply_to="",
        list_id="",
        feedback_id="preview",
        base_url="https://example.com",
        unsubscribe_mailbox="",
        one_click=False,
        track_opens=False,
        track_clicks=False,
    )


def _message() -> Message:
    return Message(
        to_address=EXAMPLE["email"],
        to_name="Alex Example",
        message_id="preview@example.com",
        date=EXAMPLE_DATE,
        contact=EXAMPLE,
        tokens=Tokens(NOWHERE, NOWHERE, NOWHERE, NOWHERE, lambda number, _url: f"{number}"),
    )
