"""Whom mail is sent to: contacts, lists, subscriptions, segments."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models.functions import Upper

from campaigns.models.organization import Organization
from common.models import Timestamped
from common.providers import UNKNOWN


class SubscriptionStatus(models.TextChoices):
    """Whether a contact wants the mail of a list."""

    SUBSCRIBED = "subscribed", "Subscribed"
    PENDING = "pending", "Waiting for confirmation"
    UNSUBSCRIBED = "unsubscribed", "Unsubscribed"


class Contact(Timestamped):
    """A person's address in an organization, unique by normalized address."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="contacts")
    email = models.CharField(
        max_length=254, verbose_name="e-mail", help_text="As it is mailed; the domain is in ASCII."
    )
    email_key = models.CharField(max_length=254, editable=False)
    domain = models.CharField(max_length=253, editable=False)
    first_name = models.CharField(max_length=200, blank=True)
    last_name = models.CharField(max_length=200, blank=True)
    language = models.CharField(max_length=35, blank=True, help_text='Such as "en" or "pt-BR".')
    timezone = models.CharField(
        max_length=64,
        blank=True,
        help_text='Such as "Europe/Berlin"; empty is the organization\'s.',
    )
    attributes = models.JSONField(
        default=dict, blank=True, help_text="Used in mails as {{ contact.name_of_attribute }}."
    )
    provider = models.CharField(max_length=40, default=UNKNOWN, editable=False)
    gateway = models.CharField(max_length=40, blank=True, default="", db_default="", editable=False)
    last_human_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_mailed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "email_key"], name="contact_address_once_per_organization"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["organization", "id"], name="contact_by_organization"),
            models.Index(
                models.F("organization"),
                OpClass(Upper("email_key"), name="text_pattern_ops"),
                name="contact_address_prefix",
            ),
            models.Index(fields=["domain", "organization"], name="contact_by_domain"),
            models.Index(fields=["organization", "provider", "id"], name="contact_by_provider"),
            models.Index(
                fields=["organization", "gateway", "id"],
                name="contact_behind_gateway",
                condition=~models.Q(gateway=""),
            ),
            # The queue of those whose mailbox provider is still to be found out.
            models.Index(
                fields=["domain"],
                name="contact_without_provider",
                condition=models.Q(provider=UNKNOWN),
            ),
            models.Index(
                models.F("organization"),
                OpClass("domain", name="varchar_pattern_ops"),
                name="contact_domain_beginning",
            ),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def name(self) -> str:
        """First and last name as one text; empty when neither is known."""
        return f"{self.first_name} {self.last_name}".strip()


class ContactList(Timestamped):
    """Something people join: the unit of consent."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="lists")
    name = models.CharField(max_length=200)
    slug = models.SlugField(help_text="Part of the List-Id header; keep it once mail has gone out.")
    description = models.TextField(
        blank=True, help_text="Shown to people on their preferences page."
    )
    public = models.BooleanField(
        default=True, help_text="Listed on the preferences page, where people may join and leave."
    )

    class Meta:
        verbose_name = "list"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "slug"], name="list_slug_once_per_organization"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Subscription(models.Model):
    """A contact on a list, with how it came there."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="subscriptions")
    list = models.ForeignKey(ContactList, models.CASCADE, related_name="subscriptions")
    status = models.CharField(
        max_length=20, choices=SubscriptionStatus.choices, default=SubscriptionStatus.SUBSCRIBED
    )
    source = models.CharField(max_length=100, blank=True, help_text="Such as import or form.")
    evidence = models.JSONField(default=dict, blank=True)
    subscribed_at = models.DateTimeField(null=True, blank=True)
    unsubscribed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["contact", "list"], name="subscription_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["list", "status", "contact"], name="subscription_by_list")
        ]

    def __str__(self) -> str:
        return f"{self.contact} on {self.list}"


class Segment(Timestamped):
    """A rule over contacts, evaluated when a campaign is prepared."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="segments")
    name = models.CharField(max_length=200)
    rules = models.JSONField(
        help_text='Such as {"all": [{"field": "attributes.city", "is": "Berlin"}]}; see the manual.'
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "name"], name="segment_name_once_per_organization"
            )
        ]

    def __str__(self) -> str:
        return self.name
