"""Liquid's errors in words that a person who writes a newsletter understands."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

_TAG = re.compile(r"\{%-?\s*(\w+).*?%\}", re.DOTALL)
_OPENINGS: Final = frozenset(
    {"if", "unless", "case", "for", "tablerow", "capture", "comment", "raw", "ifchanged", "doc"}
)
_INNER: Final = frozenset({"else", "elsif", "when"})

_NAMES: Final = {
    "end of expression": "the end",
    "a primitive expression": "a value",
    "primitive expression": "a value",
    "word": "a name",
    "string": "a text in quotation marks",
}


def explained(reason: str, *, source: str, start: int) -> tuple[str, int | None]:
    """Return (sentence, line) for what Liquid says is wrong at `start` (-1 if it does not know)."""
    for pattern, sentence in _SENTENCES:
        match = pattern.fullmatch(reason)
        if match:
            text = sentence(match)
            break
    else:
        text = f"Liquid cannot work this out: {reason.removesuffix('.')}."
    missing_end = re.fullmatch(r"expected tag end(\w+), found .*", reason)
    if missing_end:
        start = _unclosed(missing_end[1], source)
    return text, source.count("\n", 0, start) + 1 if start >= 0 else None


def _unclosed(name: str, source: str) -> int:
    """Return the index of the last tag `name` that is never closed, or -1."""
    open_tags: list[int] = []
    for match in _TAG.finditer(source):
        if match[1] == name:
            open_tags.append(match.start())
        elif match[1] == f"end{name}" and open_tags:
            open_tags.pop()
    return open_tags[-1] if open_tags else -1


def _unexpected_tag(match: re.Match[str]) -> str:
    name = match[1]
    if name in _INNER or (name.startswith("end") and name[3:] in _OPENINGS):
        return f"“{name}” stands here without the tag it belongs to."
    return f"There is no tag “{name}”."


def _expected(match: re.Match[str]) -> str:
    wanted, found = (_NAMES.get(word, word.strip("'")) for word in match.groups())
    return f"Liquid expects {wanted} here and finds {found}."


def _fixed(text: str) -> Callable[[re.Match[str]], str]:
    return lambda match: match.expand(text)


_SENTENCES: Final[list[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]]] = [
    (re.compile(pattern), sentence)
    for pattern, sentence in [
        (r"unexpected tag '(.*)'", _unexpected_tag),
        (r"expected tag (\w+), found .*", _fixed(r"A tag is not closed: “\1” is missing.")),
        (r"expected '}}', found end of file", _fixed("“{{” is not closed by “}}”.")),
        (r"missing tag name or .*", _fixed("“{%” is not closed by “%}”, or no tag stands in it.")),
        (r"missing expression", _fixed("Something is missing in this tag.")),
        (r"unknown filter '(.*)'", _fixed(r"There is no filter “\1”.")),
        (
            r"wrong arguments for filter '(.*)'",
            _fixed(r"The filter “\1” cannot take these values."),
        ),
        (r"unexpected \"'\"", _fixed("A quotation mark is not closed.")),
        (r"loop iteration limit reached", _fixed("A loop runs too often.")),
        (r"output stream limit reached", _fixed("The result is too long.")),
        (r"local namespace limit reached", _fixed("The assigned values are too long.")),
        (r".*divide by 0.*", _fixed("A number is divided by zero.")),
        (r"expected (.+), found (.+)", _expected),
    ]
]
