"""Writes of templates: what is stored is ready to be sent."""

from __future__ import annotations

from typing import Final

from django.db import IntegrityError, transaction

from campaigns.models import Template, TemplateFormat
from campaigns.rendering import Part, TemplateError, liquid
from campaigns.rendering.css import with_inlined_styles
from campaigns.rendering.mjml import as_html
from common.errors import DomainError

# What a part of the message is called in the form.
_FIELDS: Final = {Part.HTML: "source"}


def save_template(template: Template) -> Template:
    """Return the template, stored with the HTML that its source stands for.

    Raises DomainError for MJML or Liquid that cannot be read, with `field` and `line` in `extra`,
    and for a name that is taken.
    """
    template.html = html_of(template)
    try:
        with transaction.atomic():
            template.save()
    except IntegrityError as error:
        raise DomainError(
            "name_taken",
            f'There is a template called "{template.name}" already.',
            {"field": "name"},
        ) from error
    return template


def html_of(template: Template) -> str:
    """Return the HTML that a template's source stands for, once all of its Liquid was read.

    MJML brings its styles into the tags by itself. Raises DomainError as `save_template` does.
    """
    try:
        _check_liquid(template)
        if template.format == TemplateFormat.MJML:
            return as_html(template.source)
        return with_inlined_styles(template.source) if template.inline_css else template.source
    except TemplateError as error:
        field = _FIELDS.get(error.part, error.part.value)
        where = f"Line {error.line}: " if error.line else ""
        raise DomainError(
            error.code, where + error.message, {"field": field, "line": error.line}
        ) from error


def _check_liquid(template: Template) -> None:
    for part, text, environment in (
        (Part.SUBJECT, template.subject, liquid.PLAIN),
        (Part.PREHEADER, template.preheader, liquid.HTML),
        (Part.HTML, template.source, liquid.HTML),
        (Part.TEXT, template.text, liquid.PLAIN),
    ):
        liquid.parse(text, environment=environment, part=part)
