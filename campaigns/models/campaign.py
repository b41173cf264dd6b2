"""One mailing, and its links."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from campaigns.models.contact import ContactList, Segment
from campaigns.models.content import Identity, Stream, Template
from campaigns.models.organization import Organization
from campaigns.states import CampaignState, InDoubtPolicy
from common.models import Timestamped

STATE_CHOICES = [(state.value, state.value.capitalize()) for state in CampaignState]
MAXIMUM_ATTEMPTS = 8


class CampaignKind(models.TextChoices):
    """How recipients come into a campaign."""

    BROADCAST = "broadcast", "Broadcast"
    FLOW = "flow", "Step of a flow"
    TRANSACTIONAL = "transactional", "Transactional"


class Campaign(Timestamped):
    """One mailing. Its state changes only through `campaigns.operations.campaigns`."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="campaigns")
    name = models.CharField(max_length=200, help_text="For your team; recipients do not see it.")
    kind = models.CharField(
        max_length=20,
        choices=CampaignKind.choices,
        default=CampaignKind.BROADCAST,
        editable=False,
    )
    stream = models.CharField(
        max_length=20, choices=Stream.choices, default=Stream.MARKETING, editable=False
    )
    identity = models.ForeignKey(
        Identity, models.PROTECT, related_name="campaigns", help_text="Who the mail is from."
    )
    template = models.ForeignKey(
        Template,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Fills subject and content where they are left empty.",
    )
    subject = models.CharField(
        max_length=500, blank=True, help_text="May use {{ contact.first_name }}."
    )
    preheader = models.CharField(
        max_length=300, blank=True, help_text="The line mail programs show after the subject."
    )
    html = models.TextField("HTML", blank=True)
    text = models.TextField(
        "plain text", blank=True, help_text="Made from the HTML when left empty."
    )
    lists = models.ManyToManyField(
        ContactList, blank=True, related_name="+", help_text="Everyone subscribed to one of these."
    )
    segments = models.ManyToManyField(
        Segment,
        blank=True,
        related_name="+",
        help_text="With lists: only those of them who match one of these. "
        "Without lists: subscribers of any list who match one of these.",
    )
    track_opens = models.BooleanField(default=True)
    track_clicks = models.BooleanField(default=True)
    hidden_link = models.BooleanField(
        default=False,
        help_text="Add a link that no person can see: whoever follows it is a machine. "
        "Some spam filters dislike it.",
    )
    scheduled_at = models.DateTimeField(null=True, blank=True)
    start_before = models.DateTimeField(
        null=True,
        blank=True,
        help_text="If it could not be started by then (an outage), it is not started at all.",
    )
    deadline_at = models.DateTimeField(
        null=True, blank=True, help_text="Nobody is mailed after this time."
    )
    in_doubt_policy = models.CharField(
        max_length=10,
        choices=[
            (InDoubtPolicy.HOLD.value, "Hold: never send again by itself"),
            (InDoubtPolicy.RESEND.value, "Send again with the same Message-ID"),
        ],
        default=InDoubtPolicy.HOLD.value,
        help_text="For a message that was handed over when the connection broke before the answer.",
    )
    maximum_attempts = models.PositiveSmallIntegerField(
        default=MAXIMUM_ATTEMPTS, help_text="How often a message is tried when asked to wait."
    )
    state = models.CharField(
        max_length=20, choices=STATE_CHOICES, default=CampaignState.DRAFT.value, editable=False
    )
    state_reason = models.TextField(blank=True, editable=False)
    audience_count = models.PositiveIntegerField(null=True, editable=False)
    content_digest = models.CharField(max_length=64, blank=True, editable=False)
    problem = models.TextField(blank=True, editable=False)
    # Until then its recipients are not looked at: `problem` says what they wait for.
    waits_until = models.DateTimeField(null=True, editable=False)
    prepared_at = models.DateTimeField(null=True, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["organization", "-created_at"], name="campaign_newest_first"),
            models.Index(
                fields=["state", "scheduled_at"],
                name="campaign_due",
                condition=models.Q(finished_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CampaignLink(models.Model):
    """A link of a campaign's content; `number` is what tracking addresses carry.

    A `hidden` one was added for machines to follow; it leads where the first link does.
    """

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="links")
    number = models.PositiveIntegerField()
    url = models.TextField()
    dynamic = models.BooleanField(default=False)
    hidden = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["campaign", "number"], name="link_number_once")
        ]

    def __str__(self) -> str:
        return self.url
