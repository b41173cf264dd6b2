"""How the API describes itself in OpenAPI."""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from common.api.problems import CONTENT_TYPE

_WITH_BODY: Final = {"create", "update", "partial_update"}


class FieldErrorOutput(serializers.Serializer[Any]):
    """What is wrong with one field."""

    field = serializers.CharField(help_text="Such as `lists.0`; empty for the request as a whole.")
    message = serializers.CharField()


class ProblemOutput(serializers.Serializer[Any]):
    """An error."""

    type = serializers.CharField()
    title = serializers.CharField(help_text="The status in words.")
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="Stable, for programs.")
    detail = serializers.CharField(help_text="One sentence for people.")
    errors = FieldErrorOutput(many=True)  # type: ignore[assignment]  # a field, not the property


class ApiSchema(AutoSchema):
    """Knows that input and output differ, and that every operation may answer with a problem."""

    def get_request_serializer(self) -> Any:
        """Return what the view reads: its `input_class`, where it has one."""
        wanted = getattr(self.view, "input_class", None)
        if wanted is not None and getattr(self.view, "action", "") in _WITH_BODY:
            return wanted
        return super().get_request_serializer()

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        """Return the operation with the problem as its default answer."""
        operation = super().get_operation(*args, **kwargs)
        if operation:
            problem = self.resolve_serializer(ProblemOutput, "response")
            operation["responses"]["default"] = {
                "description": "Something was not right.",
                "content": {CONTENT_TYPE: {"schema": problem.ref}},
            }
        return operation
