"""What a server said: code, enhanced code, host and class out of the words of a report."""

from __future__ import annotations

import re
from dataclasses import dataclass

from insights.classification import certain_class, enhanced_code_in
from insights.classification.codes import class_of_code
from insights.classification.stages import stage_of
from insights.events import BounceClass
from insights.providers.mail.limits import DIAGNOSTIC_CHARACTERS

_TYPE = re.compile(r"^\s*(?:smtp|lmtp|x-[\w-]{1,40}|dns|unknown|x400)\s*;\s*", re.IGNORECASE)
_REPLY = r"(?:4[2-5]\d|5[0-7]\d|25[0-2])"  # the codes that servers answer to mail with
_CODE = re.compile(
    rf"(?:^|[\s:;,#(\[])({_REPLY})(?=[- :]|\.?$|\)|,)(?!\W{{1,2}}(?:hours?|min|sec|days?|[kmg]?bytes?"
    r"|[kmg]b|messages?|characters?)\b)",
    re.MULTILINE,
)
_LEADING_CODE = re.compile(rf"^\W{{0,4}}({_REPLY})\b")
_PARAGRAPH = re.compile(r"\n[ \t]*\n")
_STATUS = re.compile(r"([245]\.\d{1,3}\.\d{1,3})")
_HOST = re.compile(
    r"(?:\bhost |while talking to |connect(?:ed)? to |Giving up on |Remote host |by the server for the"
    r" recipient domain [\w.-]{1,80} by |from |host: )\s{0,3}"
    r"([A-Za-z0-9][\w-]{0,62}(?:\.[\w-]{1,63}){1,10})",
    re.IGNORECASE,
)
_HOST_FIELD = re.compile(r"([A-Za-z0-9][\w-]{0,62}(?:\.[\w-]{1,63}){1,10})")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What a server said, taken apart."""

    text: str
    smtp_code: int | None
    status: str
    bounce_class: BounceClass | None


def plain_diagnostic(value: str) -> str:
    """Return a Diagnostic-Code on one line, without its type."""
    return one_line(_TYPE.sub("", value[:DIAGNOSTIC_CHARACTERS]))


def one_line(text: str) -> str:
    """Return a text with every run of white space as one space."""
    return _SPACE.sub(" ", text[:DIAGNOSTIC_CHARACTERS]).strip()


def status_in(value: str) -> str:
    """Return the enhanced code in a Status field, which may go on with words."""
    found = _STATUS.search(value[:100])
    return found[1] if found else ""


def code_in(text: str) -> int | None:
    """Return the SMTP code that a text begins with, or else the first that it quotes."""
    found = _LEADING_CODE.match(text) or _CODE.search(text)
    return int(found[1]) if found else None


def answer_in(words: str) -> str:
    """Return what a server said out of what a report says: from the first code to the paragraph's end.

    Without a code, the first paragraph; the report's own words then stand for the server's.
    """
    found = _CODE.search(words)
    rest = words[found.start(1) :] if found else words.lstrip()
    return one_line(_PARAGRAPH.split(rest, 1)[0])


def host_in(text: str) -> str:
    """Return the server that a text names as the one that answered, or an empty name."""
    found = _HOST.search(text[:DIAGNOSTIC_CHARACTERS])
    return found[1].lower().rstrip(".") if found else ""


def host_of_field(value: str) -> str:
    """Return the host in a field such as `dns; mx.example.com`, or an empty name."""
    found = _HOST_FIELD.search(value.partition(";")[2] or value)
    return found[1].lower() if found else ""


def diagnose(diagnostic: str, *, status: str = "", words: str = "") -> Diagnosis:
    """Return what a server's answer means.

    `diagnostic` is what the server said, `status` what the reporting system made of it, `words` the
    part of the report for people that is about this recipient.
    """
    code = code_in(diagnostic) or code_in(words)
    own = enhanced_code_in(diagnostic)
    known = _class_of(diagnostic, code=code, own=own, status=status, words=words)
    return Diagnosis(
        text=diagnostic or one_line(words),
        smtp_code=code,
        status=own or status or enhanced_code_in(words),
        bounce_class=known or class_of_code(code),
    )


def _class_of(
    diagnostic: str, *, code: int | None, own: str, status: str, words: str
) -> BounceClass | None:
    """Return the class by what is nearest to the server: its answer, the status, the report.

    Gateways choose the status by themselves, so that a permanent one stands behind the server's
    own words; a temporary one tells that there was no final answer.
    """
    stage = stage_of(diagnostic) or stage_of(words)
    first = own or (status if status.startswith("4.") else "")
    return (
        (certain_class(code, first, diagnostic, stage=stage) if diagnostic or first else None)
        or (certain_class(code, status, diagnostic, stage=stage) if status and not own else None)
        or (certain_class(code, own or status, words, stage=stage) if words else None)
    )
