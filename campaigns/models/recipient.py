"""The send ledger: one row for each contact of each campaign."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models.functions import Upper

from campaigns.models.campaign import Campaign
from campaigns.models.contact import Contact, ContactList
from campaigns.models.organization import Organization
from campaigns.states import RecipientState

RECIPIENT_STATE_CHOICES = [
    (state.value, state.value.replace("_", " ").capitalize()) for state in RecipientState
]
NEVER_ENGAGED = 32767  # days; sorts after everybody who ever opened or clicked


class Recipient(models.Model):
    """One contact in one campaign. Address, IP, list and answer are kept as values of the moment.

    `message_id` is fixed when the row is written, before any dialogue, and stays the same over all
    attempts. A transactional message brings its own `data`, and a contact may get many of those
    from one campaign; of every other campaign the database lets a contact have one row only.
    `engagement_days` is how long ago the contact last opened or clicked by hand.

    The database does not check the foreign keys: they are written by one INSERT .. SELECT from the
    very rows they point at, and four checks a row would turn seconds into minutes at a million.
    """

    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    campaign = models.ForeignKey(
        Campaign, models.CASCADE, related_name="recipients", db_constraint=False, db_index=False
    )
    contact = models.ForeignKey(
        Contact, models.SET_NULL, null=True, related_name="recipients", db_constraint=False
    )
    list = models.ForeignKey(
        ContactList,
        models.SET_NULL,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    email = models.CharField(max_length=254)
    provider = models.CharField(max_length=40)
    variant = models.CharField(max_length=8, blank=True, default="")
    engagement_days = models.PositiveSmallIntegerField(default=NEVER_ENGAGED)
    message_id = models.CharField(max_length=320)
    state = models.CharField(
        max_length=10, choices=RECIPIENT_STATE_CHOICES, default=RecipientState.PLANNED.value
    )
    reason = models.CharField(max_length=200, blank=True, default="")
    not_before = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_owner = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    ip = models.CharField(max_length=45, blank=True, default="")
    smtp_code = models.PositiveSmallIntegerField(null=True)
    enhanced_code = models.CharField(max_length=12, blank=True, default="")
    smtp_response = models.TextField(blank=True, default="")
    bounce_class = models.CharField(max_length=10, blank=True, default="")
    data = models.JSONField(
        null=True, help_text="What a transactional message brings along as {{ data }}; else empty."
    )
    queue_id = models.CharField(max_length=100, blank=True, default="")
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    bounced_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    clicked_at = models.DateTimeField(null=True)
    replied_at = models.DateTimeField(null=True)
    unsubscribed_at = models.DateTimeField(null=True)
    complained_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["campaign", "contact"],
                condition=models.Q(data__isnull=True),
                name="recipient_contact_once_per_campaign",
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["campaign", "not_before", "engagement_days", "id"],
                name="recipient_due",
                condition=models.Q(state="planned"),
            ),
            models.Index(
                fields=["campaign"],
                name="recipient_engaged_waiting",
                condition=models.Q(state="planned", engagement_days__lte=90),
            ),
            models.Index(
                fields=["lease_owner"],
                name="recipient_leased",
                condition=models.Q(state="claimed"),
            ),
            models.Index(
                fields=["campaign", "state", "id"],
                name="recipient_exceptions",
                condition=~models.Q(state__in=["planned", "claimed", "sent", "delivered"]),
            ),
            # Messages are found through their contacts; these are the few without one any more.
            models.Index(
                models.F("organization"),
                OpClass(Upper("email"), name="text_pattern_ops"),
                name="recipient_without_contact",
                condition=models.Q(contact__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} in {self.campaign_id}"
