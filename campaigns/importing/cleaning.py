"""One row of a table, made into a contact or refused with a reason."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from campaigns.importing.languages import normalize_language, normalize_timezone
from campaigns.importing.mapping import ATTRIBUTE, EMAIL, IGNORE, ColumnMapping
from campaigns.importing.names import split_name
from campaigns.importing.table import Refusal, Row, excerpt
from common.addresses import Address, AddressError, normalize_address, split_display_name
from common.errors import DomainError

MAX_NAME_CHARS: Final = 200
MAX_ATTRIBUTE_CHARS: Final = 10_000
SHOWN_CHARS: Final = 50  # of a value that a message quotes

_LINE_END: Final = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# Control characters, byte order marks and overrides of the writing direction, which can make
# a text read as another. Joiners stay: emoji and several scripts need them.
_UNWANTED: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ufeff\u202a-\u202e\u2066-\u2069]")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_UNREADABLE: Final = "\ufffd"


@dataclass(frozen=True, slots=True)
class Warned:
    """A value that was left out or looks damaged, though the contact goes in.

    `code` begins with `note_`, which tells it from the codes of rows that did not go in.
    """

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ImportedContact:
    """What a row says about a person; empty cells are absent and say nothing."""

    number: int
    address: Address
    first_name: str
    last_name: str
    language: str
    timezone: str
    attributes: Mapping[str, str]
    warnings: tuple[Warned, ...]


class ValueTooLongError(DomainError):
    """A value above its limit."""


def clean_row(row: Row, mapping: ColumnMapping) -> ImportedContact | Refusal:
    """Return the contact in a row, or why there is none.

    Line breaks and control characters are taken out of names and refused in addresses.
    A name of more than 200 or an attribute of more than 10,000 characters refuses the row; an
    unknown language or time zone only leaves that value out, with a warning.
    """
    cells = {
        target: cell
        for target, cell in zip(mapping.targets, row.cells, strict=True)
        if cell and target != IGNORE
    }
    try:
        return _contact(row.number, cells)
    except (AddressError, ValueTooLongError) as error:
        return Refusal(row.number, error.code, error.message, excerpt(row.cells))


def one_line(text: str) -> str:
    """Return the text on one line in NFC, without control characters."""
    line = " ".join(text.split())
    if line.isascii() and line.isprintable():
        return line
    return " ".join(_normal(_UNWANTED.sub("", line)).split())


def several_lines(text: str) -> str:
    """Return the text with LF as line end, in NFC, without other control characters."""
    if text.isprintable() and text.isascii():
        return text.strip()
    with_line_feeds = _LINE_END.sub("\n", text.replace("\t", " "))
    return _normal(_UNWANTED.sub("", with_line_feeds)).strip()


def _contact(number: int, cells: dict[str, str]) -> ImportedContact:
    name_beside, typed = split_display_name(cells.get(EMAIL, ""))
    address = normalize_address(typed)
    first_name, last_name = _names(cells, name_beside=name_beside)
    language, language_warning = _known(cells, "language", normalize_language)
    timezone, timezone_warning = _known(cells, "timezone", normalize_timezone)
    return ImportedContact(
        number=number,
        address=address,
        first_name=first_name,
        last_name=last_name,
        language=language,
        timezone=timezone,
        attributes=_attributes(cells),
        warnings=(*language_warning, *timezone_warning, *_unreadable(cells)),
    )


def _names(cells: Mapping[str, str], *, name_beside: str) -> tuple[str, str]:
    """Return first and last name: from their own columns, the full name, or the address field."""
    first_name = _name(cells.get("first_name", ""))
    last_name = _name(cells.get("last_name", ""))
    if first_name or last_name:
        return first_name, last_name
    full = cells.get("name", "").strip() or ("" if "@" in name_beside else name_beside)
    first_name, last_name = split_name(one_line(full))
    return _name(first_name), _name(last_name)


def _name(cell: str) -> str:
    name = one_line(cell)
    if len(name) > MAX_NAME_CHARS:
        raise ValueTooLongError(
            "value_too_long",
            f"A name has {len(name):,} characters; {MAX_NAME_CHARS} is the limit.",
        )
    return name


def _attributes(cells: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for target, cell in cells.items():
        if target.startswith(ATTRIBUTE):
            key = target.removeprefix(ATTRIBUTE)
            value = several_lines(cell)
            if len(value) > MAX_ATTRIBUTE_CHARS:
                raise ValueTooLongError(
                    "value_too_long",
                    f"“{key}” has {len(value):,} characters; {MAX_ATTRIBUTE_CHARS:,} is the limit.",
                )
            if value:
                found[key] = value
    return found


def _known(
    cells: Mapping[str, str], target: str, normalize: Callable[[str], str | None]
) -> tuple[str, tuple[Warned, ...]]:
    """Return the value in its standard form, or an empty one and the warning about it."""
    cell = one_line(cells.get(target, ""))
    if not cell:
        return "", ()
    value = normalize(cell)
    if value is not None:
        return value, ()
    what = {
        "language": "language tag such as en or pt-BR",
        "timezone": "time zone such as Europe/Berlin",
    }
    message = f"“{cell[:SHOWN_CHARS]}” is no {what[target]}; it was left out."
    return "", (Warned(f"note_unknown_{target}", message),)


def _unreadable(cells: Mapping[str, str]) -> tuple[Warned, ...]:
    if not any(_UNREADABLE in cell for cell in cells.values()):
        return ()
    message = "Some characters could not be read. Save the file as UTF-8 and import it again."
    return (Warned("note_unreadable_characters", message),)


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", _SURROGATE.sub(_UNREADABLE, text))
