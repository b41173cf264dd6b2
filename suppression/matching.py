"""Which of several reasons for one address is named, and what would lift each."""

from __future__ import annotations

from typing import Final

from suppression.reasons import Reason

_BY_STRENGTH: Final = (
    Reason.ERASED,
    Reason.COMPLAINT,
    Reason.HARD_BOUNCE,
    Reason.UNSUBSCRIBE,
    Reason.MANUAL,
    Reason.SOFT_BOUNCE_LIMIT,
    Reason.IMPORT,
)
# 0 is the strongest: the person's own will and the facts come before what staff once entered.
STRENGTH: Final[dict[Reason, int]] = {reason: place for place, reason in enumerate(_BY_STRENGTH)}

LIFTED_BY: Final[dict[Reason, str]] = {
    Reason.HARD_BOUNCE: "Release it once you know that the mailbox exists again.",
    Reason.COMPLAINT: "Release it only when the person has asked for your mail again.",
    Reason.UNSUBSCRIBE: "The person joins again on their preferences page, or you release it.",
    Reason.MANUAL: "Release it.",
    Reason.SOFT_BOUNCE_LIMIT: "It ends by itself if it has an end; else release it.",
    Reason.IMPORT: "Release it.",
    Reason.ERASED: "Nothing: the person asked for their data to be deleted.",
}
