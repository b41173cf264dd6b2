"""What the mailbox provider answered, in the several forms that Stalwart writes it in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from insights.classification import classify_refusal
from insights.events import BounceClass
from insights.providers.base import LONGEST_RESPONSE_CHARS, smtp_code, storable

_WRITTEN = re.compile(
    r"Unexpected response for (?P<command>.*?): Code: (?P<code>\d{3}), "
    r"Enhanced code: (?P<enhanced_code>\d+\.\d+\.\d+), Message: (?P<text>.*)",
    re.DOTALL,
)
_ENHANCED_CODE = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?=\s|:|$)")  # RFC 2034 section 4
# Failures for good without an answer. A domain that is not found may come back, as RFC 3463's X.4.4
# may; one that says that it takes no mail (RFC 7505) means it.
_UNANSWERED = (
    (re.compile(r"null MX", re.IGNORECASE), BounceClass.HARD),
    (re.compile(r"^DNS lookup failed: Domain not found"), BounceClass.SOFT),
    (re.compile(r"^(?:TLS error|DANE authentication failure|MTA-STS auth)"), BounceClass.BLOCK),
)
_ABOUT_MESSAGE = ("RCPT", "DATA", "BDAT")  # all other commands are about us, not the recipient


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of a server, or the reason why there is none (then `code` is None)."""

    text: str = ""
    code: int | None = None
    enhanced_code: str = ""
    command: str | None = None  # such as "RCPT TO:<ann@example.com>"; empty before the first one
    expired: bool = False  # the end of many attempts rather than an answer to one

    @property
    def permanent(self) -> bool:
        """Whether the code itself says that no further attempt will help."""
        return self.code is not None and self.code >= 500  # noqa: PLR2004  RFC 5321 4.2.1


def dialogue_answer(data: Mapping[str, Any], *, command: str) -> Answer:
    """Return the answer that an event of the dialogue gives: beside it, or as its cause."""
    text = storable(data.get("details"))
    if "code" not in data and "causedBy" in data:
        return nested_answer(data["causedBy"], command=command)
    return _answer(text, data.get("code"), command=command)


def nested_answer(error: object, *, command: str | None = None, expired: bool = False) -> Answer:
    """Return the answer in an error that an event gives as its cause or reason."""
    if not isinstance(error, dict):
        return Answer(text=_capped(storable(error)), command=command, expired=expired)
    data = error.get("data")
    data = data if isinstance(data, dict) else {}
    text = storable(data.get("reason")) or storable(data.get("details"))
    return _answer(text, data.get("code"), command=command, expired=expired)


def written_answer(details: object) -> Answer:
    """Return the answer in the sentence of a notice to the sender."""
    text = storable(details)
    found = _WRITTEN.fullmatch(text)
    if found is None:
        return Answer(text=_capped(text))
    enhanced_code = found["enhanced_code"]
    return Answer(
        text=_capped(found["text"]),
        code=smtp_code(found["code"]),
        enhanced_code=enhanced_code if _ENHANCED_CODE.fullmatch(enhanced_code) else "",
        command=found["command"],
    )


def merged(answers: Sequence[Answer]) -> Answer:
    """Return one answer from several accounts of it, those nearest to the dialogue first."""
    code = next((answer.code for answer in answers if answer.code is not None), None)
    same = [answer for answer in answers if answer.code in {None, code}]
    return Answer(
        text=next((answer.text for answer in same if answer.text), ""),
        code=code,
        enhanced_code=next((answer.enhanced_code for answer in same if answer.enhanced_code), ""),
        command=next((answer.command for answer in same if answer.command is not None), None),
        expired=any(answer.expired for answer in answers),
    )


def bounce_class(answer: Answer) -> BounceClass:
    """Return why a message failed for good."""
    if answer.expired:
        return BounceClass.EXPIRED
    if answer.code is None:
        found = (meaning for words, meaning in _UNANSWERED if words.search(answer.text))
        return next(found, BounceClass.EXPIRED)
    if not answer.permanent:
        return BounceClass.EXPIRED
    if answer.command is not None and not answer.command.upper().startswith(_ABOUT_MESSAGE):
        return BounceClass.BLOCK
    return classify_refusal(answer.code, answer.enhanced_code, answer.text)


def _answer(text: str, code: object, *, command: str | None, expired: bool = False) -> Answer:
    enhanced_code = _ENHANCED_CODE.match(text)
    return Answer(
        text=_capped(text),
        code=smtp_code(code),
        enhanced_code=enhanced_code[0] if enhanced_code else "",
        command=command,
        expired=expired,
    )


def _capped(text: str) -> str:
    return text[:LONGEST_RESPONSE_CHARS]
