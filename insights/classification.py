"""What a refusal means, from its code, its enhanced code and its words.

Source: RFC 3463 and the IANA registry of enhanced status codes; the reading of 5.7.x as a matter of
policy, which says nothing about the address, follows common practice of large senders.
"""

from __future__ import annotations

import re

from insights.events import BounceClass

_HARD = frozenset(
    {
        "5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10", "5.2.1", "5.2.4",
        "5.7.13", "5.7.17", "5.7.18",
    }
)  # fmt: skip
_SOFT_ENDINGS = frozenset({"2.2", "2.3", "3.1", "3.4"})  # full, too large, system full
_EXPIRED_ENDINGS = frozenset({"4.7"})
_UNKNOWN_USER = re.compile(
    r"(?:user|mailbox|recipient|address|account|alias)[^.\n]{0,40}?"
    r"(?:unknown|not (?:be )?(?:found|exist)|does ?n[o']t exist|doesn't exist|unavailable|invalid"
    r"|disabled|inactive|rejected)"
    r"|(?:no such|unknown|invalid|nonexistent) (?:user|mailbox|recipient|address|person|account)"
    r"|no mailbox here|not a (?:valid|known) (?:user|mailbox|recipient)",
    re.IGNORECASE,
)
_FULL = re.compile(
    r"(?:mailbox|quota|storage)[^.\n]{0,30}?(?:full|exceeded|over)|over ?quota", re.IGNORECASE
)
_POLICY = re.compile(
    r"block|spam|policy|reputation|blacklist|listed|denied|banned|dmarc|spf|dkim|abuse|not allowed",
    re.IGNORECASE,
)
_RECIPIENT_CODES = frozenset({550, 551, 553})
_STORAGE_CODE = 552


def classify_refusal(code: int | None, enhanced_code: str, response: str) -> BounceClass:
    """Return why a message was refused for good.

    `code` is the SMTP reply code (None when only words are known), `enhanced_code` like "5.1.1" or
    empty. In doubt the answer is BLOCK, which never suppresses anybody.
    """
    return (
        _by_enhanced_code(enhanced_code, response)
        or _by_words(response)
        or (BounceClass.SOFT if code == _STORAGE_CODE else BounceClass.BLOCK)
    )


def _by_enhanced_code(enhanced_code: str, response: str) -> BounceClass | None:
    if enhanced_code in _HARD:
        # Some providers answer 5.1.1 or 5.2.1 to what their own words call policy.
        blocked = _POLICY.search(response) and not _UNKNOWN_USER.search(response)
        return BounceClass.BLOCK if blocked else BounceClass.HARD
    ending = enhanced_code.partition(".")[2]
    if ending in _SOFT_ENDINGS:
        return BounceClass.SOFT
    if ending in _EXPIRED_ENDINGS:
        return BounceClass.EXPIRED
    return BounceClass.BLOCK if ending.startswith("7.") else None


def _by_words(response: str) -> BounceClass | None:
    if _FULL.search(response):
        return BounceClass.SOFT
    if _UNKNOWN_USER.search(response) and not _POLICY.search(response):
        return BounceClass.HARD
    return None
