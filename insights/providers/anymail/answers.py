"""Codes in what a provider hands on as the answer of the mailbox provider.

Each writes it in its own way: `smtp; 550 5.1.1 ...`, `sent (250 2.0.0 OK)`, `5.1.1 ...`,
`550 RecipientError: 550 5.1.1 ...`.
"""

from __future__ import annotations

import re

from insights.providers.base import smtp_code

_LOOKED_AT_CHARS = 120  # codes further on are quotations, of other servers or of the message
_CODE = re.compile(r"(?<![\w.:/-])[245]\d\d(?![\w.:/]|-\d{4})")
_ENHANCED_CODE = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?!\.?\d)")  # no IP address


def code_in(response: str) -> int | None:
    """Return the first SMTP reply code in an answer."""
    found = _CODE.search(response, 0, _LOOKED_AT_CHARS)
    return smtp_code(found[0]) if found else None


def enhanced_code_in(response: str, *, code: int | None) -> str:
    """Return the first enhanced status code in an answer that agrees with its reply code."""
    found = _ENHANCED_CODE.search(response, 0, _LOOKED_AT_CHARS)
    if found is None or (code is not None and found[0][0] != str(code)[0]):
        return ""
    return found[0]


def enhanced_code(value: object) -> str:
    """Return an enhanced status code that a provider gives by itself; empty if it is none."""
    return value if isinstance(value, str) and _ENHANCED_CODE.fullmatch(value) else ""
