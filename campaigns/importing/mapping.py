"""Which column of a table goes into which field of a contact."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from campaigns.importing.headers import known_target, without_accents
from campaigns.importing.reading import looks_like_address
from campaigns.importing.table import Table
from common.errors import DomainError

EMAIL: Final = "email"
NAME: Final = "name"
IGNORE: Final = "ignore"
ATTRIBUTE: Final = "attribute:"
FIELDS: Final = ("email", "first_name", "last_name", "name", "language", "timezone")
MAX_KEY_CHARS: Final = 60
SAMPLE_ROWS: Final = 100  # looked at to tell what the columns are
ADDRESS_SHARE: Final = 0.5  # of the filled sample cells, for a column to count as the addresses
FULL_NAME_SHARE: Final = 0.5  # of the filled sample cells with several words

_NAME_PARTS: Final = ("first_name", "last_name")
_KEY: Final = re.compile(r"[a-z_][a-z0-9_]{0,59}")
_NOT_IN_KEY: Final = re.compile(r"[^a-z0-9]+")
# Liquid's own words cannot name a value; the fields and facts of a contact are not shadowed.
_RESERVED: Final = frozenset(
    {
        "and", "or", "not", "contains", "in", "if", "true", "false", "nil", "null", "none",
        "empty", "blank", "for", "with", "as", "email", "first_name", "last_name", "name",
        "language", "timezone", "id", "domain", "attributes", "email_key", "provider", "size",
        "first", "last",
    }
)  # fmt: skip


class MappingError(DomainError):
    """A mapping that does not fit the columns; the message says which part."""


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """One target per column, in the order of the columns.

    A target is a member of FIELDS, `attribute:<key>` or `ignore`; none but `ignore` occurs twice.
    """

    targets: tuple[str, ...]

    @classmethod
    def from_json(cls, given: Mapping[str, str], *, columns: Sequence[str]) -> Self:
        """Return the mapping that a person or program wrote as `{"column": "target"}`.

        A key is a column name, in any case, or the column's position as text ("1" is the
        first). Columns that are not named are ignored. Raises MappingError.
        """
        targets = [IGNORE] * len(columns)
        for name, target in given.items():
            targets[_position(name, columns)] = _checked_target(target.strip())
        _refuse_doubles(targets)
        if EMAIL not in targets:
            raise MappingError(
                "mapping_without_email",
                "No column is mapped to “email”. The file has the columns "
                f"{', '.join(columns)}; one of them must hold the addresses.",
            )
        return cls(tuple(targets))

    def as_json(self, *, columns: Sequence[str]) -> dict[str, str]:
        """Return `{"column": "target"}` for every column."""
        return dict(zip(columns, self.targets, strict=True))


def mapping_for(table: Table, given: Mapping[str, str] | None = None) -> ColumnMapping:
    """Return the mapping that was given, or else guessed, once it fits. Raises MappingError."""
    if given is None:
        given = guess_for(table).as_json(columns=table.columns)
    return ColumnMapping.from_json(given, columns=table.columns)


def guess_for(table: Table) -> ColumnMapping:
    """Return the most likely mapping of a table by its header and first rows."""
    return guess_mapping(table.columns, table.sample(SAMPLE_ROWS))


def guess_mapping(columns: Sequence[str], sample_rows: Sequence[Sequence[str]]) -> ColumnMapping:
    """Return the most likely target of each column, by its name and by what is in it.

    Unknown columns become attributes; empty ones without a name are ignored. Without a column
    of addresses no target is `email`: the caller has to ask.
    """
    email = _email_position(columns, sample_rows)
    targets: list[str] = []
    for position, column in enumerate(columns):
        target = EMAIL if position == email else known_target(column)
        if target is None or target in targets or (target == EMAIL and position != email):
            target = _attribute_or_ignore(column, position, sample_rows, targets)
        targets.append(target)
    return ColumnMapping(tuple(_with_full_names(targets, sample_rows)))


def attribute_key(header: str, *, taken: Sequence[str] = (), position: int = 1) -> str:
    """Return a name for an attribute that a template can use as `contact.<name>`.

    Lower snake case in ASCII, no word that Liquid or the contact already has, none of `taken`;
    a header with no usable letter becomes `column_<position>`.
    """
    key = _NOT_IN_KEY.sub("_", without_accents(header)).strip("_")[:MAX_KEY_CHARS].strip("_")
    if not key:
        key = f"column_{position}"
    if key[0].isdigit() or key in _RESERVED:
        key = f"field_{key}"[:MAX_KEY_CHARS].strip("_")
    unique, count = key, 1
    while unique in taken:
        count += 1
        suffix = f"_{count}"
        unique = key[: MAX_KEY_CHARS - len(suffix)] + suffix
    return unique


def _with_full_names(targets: list[str], sample_rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the targets with a lone first or last name made `name` if it holds several words.

    "Nome" and "Nom" alone head full names as often as parts of them.
    """
    parts = [target for target in targets if target in _NAME_PARTS]
    if len(parts) != 1 or NAME in targets:
        return targets
    position = targets.index(parts[0])
    filled = [row[position] for row in sample_rows if row[position].strip()]
    several = sum(len(cell.split()) > 1 for cell in filled)
    if several > FULL_NAME_SHARE * len(filled):
        targets[position] = NAME
    return targets


def _email_position(columns: Sequence[str], sample_rows: Sequence[Sequence[str]]) -> int | None:
    """Return the column of addresses: one named so with addresses in it, else the fullest."""
    shares = [_address_share(position, sample_rows) for position in range(len(columns))]
    named = [position for position, column in enumerate(columns) if known_target(column) == EMAIL]
    for position in named:
        if shares[position] >= ADDRESS_SHARE:
            return position
    best = max(range(len(columns)), key=shares.__getitem__, default=None)
    if best is not None and shares[best] >= ADDRESS_SHARE:
        return best
    return named[0] if named else None


def _address_share(position: int, sample_rows: Sequence[Sequence[str]]) -> float:
    filled = [row[position] for row in sample_rows if row[position].strip()]
    return sum(map(looks_like_address, filled)) / len(filled) if filled else 0.0


def _attribute_or_ignore(
    column: str, position: int, sample_rows: Sequence[Sequence[str]], targets: Sequence[str]
) -> str:
    unnamed = column == f"Column {position + 1}"
    if unnamed and not any(row[position].strip() for row in sample_rows):
        return IGNORE
    taken = [target.removeprefix(ATTRIBUTE) for target in targets if target.startswith(ATTRIBUTE)]
    return ATTRIBUTE + attribute_key(column, taken=taken, position=position + 1)


def _position(name: str, columns: Sequence[str]) -> int:
    if name in columns:
        return columns.index(name)
    folded = [column.casefold() for column in columns]
    wanted = " ".join(name.split()).casefold()
    if wanted in folded:
        return folded.index(wanted)
    if wanted.isdecimal() and 1 <= int(wanted) <= len(columns):
        return int(wanted) - 1
    raise MappingError(
        "mapping_unknown_column",
        f"The file has no column “{name}”. Its columns are {', '.join(columns)}.",
    )


def _checked_target(target: str) -> str:
    if target in FIELDS or target == IGNORE:
        return target
    key = target.removeprefix(ATTRIBUTE)
    if not target.startswith(ATTRIBUTE):
        raise MappingError(
            "mapping_unknown_target",
            f"“{target}” is no field. Use {', '.join(FIELDS)}, attribute:<name> or ignore.",
        )
    if not _KEY.fullmatch(key) or key in _RESERVED:
        raise MappingError(
            "mapping_attribute_name",
            f"“{key}” cannot name an attribute. “{attribute_key(key)}” would do: small letters, "
            "digits and underscores, not beginning with a digit.",
        )
    return target


def _refuse_doubles(targets: Sequence[str]) -> None:
    for target in targets:
        if target != IGNORE and targets.count(target) > 1:
            raise MappingError(
                "mapping_target_twice", f"Two columns are mapped to “{target}”. Keep one of them."
            )
