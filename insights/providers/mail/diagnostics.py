"""What a server said: code, enhanced code, host and class out of the words of a report."""

from __future__ import annotations

import re
from dataclasses import dataclass

from insights.classification import certain_class, enhanced_code_in
from insights.classification.codes import class_of_code
from insights.classification.failures import UNKNOWN_ADDRESS
from insights.classification.matching import words_of
from insights.classification.stages import Stage, stage_of
from insights.classification.wordings import wording_of
from insights.events import BounceClass
from insights.providers.mail.limits import DIAGNOSTIC_CHARACTERS

_TYPE = re.compile(r"^\s*(?:smtp|lmtp|x-[\w-]{1,40}|dns|unknown|x400)\s*;\s*", re.IGNORECASE)
_REPLY = r"(?:4[2-5]\d|5[0-7]\d|25[0-2])"  # the codes that servers answer to mail with
_CODE = re.compile(
    rf"(?:^|[\s:;,#(\[])({_REPLY})(?=[- :]|\.?$|\)|,)"
    r"(?!\W{1,2}(?:hours?|min|sec|days?|[kmg]?bytes?|[kmg]b|messages?|characters?)\b)",
    re.MULTILINE,
)
_LEADING_CODE = re.compile(rf"^\W{{0,4}}({_REPLY})\b")
_PARAGRAPH = re.compile(r"\n[ \t]*\n")
_STATUS = re.compile(r"([245]\.\d{1,3}\.\d{1,3})")
_NAME = r"([A-Za-z0-9][\w-]{0,62}(?:\.[\w-]{1,63}){1,10})"
_HOST = re.compile(
    r"(?:\bhost:? |while talking to |connect(?:ed)? to |Giving up on |Remote host |host: "
    rf"|by the server for the recipient domain [\w.-]{{1,80}} by )\s{{0,3}}{_NAME}"
    rf"|{_NAME} \[[\da-fA-F.:]{{3,45}}\] did not like",
    re.IGNORECASE,
)
_HOST_FIELD = re.compile(_NAME)
_DISABLED = re.compile(r"\baccounts? (?:is|has been|was) (?:disabled|suspended)", re.IGNORECASE)
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What a server said, taken apart."""

    text: str
    smtp_code: int | None
    status: str
    bounce_class: BounceClass


@dataclass(frozen=True, slots=True)
class _Said:
    """What there is to judge by."""

    answer: str  # of the server
    words: str  # of the report
    code: int | None
    own_status: str  # in the answer
    status: str  # that the reporting system chose
    stage: Stage | None


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
    """Return what a server said out of what a report says: from its code to the paragraph's end.

    Without a code, the first paragraph that has a meaning, or all of it: then the report's own
    words stand for the server's.
    """
    if found := _CODE.search(words):
        answer = one_line(_PARAGRAPH.split(words[found.start(1) :], 1)[0])
        return answer if "[" in answer else answer.rstrip("]")
    paragraphs = _PARAGRAPH.split(words[:DIAGNOSTIC_CHARACTERS])
    telling = (paragraph for paragraph in paragraphs if wording_of(words_of(paragraph)))
    return one_line(next(telling, words))


def host_in(text: str) -> str:
    """Return the server that a text names as the one that answered, or an empty name."""
    found = _HOST.search(text[:DIAGNOSTIC_CHARACTERS])
    return (found[1] or found[2]).lower() if found else ""


def host_of_field(value: str) -> str:
    """Return the host in a field such as `dns; mx.example.com`, or an empty name."""
    found = _HOST_FIELD.search(value.partition(";")[2] or value)
    return found[1].lower() if found else ""


def diagnose(diagnostic: str, *, status: str = "", words: str = "", report: str = "") -> Diagnosis:
    """Return what a server's answer means.

    `diagnostic` is what the server said, `status` what the reporting system made of it, `words` the
    part of the report for people that is about this recipient, `report` all of it if it is about
    nobody else.
    """
    answer = diagnostic or answer_in(words)
    if code_in(answer) is None and code_in(report) is not None and not _tells(answer):
        answer = answer_in(report)  # the reason stands before the recipients
    said = _Said(
        answer=answer,
        words=words,
        code=code_in(answer) or code_in(words),
        own_status=enhanced_code_in(answer),
        status=status,
        stage=stage_of(answer) or stage_of(words),
    )
    return Diagnosis(
        text=answer,
        smtp_code=said.code,
        status=said.own_status or status or enhanced_code_in(words),
        bounce_class=_proven(_class_of(said), said, report=report),
    )


def _tells(text: str) -> bool:
    """Return whether a text says by itself what happened."""
    return bool(enhanced_code_in(text) or wording_of(words_of(text)))


def _class_of(said: _Said) -> BounceClass:
    """Return the class by what is nearest to the server: its answer, the status, the report.

    Gateways choose the status by themselves, so that a permanent one stands behind the server's
    own words; a temporary one tells that there was no final answer.
    """
    first = said.own_status or (said.status if said.status.startswith("4.") else "")
    return (
        certain_class(said.code, first, said.answer, stage=said.stage)
        or certain_class(said.code, first or said.status, said.answer, stage=said.stage)
        or certain_class(said.code, first or said.status, said.words, stage=said.stage)
        or class_of_code(said.code)
    )


def _proven(bounce_class: BounceClass, said: _Said, *, report: str) -> BounceClass:
    """Return the class, but SOFT for an unknown address that is not proven.

    A bare "No such user" without a code for the address, from a system that does not say which
    command was refused, may be about the content; or the report itself says that the account is
    there, but disabled. Then several in a row count, not one.
    """
    status = said.own_status or said.status
    wording = wording_of(words_of(said.answer)) or wording_of(words_of(said.words))
    bare = wording is not None and wording.name == UNKNOWN_ADDRESS
    coded = status and not status.endswith(".0.0")
    if bounce_class is not BounceClass.HARD or not bare or coded:
        return bounce_class
    proven = said.stage is Stage.RCPT and not _DISABLED.search(report)
    return BounceClass.HARD if proven else BounceClass.SOFT
