"""Templates."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

import campaigns.operations.templates
from campaigns.models import Template
from common.api.fields import LineField
from common.api.views import NounViewSet, changed


class TemplateOutput(serializers.ModelSerializer[Template]):
    """A template as it is shown; `html` is what the source was turned into."""

    class Meta:
        model = Template
        fields = (
            "id", "name", "format", "subject", "preheader", "source", "inline_css", "html", "text",
            "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = fields


class TemplateInput(serializers.ModelSerializer[Template]):
    """A template as it is given."""

    name = LineField(max_length=200)
    subject = LineField(max_length=500)
    preheader = LineField(max_length=300, required=False, allow_blank=True)
    source = serializers.CharField(  # type: ignore[assignment]  # a field of that name
        trim_whitespace=False
    )
    text = serializers.CharField(trim_whitespace=False, required=False, allow_blank=True)

    class Meta:
        model = Template
        fields = ("name", "format", "subject", "preheader", "source", "inline_css", "text")


class TemplateViewSet(NounViewSet):
    """Messages to build campaigns from."""

    queryset = Template.objects.all()
    serializer_class = TemplateOutput
    input_class = TemplateInput
    filterset_fields = ("name",)

    def keep(self, instance: Template, given: dict[str, Any]) -> Template:
        """Return the stored template, compiled and checked."""
        campaigns.operations.templates.save_template(changed(instance, given))
        return instance
