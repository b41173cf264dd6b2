"""Passwords of other systems, kept encrypted in the database."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import models

from common.errors import DomainError


def _cipher() -> Fernet:
    derived = hashlib.sha256(b"mailwright stored secrets:" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(derived))


class EncryptedField(models.TextField):  # type: ignore[type-arg]  # generic only in the stubs
    """A text that is plain in Python and encrypted by the secret key in the database."""

    def deconstruct(self) -> Any:
        """Return the field as a plain text field: the database sees nothing else."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs

    def get_prep_value(self, value: str | None) -> str | None:
        """Return the encrypted text; an empty one stays empty."""
        return _cipher().encrypt(value.encode()).decode() if value else value

    def from_db_value(
        self, value: str | None, _expression: object, _connection: object
    ) -> str | None:
        """Return the plain text. Raises DomainError when the secret key has changed."""
        if not value:
            return value
        try:
            return _cipher().decrypt(value.encode()).decode()
        except InvalidToken as error:
            raise DomainError(
                "secret_unreadable",
                "A stored password cannot be read because SECRET_KEY has changed. "
                "Put the old SECRET_KEY back, or enter the password again.",
            ) from error
