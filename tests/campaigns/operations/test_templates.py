"""Templates: checked and made ready when they are saved."""

import pytest

from campaigns.models import Template
from campaigns.operations.templates import save_template
from common.errors import DomainError
from tests.factories.campaigns import OrganizationFactory, TemplateFactory

pytestmark = pytest.mark.django_db
MJML = (
    "<mjml><mj-body><mj-section><mj-column>"
    "<mj-text>Hello {{ contact.first_name }}</mj-text>"
    "</mj-column></mj-section></mj-body></mjml>"
)
STYLED = (
    "<html><head><style>p { color: red }</style></head>"
    "<body><p>Hello {{ contact.first_name }}</p></body></html>"
)


def template(**fields):
    """Return a template that is not stored."""
    known = {"name": "Weekly", "subject": "News", "source": "<p>News</p>", "inline_css": False}
    return Template(organization=OrganizationFactory(), **known | fields)


class TestSaveTemplate:
    def test_keeps_the_source_and_its_html(self):
        saved = save_template(template(source="<P CLASS=x>\r\nHi</P>"))

        saved.refresh_from_db()
        assert saved.html == saved.source == "<P CLASS=x>\r\nHi</P>"

    def test_makes_html_of_mjml(self):
        saved = save_template(template(format="mjml", source=MJML, inline_css=True))

        assert saved.source == MJML
        assert "<mj-" not in saved.html
        assert "Hello {{ contact.first_name }}" in saved.html

    def test_inlines_styles_where_asked(self):
        saved = save_template(template(source=STYLED, inline_css=True))

        assert "color: red" in saved.html.partition("<p")[2]
        assert "{{ contact.first_name }}" in saved.html

    def test_makes_the_html_anew_when_the_source_changes(self):
        saved = save_template(template())
        saved.source = "<p>Other</p>"

        save_template(saved)

        assert Template.objects.get().html == "<p>Other</p>"

    @pytest.mark.parametrize(
        ("fields", "field", "line"),
        [
            ({"subject": "Hi {{ contact.first_name"}, "subject", 1),
            ({"preheader": "{% if %}"}, "preheader", 1),
            ({"source": "<p>\n\n{{ contact.name | nonsense }}</p>"}, "source", 3),
            ({"source": "<p>{% include 'x' %}</p>"}, "source", 1),
            ({"text": "a\n{% for %}"}, "text", 2),
            ({"source": "<p>no mjml</p>", "format": "mjml"}, "source", None),
        ],
    )
    def test_names_field_and_line_of_a_mistake(self, fields, field, line):
        with pytest.raises(DomainError) as caught:
            save_template(template(**fields))

        assert caught.value.extra == {"field": field, "line": line}
        assert caught.value.message.startswith(f"Line {line}: ") is (line is not None)
        assert not Template.objects.exists()

    def test_refuses_a_name_that_is_there(self):
        known = TemplateFactory(name="Weekly")
        again = template()
        again.organization = known.organization

        with pytest.raises(DomainError) as caught:
            save_template(again)

        assert (caught.value.code, caught.value.extra) == ("name_taken", {"field": "name"})
