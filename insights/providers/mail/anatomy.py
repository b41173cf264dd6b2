"""A mail seen as a report: its words, its status fields, its feedback fields, what it returns."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from insights.providers.mail.addresses import addresses_of
from insights.providers.mail.headers import Headers, read_headers
from insights.providers.mail.limits import NOTICE_CHARACTERS
from insights.providers.mail.opening import Mail, Part
from insights.providers.mail.sections import split_returned
from insights.providers.mail.status import StatusReport, looks_like_status, read_status

_MESSAGE = "message/rfc822"
_RETURNED_TYPES = frozenset(
    {_MESSAGE, "text/rfc822-headers", "message/global", "message/global-headers",
     "message/partial", "text/rfc822-header", "message/rfc822-headers", "message/external-body"}
)  # fmt: skip
_STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})
_FEEDBACK_TYPES = frozenset({"message/feedback-report"})
_OWN_ADDRESS_HEADERS = ("From", "To", "Reply-To", "Sender", "Delivered-To", "X-Original-To")
_REPLY = re.compile(
    r"^\s*(?:re|aw|antw|sv|vs|odp|res|ynt|回复|答复|返信)\s*(?:\[\d+\])?\s*[:\uff1a]", re.IGNORECASE
)
_FORWARD = re.compile(r"^\s*(?:fwd?|wg|tr|rv|enc|i|转发)\s*[:\uff1a]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Anatomy:
    """The parts of a mail by what they are for; empty where it has none."""

    mail: Mail
    notice: str  # words for people
    status: StatusReport | None
    status_declared: bool  # in a part of its own, not just somewhere in the words
    feedback: str  # fields of RFC 5965
    returned: Headers

    @property
    def headers(self) -> Headers:
        """The mail's own headers."""
        return self.mail.headers

    @property
    def enclosed(self) -> str:
        """The text of the first message inside, as it stands."""
        return _first(self.mail.parts, {_MESSAGE})

    @property
    def own_addresses(self) -> list[str]:
        """Who wrote the mail and whom it was sent to."""
        return addresses_of([v for name in _OWN_ADDRESS_HEADERS for v in self.headers.all(name)])


def take_apart(mail: Mail) -> Anatomy:
    """Return the parts of a mail by what they are for."""
    texts = (
        _words(mail.parts, "text/plain") or _words(mail.parts, "text/html") or _words(mail.parts)
    )
    notice, returned = split_returned("\n".join(texts))
    declared = "\n\n".join(part.text for part in mail.parts if part.content_type in _STATUS_TYPES)
    status = _status_text(mail.parts, (declared, notice, returned))
    return Anatomy(
        mail=mail,
        notice=notice,
        status=read_status(status) if status else None,
        status_declared=bool(declared) and status == declared,
        feedback=_first(mail.parts, _FEEDBACK_TYPES),
        returned=read_headers(_first(mail.parts, _RETURNED_TYPES) or returned),
    )


def is_reply(headers: Headers) -> bool:
    """Return whether somebody answered a mail."""
    threaded = headers.get("In-Reply-To") or headers.get("References")
    return bool(threaded or _REPLY.match(headers.get("Subject")))


def is_answer(headers: Headers) -> bool:
    """Return whether somebody answered or forwarded a mail: what it quotes is not its own."""
    return is_reply(headers) or bool(_FORWARD.match(headers.get("Subject")))


def _first(parts: tuple[Part, ...], types: Collection[str]) -> str:
    return next((part.text for part in parts if part.content_type in types), "")


def _words(parts: tuple[Part, ...], kind: str = "") -> list[str]:
    """Return the texts before the returned message; of any textual kind where none is given."""
    texts = []
    for part in parts:
        if part.content_type in _RETURNED_TYPES:
            break
        fits = part.content_type == kind if kind else _is_words(part.content_type)
        if fits and part.text.strip():
            texts.append(part.text[: 2 * NOTICE_CHARACTERS])
    return texts


def _is_words(content_type: str) -> bool:
    """Return whether people can read a part; a multipart among the leaves is one that is broken."""
    main_type = content_type.partition("/")[0]
    return main_type in {"text", "multipart"} or content_type == "message/report"


def _status_text(parts: tuple[Part, ...], likely: tuple[str, ...]) -> str:
    """Return the first text that holds status fields, or an empty one."""
    others = (part.text for part in parts if _is_words(part.content_type))
    return next((text for text in (*likely, *others) if looks_like_status(text)), "")
