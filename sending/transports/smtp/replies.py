"""Reads SMTP replies out of a byte stream, whatever the pieces it arrives in."""

from __future__ import annotations

import re

from sending.transports.base import Answer

NOT_SMTP = 0  # stands in place of the code when the server sent something that is no reply
LONGEST_LINE_BYTES = 8192  # RFC 5321 4.5.3.1.5 allows 512; servers exceed it, none needs this much
LONGEST_RESPONSE_CHARS = 2000  # what is kept of a reply; the longest real ones have about 700

_CODES = {b"%d" % code: code for code in range(100, 1000)}  # quicker than asking and converting
_SEPARATORS = frozenset((b" ", b"-", b"\r", b""))
_ANSWERS = {2: Answer.ACCEPTED, 4: Answer.DEFERRED, 5: Answer.REFUSED}  # RFC 5321 4.2.1
_ENHANCED_CODE = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?=\s|:|$)")  # RFC 2034 section 4
# Postfix's and Stalwart's words are looked for alone: that takes a third of the time.
_QUEUED_AS = re.compile(r"ueued (?:as|with id) <?([\w./+=-]*[\w/+=-])", re.ASCII)
_QUEUE_ID = re.compile(
    r"\bInternalId=(\d+)"  # Exchange
    r"|\bids?=([\w./+=-]*[\w/+=-])"  # Exim; KumoMTA
    r"|\bqueued \(([\w.-]+)\)"  # Haraka
    r"|\bOK\s+\d{9,11}\s+(\S+) - gsmtp"  # Google
    r"|\bok \d{9,11} qp (\d+)"  # qmail
    r"|^(?:2\.\d\.\d+:? )?([\w-]+) Message accepted for delivery"  # Sendmail; OpenSMTPD
    r"|^(?:2\.\d\.\d+ )?ok:? ([\w/.-]{12,})$",  # Amazon SES; Momentum
    re.IGNORECASE | re.ASCII | re.MULTILINE,
)


class ReplyParser:
    """Collects bytes and gives back each complete reply as (code, text).

    The text is what the server said without the codes, several lines joined by a newline.
    After something that is no SMTP reply comes (NOT_SMTP, what was sent), and nothing more.
    """

    __slots__ = ("_kept_bytes", "_lines", "_rest")

    def __init__(self) -> None:
        """Start with nothing received."""
        self._rest = b""
        self._lines: list[bytes] = []
        self._kept_bytes = 0

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Return the replies that `data` completes."""
        lines = (self._rest + data).split(b"\n") if self._rest else data.split(b"\n")
        self._rest = lines.pop()
        replies: list[tuple[int, bytes]] = []
        for line in lines:
            code, separator = _CODES.get(line[:3]), line[3:4]
            if code is None or separator not in _SEPARATORS:
                return [*replies, (NOT_SMTP, line[:LONGEST_LINE_BYTES])]
            text = line[4:-1] if line.endswith(b"\r") else line[4:]
            if separator == b"-":
                self._keep(text)
            else:
                replies.append((code, self._joined(text) if self._lines else text))
        if len(self._rest) > LONGEST_LINE_BYTES:
            replies.append((NOT_SMTP, self._rest[:LONGEST_LINE_BYTES]))
        return replies

    @property
    def rest(self) -> bytes:
        """The bytes after the last complete line."""
        return self._rest

    def _keep(self, text: bytes) -> None:
        """Remember a line of a longer reply; what exceeds the limit is not kept."""
        if self._kept_bytes < LONGEST_RESPONSE_CHARS or not self._lines:
            self._lines.append(text)
            self._kept_bytes += len(text) + 1

    def _joined(self, last: bytes) -> bytes:
        text = b"\n".join([*self._lines, last])
        self._lines.clear()
        self._kept_bytes = 0
        return text


def answer_of(code: int) -> Answer | None:
    """Return what a code says of the command it answers; None if it is no final answer."""
    return _ANSWERS.get(code // 100)


def response_text(text: bytes) -> str:
    r"""Return the server's words as text that any database can hold.

    Bytes that are not UTF-8 and NUL become `\xNN`; the length is capped.
    """
    words = text.decode("utf-8", "backslashreplace")
    if "\0" in words:
        words = words.replace("\0", "\\x00")
    return words[:LONGEST_RESPONSE_CHARS]


def enhanced_code(response: str) -> str:
    """Return the enhanced status code that the response begins with, or an empty string."""
    found = _ENHANCED_CODE.match(response)
    return found[0] if found else ""


def queue_id(response: str) -> str:
    """Return what the server calls the message it took, or an empty string if it does not say."""
    found = _QUEUED_AS.search(response) or _QUEUE_ID.search(response)
    return found[found.lastindex] if found and found.lastindex else ""


def quoted(text: bytes, *, limit: int = 100) -> str:
    """Return foreign bytes as a short printable quotation for a sentence of ours."""
    words = response_text(text[:limit]).strip()
    return f"“{''.join(char if char.isprintable() else '?' for char in words)}”"
