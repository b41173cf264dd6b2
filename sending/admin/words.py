"""What people read instead of stored words: a phrase and a colour for each."""

from __future__ import annotations

from django.utils.safestring import SafeString

from campaigns.models import ImportStatus
from campaigns.states import CampaignState, RecipientState
from common.admin import pill
from insights.events import BounceClass
from sending.transports.base import Answer

CAMPAIGN_WORDS = {
    CampaignState.DRAFT: ("Draft", "neutral"),
    CampaignState.SCHEDULED: ("Scheduled", "info"),
    CampaignState.PREPARING: ("Preparing", "active"),
    CampaignState.TESTING: ("Testing", "active"),
    CampaignState.SENDING: ("Sending", "active"),
    CampaignState.PAUSED: ("Paused", "warning"),
    CampaignState.SENT: ("Sent", "good"),
    CampaignState.CANCELLED: ("Cancelled", "neutral"),
    CampaignState.FAILED: ("Failed", "bad"),
}
RECIPIENT_WORDS = {
    RecipientState.PLANNED: ("Waiting", "neutral"),
    RecipientState.CLAIMED: ("Going out", "active"),
    RecipientState.SENT: ("Sent", "info"),
    RecipientState.DELIVERED: ("Delivered", "good"),
    RecipientState.BOUNCED: ("Refused", "bad"),
    RecipientState.FAILED: ("Failed", "bad"),
    RecipientState.SKIPPED: ("Left out", "neutral"),
    RecipientState.CANCELLED: ("Cancelled", "neutral"),
    RecipientState.IN_DOUBT: ("In doubt", "warning"),
}
IMPORT_WORDS = {
    ImportStatus.WAITING: ("Waiting", "neutral"),
    ImportStatus.RUNNING: ("Running", "active"),
    ImportStatus.FINISHED: ("Finished", "good"),
    ImportStatus.FAILED: ("Failed", "bad"),
}
ANSWER_WORDS = {
    Answer.ACCEPTED: ("Accepted", "good"),
    Answer.REFUSED: ("Refused", "bad"),
    Answer.DEFERRED: ("Asked to wait", "warning"),
    Answer.UNREACHED: ("Not reached", "bad"),
    Answer.IN_DOUBT: ("In doubt", "warning"),
}
BOUNCE_WORDS = {
    BounceClass.HARD: "The address does not exist",
    BounceClass.SOFT: "The mailbox could not take it",
    BounceClass.BLOCK: "Refused by policy, whoever it was for",
    BounceClass.EXPIRED: "Tried until time ran out",
}
# Why people in the audience do not get a campaign.
EXCLUSION_WORDS = {
    "hard_bounce": "Address does not exist",
    "complaint": "Marked an earlier mail as spam",
    "unsubscribe": "Unsubscribed from all marketing mail",
    "manual": "Suppressed by staff",
    "soft_bounce_limit": "Refused mail too often",
    "import": "On an imported suppression list",
    "erased": "Data erased on request",
    "unsubscribed": "Unsubscribed from the list",
    "pending": "Have not confirmed their subscription",
}


def campaign_pill(state: str) -> SafeString:
    """Return the state of a campaign as a coloured word."""
    return pill(*CAMPAIGN_WORDS[CampaignState(state)])


def recipient_pill(state: str) -> SafeString:
    """Return the state of a recipient as a coloured word."""
    return pill(*RECIPIENT_WORDS[RecipientState(state)])


def refusal(bounce_class: str) -> str:
    """Return what a refusal means, in words; empty where there was none."""
    return BOUNCE_WORDS[BounceClass(bounce_class)] if bounce_class else ""


def import_pill(status: str) -> SafeString:
    """Return the status of an import as a coloured word."""
    return pill(*IMPORT_WORDS[ImportStatus(status)])


def answer_pill(answer: Answer) -> SafeString:
    """Return what a server answered as a coloured word."""
    return pill(*ANSWER_WORDS[answer])


def exclusion(reason: str) -> str:
    """Return why people are left out, in words."""
    return EXCLUSION_WORDS.get(reason, reason.replace("_", " ").capitalize())
