"""What Amazon SNS posts before it posts events: whether the subscription is wanted."""

from __future__ import annotations

import json
import re
from typing import Final

from insights.providers.base import storable

_OF_AMAZON: Final = re.compile(
    r"https://sns\.[a-z0-9-]{1,40}\.amazonaws\.com(?:\.cn)?/\?\S{1,2000}"
)
_LONGEST_TOPIC_CHARS: Final = 300


def subscription_request(body: bytes) -> str:
    """Return what staff must do about a subscription that SNS asks for; empty if it asks nothing.

    Nobody but staff says yes: whoever has the address could subscribe it to a topic of their own.
    """
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(told, dict) or told.get("Type") != "SubscriptionConfirmation":
        return ""
    topic = storable(told.get("TopicArn"))[:_LONGEST_TOPIC_CHARS] or "of no name"
    address = storable(told.get("SubscribeURL"))
    if not _OF_AMAZON.fullmatch(address):
        return (
            f"Amazon SNS asks to confirm the topic {topic}, with an address that is not Amazon's."
        )
    return (
        f"Amazon SNS asks whether the topic {topic} may post here. If it is yours, open this "
        f"address once, within three days: {address}"
    )
