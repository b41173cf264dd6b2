"""Header values: one line or properly folded, ASCII, and never two headers out of one value.

Sources: RFC 5322 (2.2.3 folding, 3.2.3 atoms, 3.4 addresses), RFC 2047 (encoded words).
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from typing import Final

from campaigns.rendering.liquid import TemplateError
from campaigns.rendering.message import Part

FOLD: Final = "\r\n "
LINE_LENGTH: Final = 76  # characters; RFC 2047, 2: lines with encoded words
_WORD_FRAME: Final = len("=?utf-8?q??=")

# Line ends and other controls, in Unicode too, and lone surrogates, which UTF-8 cannot say.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SHORT_PHRASE = re.compile(r"(?:[A-Za-z0-9!#$%&'*+/^_`{|}~-]+(?: (?!$)|$))*")
_QUOTABLE = re.compile(r"[ -~]*")
_MAILBOX = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,253}")
_Q_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
_Q_CODES: Final = tuple(
    "_" if byte == ord(" ") else chr(byte) if byte in _Q_PLAIN else f"={byte:02X}"
    for byte in range(256)
)


def cleaned(value: str) -> str:
    """Return `value` fit for a header: controls and line ends as spaces, none at its ends."""
    if value.isascii() and value.isprintable():
        return value.strip(" ")
    return _CONTROLS.sub(" ", value).strip(" ")


def unstructured(value: str, *, name: str) -> str:
    """Return the encoded value of header `name`; it decodes to `cleaned(value)`."""
    text = cleaned(value)
    used = len(name) + 2
    if text.isascii() and "=?" not in text:
        if used + len(text) <= LINE_LENGTH:
            return text
        folded = _folded(text, used=used)
        if folded:
            return folded
    return FOLD.join(_encoded_words(text, used=used))


def mailbox(address: str, *, display_name: str, name: str) -> str:
    """Return `address` with its display name as header `name` shows it.

    Raises TemplateError if the address is not a plain ASCII one (see common/addresses.py).
    """
    if not _MAILBOX.fullmatch(address):
        raise TemplateError(f"“{cleaned(address)}” cannot stand in {name}.", part=Part.HEADER)
    text = cleaned(display_name)
    if not text:
        return address
    words = phrase(text, name=name)
    last_line = LINE_LENGTH if FOLD in words else len(name) + 2 + len(words)
    gap = " " if last_line + len(address) + len(" <>") <= LINE_LENGTH else FOLD
    return f"{words}{gap}<{address}>"


def joined(lines: Iterable[tuple[str, str]]) -> str:
    """Return encoded headers, each `(name, value)` on its own line with its line end."""
    return "".join(f"{name}: {value}\r\n" for name, value in lines)


def phrase(value: str, *, name: str) -> str:
    """Return a display name as atoms, as a quoted string or as encoded words."""
    text, used = cleaned(value), len(name) + 2
    fits = used + len(text) + len('""') <= LINE_LENGTH and "=?" not in text
    if fits and _SHORT_PHRASE.fullmatch(text):
        return text
    if fits and _QUOTABLE.fullmatch(text):
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return FOLD.join(_encoded_words(text, used=used))


def _folded(text: str, *, used: int) -> str:
    """Return ASCII text folded at its spaces, or nothing if it has no spaces in fit places."""
    words = text.split(" ")
    lines = [words[0]]
    room = LINE_LENGTH - used
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) <= room:
            lines[-1] += " " + word
        else:
            lines.append(word)
            room = LINE_LENGTH - 1
    fits = all(lines) and len(lines[0]) <= LINE_LENGTH - used
    return FOLD.join(lines) if fits and max(map(len, lines)) < LINE_LENGTH else ""


def _encoded_words(text: str, *, used: int) -> list[str]:
    """Return `text` as encoded words, in whichever of Q and B is shorter; no character is split."""
    codes = ["".join(map(_Q_CODES.__getitem__, char.encode())) for char in text]
    first, other = LINE_LENGTH - used - _WORD_FRAME, LINE_LENGTH - 1 - _WORD_FRAME
    data = text.encode()
    if sum(map(len, codes)) <= (len(data) + 2) // 3 * 4:
        return [f"=?utf-8?q?{chunk}?=" for chunk in _chunks(codes, first=first, other=other)]
    pieces = _chunks(list(text), first=first // 4 * 3, other=other // 4 * 3)
    return [f"=?utf-8?b?{b64encode(piece.encode()).decode()}?=" for piece in pieces]


def _chunks(pieces: list[str], *, first: int, other: int) -> list[str]:
    """Return `pieces` joined into chunks of at most so many octets of UTF-8."""
    chunks, room = [""], first
    for piece in pieces:
        size = len(piece.encode())
        if size > room:
            chunks.append("")
            room = other
        chunks[-1] += piece
        room -= size
    return chunks
