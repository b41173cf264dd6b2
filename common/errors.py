"""The one shape of an error that a person can do something about."""

from __future__ import annotations

from collections.abc import Mapping


class DomainError(Exception):
    """A rule refused what was asked.

    `code` is stable and machine-readable, `message` one plain sentence that says what to do,
    `extra` what a caller may show beside it (for a form: `{"field": "..."}`).
    """

    def __init__(self, code: str, message: str, extra: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.extra = dict(extra or {})
