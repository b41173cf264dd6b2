"""Reports in words: which addresses one names, and what it says about each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from insights.providers.mail.addresses import ADDRESS, same_address, tidy
from insights.providers.mail.limits import (
    DIAGNOSTIC_CHARACTERS,
    FINDINGS,
    LINE_CHARACTERS,
    NOTICE_LINES,
)
from insights.providers.mail.phrases import NOT_RECIPIENTS

WORDS_LINES = 25  # below an address
CONTEXT_LINES = 4  # above an address with nothing below it
_MARKS = " \t>*•-.)([<\"'0123456789"  # of a list
BEFORE_CHARACTERS = 120  # of a line, in front of an address

_MENTION = re.compile(
    r"(?<![\w.+=!#$%&*/?^`{|}~@-])"
    rf"(?:[\"']?{ADDRESS}[\"']?[ \t]{{1,4}}(?=<))?"  # a name that is an address too
    rf"[<\"'(\[]{{0,2}}(?P<address>{ADDRESS})[>\"')\]]{{0,2}}"
)
_LISTED = r"^[ \t]{0,16}(?:(?:>{1,3}|[*•-]|\d{1,3}[.)])[ \t]{1,4})?"


@dataclass(frozen=True, slots=True)
class Entry:
    """One address that a report names, and what it says about it."""

    address: str
    words: str


@dataclass(frozen=True, slots=True)
class _Mention:
    """One place where an address stands."""

    line: int
    address: str
    before: str  # the end of what stands in front of it on its line
    after: str  # the rest of its line


@dataclass(frozen=True, slots=True)
class _Shape:
    """One way in which reports name a recipient."""

    before: re.Pattern[str]
    after: re.Pattern[str]
    answer_above: bool = False


def _shape(before: str, after: str, *, answer_above: bool = False) -> _Shape:
    return _Shape(re.compile(before, re.IGNORECASE), re.compile(after, re.IGNORECASE), answer_above)


# In the order in which they are trusted; all recipients of a report are named in the same shape.
_SHAPES = (
    # sendmail's transcript: `550 <a@example.com>... User unknown`, below what the server said
    _shape(
        r"^[ \t]{0,4}[245]\d\d[ -](?:[245]\.\d{1,3}\.\d{1,3} )?$", r"[ ]?\.\.\.", answer_above=True
    ),
    # qmail, Postfix, OpenSMTPD and what learned from them: `<a@example.com>: ...`
    _shape(_LISTED + "$", r"[ \t]*(?::|\.{3})"),
    # `Recipient: a@example.com`, `Unknown user: ...`, `[Status: Error, Address: <...>, ...]`
    _shape(
        r"(?:recipients?|address(?:ee|es)?|(?<!after )rcpt to|addressed to|user|mailbox|account"
        r"|destinat\w{1,6}|empf[aä]nger|получател\w{1,4}|宛先)(?: \w{1,12}){0,2}"
        r"[ \t]*[:=][ \t]*(?:rfc822;)?[ \t]*$|\bdda:$",
        r"",
    ),
    # `a@example.com on Thu, ...`, `a@example.com [User unknown]`, `<a@example.com> (reason)`
    _shape(_LISTED + "$", r"[ \t]*[,(\[;-]|[ \t]+\w"),
    # alone on its line, perhaps with a name in front
    _shape(_LISTED + r"(?:[\"'\w][^<>@:]{0,80})?$", r"[ \t.]*$"),
    # in a sentence
    _shape(
        r"\b(?:deliver\w*|message|mail|e-?mail|send|sent|gateway|addressed)\b[^@]{0,80}?"
        r"\b(?:to|for|an|à|a|al|para)[ \t]+$",
        r"",
    ),
)
_ANYWHERE = _shape("", "")
_DISTINCT_SHAPES = 5  # those above in which a report would not name the sender


def entries_of(notice: str, *, ignored: Iterable[str] = ()) -> list[Entry]:
    """Return the recipients that a report in words names, and what it says about each.

    `ignored` are addresses that are hardly recipients: the sender, and whoever reports. They count
    when the report names nobody else and names them as one names recipients.
    """
    lines = [line[:LINE_CHARACTERS] for line in notice.split("\n")[:NOTICE_LINES]]
    mentions = _mentions(lines)
    unlikely = {address.lower() for address in ignored} | _asked_or_sending(lines, mentions)
    likely = [mention for mention in mentions if mention.address.lower() not in unlikely]
    return (
        _first_shape(lines, likely, _SHAPES)
        or _first_shape(lines, mentions, _SHAPES[:_DISTINCT_SHAPES])
        or _only_one(lines, likely)
    )


def words_about(address: str, entries: Iterable[Entry], *, notice: str) -> str:
    """Return what a report says about one recipient; all of it when it does not name that one."""
    for entry in entries:
        if same_address(entry.address, address):
            return entry.words
    return notice[:DIAGNOSTIC_CHARACTERS]


def _mentions(lines: Sequence[str]) -> list[_Mention]:
    return [
        _Mention(
            number,
            tidy(found["address"]),
            line[max(0, found.start() - BEFORE_CHARACTERS) : found.start()],
            line[found.end() :],
        )
        for number, line in enumerate(lines)
        if "@" in line
        for found in _MENTION.finditer(line)
    ]


def _asked_or_sending(lines: Sequence[str], mentions: Iterable[_Mention]) -> set[str]:
    """Return the addresses that a report gives to ask at, or as the sender."""
    return {
        mention.address.lower()
        for mention in mentions
        if NOT_RECIPIENTS.search(_line_above(lines, mention) + mention.before)
    }


def _line_above(lines: Sequence[str], mention: _Mention) -> str:
    """Return the sentence that goes on with the address, if the address begins its line."""
    if mention.before.strip():
        return ""
    above = [line for line in lines[max(0, mention.line - 2) : mention.line] if line.strip()]
    return above[-1][-BEFORE_CHARACTERS:] if above else ""


def _first_shape(
    lines: Sequence[str], mentions: Sequence[_Mention], shapes: Iterable[_Shape]
) -> list[Entry]:
    for shape in shapes:
        found = [
            m for m in mentions if shape.before.search(m.before) and shape.after.match(m.after)
        ]
        if found:
            return _entries(lines, _once(found), shape)
    return []


def _only_one(lines: Sequence[str], mentions: Sequence[_Mention]) -> list[Entry]:
    """Return the address that a report names anywhere, if it names no other."""
    different = _once(mentions)
    return _entries(lines, different, _ANYWHERE) if len(different) == 1 else []


def _once(mentions: Iterable[_Mention]) -> list[_Mention]:
    """Return the first mention of each address."""
    first: dict[str, _Mention] = {}
    for mention in mentions:
        first.setdefault(mention.address.lower(), mention)
    return list(first.values())[:FINDINGS]


def _entries(lines: Sequence[str], mentions: Sequence[_Mention], shape: _Shape) -> list[Entry]:
    """Return each address with its words; those listed without words share what follows them."""
    entries, shared = [], ""
    borders = [-1, *(mention.line for mention in mentions), len(lines)]
    for number in range(len(mentions), 0, -1):
        mention = mentions[number - 1]
        if shape.answer_above:
            words = _answered_above(lines[borders[number - 1] + 1 : mention.line + 1])
        else:
            shared = words = _below(lines, mention, borders[number + 1]) or shared
        words = words or _above(lines, mention, borders[number - 1])
        entries.append(Entry(mention.address, words[:DIAGNOSTIC_CHARACTERS]))
    return entries[::-1]


def _answered_above(lines: Sequence[str]) -> str:
    """Return the last dialogue in a transcript: from the command on."""
    commands = [number for number, line in enumerate(lines) if line.startswith(">>>")]
    return "\n".join(lines[commands[-1] :] if commands else lines)


def _below(lines: Sequence[str], mention: _Mention, border: int) -> str:
    end = min(border, mention.line + WORDS_LINES)
    rest = "\n".join([mention.after, *lines[mention.line + 1 : end]]).strip(" \t\n>:;,.")
    if not any(letter.isalpha() for letter in rest):
        return ""
    return f"{mention.before.strip()} {rest}" if mention.before.strip(_MARKS) else rest


def _above(lines: Sequence[str], mention: _Mention, border: int) -> str:
    begin = max(border + 1, mention.line - CONTEXT_LINES)
    return "\n".join([*lines[begin : mention.line], mention.before]).strip()
