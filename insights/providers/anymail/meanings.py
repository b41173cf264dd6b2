"""What the providers' own words for an outcome mean.

An exact word names the cause and counts more than what can be read from the answer of the mailbox
provider. A vague one ("hard bounce" may well be a policy) counts only where there is no answer.

Sources: the providers' descriptions of their webhooks, listed in docs/feedback-webhooks.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from insights.events import BounceClass, EventType
from insights.providers.anymail.places import at


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one word means."""

    bounce_class: BounceClass | None  # None: the provider withheld the message, nobody refused it
    exact: bool = True


_HARD: Final = Meaning(BounceClass.HARD)
_SOFT: Final = Meaning(BounceClass.SOFT)
_BLOCK: Final = Meaning(BounceClass.BLOCK)
_EXPIRED: Final = Meaning(BounceClass.EXPIRED)
WITHHELD: Final = Meaning(None)
_SAID_HARD: Final = Meaning(BounceClass.HARD, exact=False)
_SAID_SOFT: Final = Meaning(BounceClass.SOFT, exact=False)
_SAID_BLOCK: Final = Meaning(BounceClass.BLOCK, exact=False)

_Words = Mapping[object, Meaning]
_AMAZON_SUBTYPES: Final[_Words] = {
    "NoEmail": _HARD,
    "Suppressed": _HARD,  # bounced with other senders of Amazon's lately
    "OnAccountSuppressionList": WITHHELD,
    "MailboxFull": _SOFT,
    "MessageTooLarge": _SOFT,
    "ContentRejected": _BLOCK,
    "AttachmentRejected": _BLOCK,
}
_AMAZON_TYPES: Final[_Words] = {
    "Permanent": _SAID_HARD,
    "Transient": _SAID_SOFT,
    "Undetermined": _SAID_BLOCK,
}
_WORDS: Final[Mapping[str, Mapping[str, _Words]]] = {
    "Amazon SES": {"bounce.bounceSubType": _AMAZON_SUBTYPES, "bounce.bounceType": _AMAZON_TYPES},
    "Brevo": {
        "event": {"invalid_email": _HARD, "hard_bounce": _SAID_HARD, "soft_bounce": _SAID_SOFT},
    },
    "MailerSend": {"data.type": {"hard_bounced": _SAID_HARD, "soft_bounced": _SAID_SOFT}},
    "Mailgun": {
        "event-data.reason": {
            "suppress-bounce": _HARD,
            "suppress-complaint": WITHHELD,
            "suppress-unsubscribe": WITHHELD,
            "old": _EXPIRED,
        },
    },
    "Mailjet": {
        "error": {
            "user unknown": _HARD,
            "mailbox inactive": _HARD,
            "invalid domain": _HARD,
            "typofix": _HARD,
            "quota exceeded": _SOFT,
            "no mail host": _SAID_SOFT,
            "relay/access denied": _BLOCK,
            "sender blocked": _BLOCK,
            "content blocked": _BLOCK,
            "policy issue": _BLOCK,
            "blacklisted": WITHHELD,
            "spam reporter": WITHHELD,
            "preblocked": WITHHELD,
            "duplicate in campaign": WITHHELD,
        },
        "hard_bounce": {True: _SAID_HARD, False: _SAID_SOFT},
    },
    "Mandrill": {
        "msg.bounce_description": {
            "bad_mailbox": _HARD,
            "invalid_domain": _HARD,
            "mailbox_full": _SOFT,
        },
        "event": {"hard_bounce": _SAID_HARD, "soft_bounce": _SAID_SOFT},
        "msg.reject.reason": {"hard-bounce": _HARD, "invalid": _HARD},
    },
    "Postmark": {
        "Type": {
            "HardBounce": _SAID_HARD,
            "SoftBounce": _SAID_SOFT,
            "BadEmailAddress": _HARD,
            "Blocked": _BLOCK,
            "DMARCPolicy": _BLOCK,
            "SpamNotification": _BLOCK,
            "VirusNotification": _BLOCK,
        },
        "SuppressionReason": {"HardBounce": _SAID_HARD},
    },
    "Resend": {"data.bounce.subType": _AMAZON_SUBTYPES, "data.bounce.type": _AMAZON_TYPES},
    "SendGrid": {
        "bounce_classification": {
            "Invalid Address": _HARD,
            "Mailbox Unavailable": _SOFT,
            "Content": _BLOCK,
            "Reputation": _BLOCK,
        },
        "type": {"expired": _EXPIRED, "blocked": _SAID_BLOCK, "bounce": _SAID_HARD},
    },
    "SparkPost": {
        "msys.*.bounce_class": {
            "10": _HARD,
            "22": _SOFT,
            "23": _SOFT,
            "24": _EXPIRED,
            "25": WITHHELD,
            "30": _SAID_HARD,
            "50": _BLOCK,
            "51": _BLOCK,
            "52": _BLOCK,
            "53": _BLOCK,
            "54": _BLOCK,
            **dict.fromkeys(("20", "21", "40", "70"), _SAID_SOFT),
        },
    },
    "Unisender Go": {
        "delivery_info.delivery_status": {
            "err_user_unknown": _HARD,
            "err_user_inactive": _HARD,
            "err_domain_inactive": _HARD,
            "err_mailbox_full": _SOFT,
            "err_mailbox_discarded": _SOFT,
            "err_too_large": _SOFT,
            "err_spam_rejected": _BLOCK,
            "err_blacklisted": _BLOCK,
            "err_unsubscribed": WITHHELD,
            "err_spam_skipped": WITHHELD,
            "err_skip_letter": WITHHELD,
            "err_lost": WITHHELD,
        },
    },
}

# Events that anymail does not know, or takes for something else. None: it tells us nothing.
_EVENTS: Final[Mapping[str, Mapping[str, Mapping[object, EventType | None]]]] = {
    "Amazon SES": {
        "eventType": {"DeliveryDelay": EventType.DEFERRED},
        # Somebody took a message out of the spam folder.
        "complaint.complaintFeedbackType": {"not-spam": None},
        # Not a new complaint: the message was withheld for an old one.
        "complaint.complaintSubType": {"OnAccountSuppressionList": EventType.FAILED},
    },
    "MailerSend": {"data.type": {"deferred": EventType.DEFERRED}},
    "Mandrill": {"event": {"delivered": EventType.DELIVERED}},
    "Postal": {
        "event": {"MessageLoaded": EventType.OPENED},
        "payload.status": {"HardFail": EventType.BOUNCED, "Held": EventType.FAILED},
    },
    # A filter's verdict on the message, not a person's.
    "Postmark": {"Type": {"SpamNotification": EventType.BOUNCED}},
    "Resend": {"type": {"email.failed": EventType.FAILED, "email.suppressed": EventType.FAILED}},
}


def meaning_of(event: object, *, esp_name: str) -> Meaning | None:
    """Return what a provider's own words say of a message that did not get in."""
    found = (words.get(_word(at(event, path))) for path, words in _WORDS.get(esp_name, {}).items())
    return next((meaning for meaning in found if meaning is not None), None)


def event_meant(event: object, *, esp_name: str, otherwise: EventType | None) -> EventType | None:
    """Return what happened where the provider's event says it better than anymail does."""
    for path, kinds in _EVENTS.get(esp_name, {}).items():
        kind = _word(at(event, path))
        if kind in kinds:
            return kinds[kind]
    return otherwise


def _word(value: object) -> object:
    if isinstance(value, str | bool):
        return value
    return str(value) if isinstance(value, int) else None
