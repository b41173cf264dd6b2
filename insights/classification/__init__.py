"""What a refusal means, from its code, its enhanced code, its words and the moment it came.

The tables are data: `codes` (RFC 3463 and the IANA registry), `wordings` (what servers and
providers write) and `stages` (which command was refused). docs/feedback.md shows how they meet.
"""

from __future__ import annotations

import re

from insights.classification.codes import (
    TEMPORARY_SMTP_CODES,
    class_of_code,
    class_of_enhanced,
)
from insights.classification.failures import NO_ACCOUNT
from insights.classification.matching import Wording, words_of
from insights.classification.stages import ABOUT_THE_SENDER, Stage, stage_of
from insights.classification.wordings import exception_of, names_bad_address, wording_of
from insights.events import BounceClass

READ_CHARACTERS = 4_000  # of a response: what it means stands in its first lines

_ENHANCED = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_SUBJECT_ADDRESS = "5.1."


def classify_refusal(
    code: int | None, enhanced_code: str, response: str, *, stage: Stage | None = None
) -> BounceClass:
    """Return why a message was refused for good.

    `code` is the SMTP reply code (None when only words are known), `enhanced_code` like "5.1.1" or
    empty, `stage` what was refused, read from the words when not given.
    In doubt the answer is BLOCK, which never suppresses anybody.
    """
    known = certain_class(code, enhanced_code, response, stage=stage)
    return known or class_of_code(code)


def certain_class(
    code: int | None, enhanced_code: str, response: str, *, stage: Stage | None = None
) -> BounceClass | None:
    """Return why a message was refused, or None when neither words nor enhanced code tell."""
    text = response[:READ_CHARACTERS]
    words = words_of(text)
    if exception := exception_of(words):
        return exception.meaning
    wording = wording_of(words)
    enhanced_code = enhanced_code or enhanced_code_in(text)
    stage = stage or stage_of(text)
    if _is_temporary(code, enhanced_code):
        return _given_up(enhanced_code, wording)
    if stage in ABOUT_THE_SENDER:
        return BounceClass.BLOCK
    by_code = class_of_enhanced(enhanced_code)
    if by_code is BounceClass.HARD:
        return _of_address_code(wording, words)
    if enhanced_code.startswith("5.7.") or wording is None:
        return by_code
    if wording.meaning is BounceClass.HARD and stage is Stage.DATA:
        return _after_content(enhanced_code, wording)
    return wording.meaning


def enhanced_code_in(text: str) -> str:
    """Return the first enhanced status code in a text, or an empty one."""
    found = _ENHANCED.search(text)
    return found[1] if found else ""


def _is_temporary(code: int | None, enhanced_code: str) -> bool:
    if enhanced_code:
        return enhanced_code.startswith("4.")
    return code in TEMPORARY_SMTP_CODES


def _given_up(enhanced_code: str, wording: Wording | None) -> BounceClass:
    """Return the class of what could have been tried again, and was until time ran out.

    Not even an unknown address is proof here: whoever says "try later" does not say "never".
    """
    said = wording.meaning if wording else class_of_enhanced(enhanced_code)
    return said if said in {BounceClass.SOFT, BounceClass.BLOCK} else BounceClass.EXPIRED


def _of_address_code(wording: Wording | None, words: str) -> BounceClass:
    """Return the class where the code says that the address is bad; the words may know better.

    Some providers answer 5.1.1 to what their own words call policy.
    """
    if wording is None or names_bad_address(words):
        return BounceClass.HARD
    return wording.meaning


def _after_content(enhanced_code: str, wording: Wording) -> BounceClass:
    """Return the class of "unknown" as an answer to the message itself.

    Who does not know the address says so at RCPT; several mobile carriers answer "User unknown" to
    content that their customer filters. Only a code for the address is believed then, or words that
    say more, as Yahoo's do, which looks only after the message.
    """
    by_address = enhanced_code.startswith(_SUBJECT_ADDRESS) or wording.name == NO_ACCOUNT
    return BounceClass.HARD if by_address else BounceClass.BLOCK
