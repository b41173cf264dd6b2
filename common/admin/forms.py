"""Forms that know the organization they belong to, and show what a rule refused."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Model

from common.errors import DomainError


class ScopedForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    """A form whose new objects belong to the organization that is worked in.

    `refusal` is what an operation answered when this very input was saved: it is shown at its
    field.
    """

    organization: ClassVar[Model | None] = None
    refusal: ClassVar[DomainError | None] = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self._belongs_to_organization() and not self.instance.organization_id:
            self.instance.organization = self.organization

    def clean(self) -> dict[str, Any] | None:
        """Return the cleaned input; add what the operation refused."""
        cleaned = super().clean()
        if self.refusal is not None:
            field = self.refusal.extra.get("field")
            self.add_error(
                field if isinstance(field, str) and field in self.fields else None,
                self.refusal.message,
            )
        return cleaned

    def add_error(self, field: str | None, error: Any) -> None:
        """Add an error; that a value is taken already is said at its own field."""
        by_field = getattr(error, "error_dict", None)
        if by_field is None:
            super().add_error(field, error)
            return
        for general in by_field.pop(NON_FIELD_ERRORS, []):
            super().add_error(*self._explained(general))
        if by_field:
            super().add_error(field, error)

    def _explained(self, error: ValidationError) -> tuple[str | None, ValidationError | str]:
        names = (error.params or {}).get("unique_check", ())
        shown = [name for name in names if name in self.fields]
        if error.code != "unique_together" or not shown:
            return None, error
        noun = self.instance._meta.verbose_name  # noqa: SLF001  the documented API of models
        labels = " and ".join(str(self.fields[name].label).lower() for name in shown)
        return shown[0], f"There is already a {noun} with this {labels}. Choose another."

    def _belongs_to_organization(self) -> bool:
        return any(f.name == "organization" for f in self.instance._meta.fields)  # noqa: SLF001

    def _get_validation_exclusions(self) -> set[str]:
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]  # no stub
        return excluded - {"organization"}
