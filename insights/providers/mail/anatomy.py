"""A mail seen as a report: its words, its status fields, its feedback fields, what it returns."""

from __future__ import annotations

from dataclasses import dataclass

from insights.providers.mail.addresses import addresses_of
from insights.providers.mail.headers import Headers, read_headers
from insights.providers.mail.limits import NOTICE_CHARACTERS
from insights.providers.mail.opening import Mail, Part
from insights.providers.mail.sections import split_returned
from insights.providers.mail.status import StatusReport, looks_like_status, read_status

_RETURNED_TYPES = frozenset(
    {"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers",
     "message/partial", "text/rfc822-header", "message/rfc822-headers", "message/external-body"}
)  # fmt: skip
_STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})
_FEEDBACK_TYPE = "message/feedback-report"
_OWN_ADDRESS_HEADERS = ("From", "To", "Reply-To", "Sender", "Delivered-To", "X-Original-To")


@dataclass(frozen=True, slots=True)
class Anatomy:
    """The parts of a mail by what they are for; empty where it has none."""

    mail: Mail
    notice: str  # words for people
    status: StatusReport | None
    feedback: str  # fields of RFC 5965
    returned: Headers

    @property
    def headers(self) -> Headers:
        """The mail's own headers."""
        return self.mail.headers

    @property
    def enclosed(self) -> str:
        """The text of the first message inside, as it stands."""
        return _first(self.mail.parts, {"message/rfc822"})

    @property
    def own_addresses(self) -> list[str]:
        """Who wrote the mail and whom it was sent to."""
        return addresses_of([v for name in _OWN_ADDRESS_HEADERS for v in self.headers.all(name)])


def take_apart(mail: Mail) -> Anatomy:
    """Return the parts of a mail by what they are for."""
    notice, returned_text = _notice(mail.parts)
    status_text = _status_text(mail.parts, notice, returned_text)
    return Anatomy(
        mail=mail,
        notice=notice,
        status=read_status(status_text) if status_text else None,
        feedback=_first(mail.parts, {_FEEDBACK_TYPE}),
        returned=read_headers(_first(mail.parts, _RETURNED_TYPES) or returned_text),
    )


def _first(parts: tuple[Part, ...], types: frozenset[str] | set[str]) -> str:
    return next((part.text for part in parts if part.content_type in types), "")


def _notice(parts: tuple[Part, ...]) -> tuple[str, str]:
    """Return the words for people, and the returned message if it stands in the same text."""
    texts = _words(parts, "text/plain") or _words(parts, "text/html") or _words(parts, "")
    notice, returned = split_returned("\n".join(texts))
    return notice, returned


def _words(parts: tuple[Part, ...], kind: str) -> list[str]:
    """Return the texts before the returned message; of any textual kind where `kind` is empty."""
    texts = []
    for part in parts:
        if part.content_type in _RETURNED_TYPES:
            break
        fits = part.content_type == kind if kind else _is_words(part.content_type)
        if fits and part.text.strip():
            texts.append(part.text[: 2 * NOTICE_CHARACTERS])
    return texts


def _is_words(content_type: str) -> bool:
    return (
        content_type.partition("/")[0] in {"text", "multipart"} or content_type == "message/report"
    )


def _status_text(parts: tuple[Part, ...], notice: str, returned: str) -> str:
    """Return the status fields: of the part that is declared as such, or wherever they stand."""
    declared = "\n\n".join(part.text for part in parts if part.content_type in _STATUS_TYPES)
    for text in (declared, notice, returned):
        if looks_like_status(text):
            return text
    return next(
        (p.text for p in parts if _is_words(p.content_type) and looks_like_status(p.text)), ""
    )
