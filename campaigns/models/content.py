"""What is sent, and in whose name: templates, sending domains, identities."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from campaigns.models.organization import Organization
from common.models import Timestamped


class Stream(models.TextChoices):
    """Kinds of mail that never share a sending IP."""

    MARKETING = "marketing", "Marketing"
    TRANSACTIONAL = "transactional", "Transactional"


class TemplateFormat(models.TextChoices):
    """How the source of a template is written."""

    HTML = "html", "HTML"
    MJML = "mjml", "MJML"


class Template(Timestamped):
    """A message to build campaigns from. `html` is what `source` was turned into on saving."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="templates")
    name = models.CharField(max_length=200)
    format = models.CharField(
        max_length=10, choices=TemplateFormat.choices, default=TemplateFormat.HTML
    )
    subject = models.CharField(max_length=500, help_text="May use {{ contact.first_name }}.")
    preheader = models.CharField(
        max_length=300, blank=True, help_text="The line mail programs show after the subject."
    )
    source = models.TextField(help_text="HTML or MJML with Liquid in it.")
    inline_css = models.BooleanField(
        default=True, help_text="Copy style sheets into the tags, as most mail programs need."
    )
    html = models.TextField(editable=False, blank=True)
    text = models.TextField(
        blank=True, help_text="The plain-text version; made from the HTML when left empty."
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "name"], name="template_name_once_per_organization"
            )
        ]

    def __str__(self) -> str:
        return self.name


class SendingDomain(Timestamped):
    """A domain that mail is sent from."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="domains")
    name = models.CharField(max_length=253, help_text="Such as news.example.com.")
    return_path_domain = models.CharField(
        max_length=253,
        blank=True,
        help_text="Where bounces go, such as bounce.example.com; empty uses the domain itself.",
    )
    tracking_url = models.URLField(
        blank=True,
        help_text="Address of links in mails, such as https://links.example.com; "
        "empty uses the address of this installation.",
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "name"], name="domain_once_per_organization"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Identity(Timestamped):
    """A From name and address on a sending domain."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="identities")
    domain = models.ForeignKey(SendingDomain, models.PROTECT, related_name="identities")
    from_name = models.CharField(max_length=200, help_text="The name people see in their inbox.")
    from_address = models.EmailField(help_text="On the sending domain chosen above.")
    reply_to = models.EmailField(blank=True, help_text="Empty sends replies to the From address.")
    stream = models.CharField(max_length=20, choices=Stream.choices, default=Stream.MARKETING)

    class Meta:
        verbose_name_plural = "identities"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "from_address", "stream"],
                name="identity_once_per_organization_and_stream",
            )
        ]

    def __str__(self) -> str:
        return f"{self.from_name} <{self.from_address}>"
