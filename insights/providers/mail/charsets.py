"""Bytes to text, whatever charset somebody claims."""

from __future__ import annotations

import codecs

# Python knows these names as text encodings, yet no mail is written in them, and some take
# quadratic time.
_NO_CHARSETS = frozenset(
    {"punycode", "idna", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"}
)
_WIDE = ("utf-16", "utf-32")  # hold zero bytes, where what they hold is mail
_JAPANESE = b"\x1b$"  # beginning of ISO-2022-JP, which is often not declared


def decode_bytes(raw: bytes, charset: str) -> str:
    """Return the text; by the charset if there is such a one, else by what the bytes look like."""
    name = _known(charset)
    wide = name.startswith(_WIDE) and b"\0" not in raw
    if name not in {"", "ascii"} and not wide:
        try:
            return raw.decode(name, "replace")
        except (UnicodeError, LookupError, ValueError):
            pass  # not even readable with replacements: guess
    return _guessed(raw)


def _guessed(raw: bytes) -> str:
    if _JAPANESE in raw:
        return raw.decode("iso2022_jp", "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _known(charset: str) -> str:
    """Return Python's name of a charset, or an empty one for what is none."""
    try:
        name = codecs.lookup(charset.strip("\"' ")).name if charset else ""
    except (LookupError, ValueError):
        return ""
    return "" if name.replace("-", "_") in _NO_CHARSETS else name
