"""Quoted-printable in pieces that can be put one after the other (RFC 2045, 6.7).

Every piece begins at the start of a line and ends at one, by a soft break if need be. So the fixed
pieces of a template are encoded once, and a value can be placed between any two of them without
counting columns: joined pieces decode to the joined texts, and no line is longer than 76.
"""

from __future__ import annotations

import re
from binascii import b2a_qp
from typing import Final

from campaigns.rendering.message import TOKEN_MAX_LENGTH

LINE_LENGTH: Final = 76  # characters without the line end (RFC 2045, 6.7 rule 5)
SOFT_BREAK: Final = "=\r\n"

# A value that stands for itself both in HTML and in text: printable ASCII, none of = & < > " ',
# short enough for one line, and no start that a mail server might tamper with.
stands_for_itself: Final = re.compile(r"(?!\.|From )[ !#-%(-;?-~]{0,75}").fullmatch

_LINE_END = re.compile(r"\r\n?")
_OVERLONG = re.compile(r"^(.{74,})(=20|=09)$", re.MULTILINE)
_TAMPERED_START = re.compile(r"^(?:\.|From(?: |=20$)).*", re.MULTILINE)
_TAMPERED_CODES = {".": "=2E", "F": "=46"}


def quoted(text: str) -> str:
    """Return `text` encoded as ASCII with CRLF, ready to stand between two other pieces.

    Line ends of any kind become CRLF; a lone surrogate becomes a question mark. A dot or "From "
    never begins a line, for the sake of servers that stuff dots or mangle mailbox separators.
    """
    if stands_for_itself(text):
        return text and f"{text}{SOFT_BREAK}"
    data = _lines(text)
    if not data.endswith("\n"):
        start = data.rfind("\n") + 1
        if data.endswith("=20"):
            data = data[:-3] + " "  # the break behind it keeps a blank as well
        data = f"{data[:start]}{_shorter(data[start:], limit=LINE_LENGTH - 1)}=\n"
    return data.replace("\n", "\r\n")


def with_line_feeds(text: str) -> str:
    """Return `text` with LF for every line end."""
    return _LINE_END.sub("\n", text) if "\r" in text else text


def around_token(before: str, after: str) -> tuple[str, str]:
    """Return `before` and `after`, encoded to stand around a token of up to TOKEN_MAX_LENGTH.

    `after` is short and of characters that stand for themselves.
    """
    lead = quoted(before)
    column = len(lead.removesuffix(SOFT_BREAK)) - lead.rfind("\n", 0, -1) - 1
    if column + TOKEN_MAX_LENGTH + len(after) < LINE_LENGTH:
        lead = lead.removesuffix(SOFT_BREAK)
    return lead, after + SOFT_BREAK


def _lines(text: str) -> str:
    """Return `text` encoded, with LF between the lines.

    `b2a_qp` takes its line end from the first one it meets, so it only ever sees LF. It lets a line
    grow to 78 when a blank before the line end must be escaped; that is broken up here.
    """
    data = b2a_qp(with_line_feeds(text).encode("utf-8", "replace")).decode("ascii")
    data = _OVERLONG.sub("\\1=\n\\2", data)
    return _TAMPERED_START.sub(_escaped_start, data)


def _escaped_start(match: re.Match[str]) -> str:
    line = match.group()
    return _shorter(_TAMPERED_CODES[line[0]] + line[1:], limit=LINE_LENGTH)


def _shorter(line: str, *, limit: int) -> str:
    """Return an encoded line as it is, or in two lines if it is longer than `limit`."""
    if len(line) <= limit:
        return line
    cut = LINE_LENGTH // 2
    escape = line.rfind("=", cut - 2, cut)  # never cut =XX apart
    if escape != -1:
        cut = escape
    return f"{line[:cut]}=\n{_TAMPERED_START.sub(_escaped_start, line[cut:])}"
