"""Fields that several resources share, each refusing what would do harm further in."""

from __future__ import annotations

import re
import zoneinfo
from typing import Any, Final

from rest_framework import serializers

from common.addresses import AddressError, normalize_address

MAXIMUM_JSON_DEPTH: Final = 20  # levels; deeper ones are nothing a template can reach
MAXIMUM_JSON_CHARACTERS: Final = 100_000  # of one object, all its texts and names together
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_UNSTORABLE: Final = re.compile(r"[\x00\ud800-\udfff]")  # PostgreSQL's jsonb takes neither


class LineField(serializers.CharField):
    """One line of text: without line breaks, which in a header would begin another header."""

    def to_internal_value(self, data: Any) -> str:
        """Return the text. Raises ValidationError for a control character in it."""
        text = str(super().to_internal_value(data))
        if _CONTROL.search(text):
            raise serializers.ValidationError(
                "Line breaks and other control characters are not allowed here."
            )
        return text


class AddressField(serializers.CharField):
    """An e-mail address that can be mailed, as it was typed."""

    def to_internal_value(self, data: Any) -> str:
        """Return the address. Raises ValidationError with what is wrong with it."""
        text = str(super().to_internal_value(data))
        try:
            normalize_address(text)
        except AddressError as error:
            raise serializers.ValidationError(error.message, code=error.code) from error
        return text


class TimeZoneNameField(serializers.CharField):
    """The name of a time zone, such as Europe/Berlin; empty where the field allows it."""

    def to_internal_value(self, data: Any) -> str:
        """Return the name. Raises ValidationError for one that nobody knows."""
        name = str(super().to_internal_value(data))
        if name and name not in zoneinfo.available_timezones():
            raise serializers.ValidationError(f"“{name}” is no time zone. Try Europe/Berlin.")
        return name


class JsonObjectField(serializers.JSONField):
    """A JSON object of bounded size and depth that the database can store."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Return the object. Raises ValidationError for anything else."""
        value = super().to_internal_value(data)
        if not isinstance(value, dict):
            raise serializers.ValidationError("This must be an object: {...}.")
        if _characters(value, depth=0) > MAXIMUM_JSON_CHARACTERS:
            raise serializers.ValidationError(
                f"This is too long; {MAXIMUM_JSON_CHARACTERS:,} characters are the limit."
            )
        return value


def _characters(value: Any, *, depth: int) -> int:
    """Return the length of all texts in a JSON value; refuse what cannot be stored."""
    if depth > MAXIMUM_JSON_DEPTH:
        raise serializers.ValidationError(
            f"This is nested deeper than {MAXIMUM_JSON_DEPTH} levels."
        )
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            raise serializers.ValidationError("This holds a character that cannot be stored.")
        return len(value)
    if isinstance(value, dict):
        parts = [*value, *value.values()]
        return sum(_characters(part, depth=depth + 1) for part in parts)
    if isinstance(value, list):
        return len(value) + sum(_characters(part, depth=depth + 1) for part in value)
    return 1
