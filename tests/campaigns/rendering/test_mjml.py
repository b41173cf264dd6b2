"""MJML becomes HTML, and Liquid keeps its place."""

from __future__ import annotations

import re

import pytest

from campaigns.rendering import Part, TemplateError
from campaigns.rendering.mjml import as_html, is_mjml


def document(body: str, head: str = "") -> str:
    return f"<mjml>\n<mj-head>{head}</mj-head>\n<mj-body>{body}</mj-body></mjml>"


def column(content: str) -> str:
    return document(f"<mj-section><mj-column>{content}</mj-column></mj-section>")


def refused(source: str) -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        as_html(source)
    assert caught.value.part is Part.HTML
    return caught.value


class TestAsHtml:
    def test_makes_a_whole_document(self):
        html = as_html(column("<mj-text>Hello &amp; welcome</mj-text>"))

        assert html.startswith("<!doctype html>")
        assert ">Hello &amp; welcome</div>" in html

    @pytest.mark.parametrize(
        ("source", "kept"),
        [
            (
                column("<mj-text>{{ contact.a | default: \"<b> & 'c'\" }}</mj-text>"),
                ">{{ contact.a | default: \"<b> & 'c'\" }}</div>",
            ),
            (
                column(
                    '<mj-button href="{{ url }}?{% if a < 1 %}x{% endif %}">{{ b }}</mj-button>'
                ),
                'href="{{ url }}?{% if a < 1 %}x{% endif %}"',
            ),
            (column('<mj-image src="{{ i }}" alt="{{ a }}" />'), '<img alt="{{ a }}"'),
            (
                column(
                    "<mj-table>{% for r in rows %}<tr><td>{{ r }}</td></tr>{% endfor %}</mj-table>"
                ),
                ">{% for r in rows %}<tr><td>{{ r }}</td></tr>{% endfor %}</table>",
            ),
            (document("", "<mj-title>{{ t }}</mj-title>"), "<title>{{ t }}</title>"),
            (document("", "<mj-preview>{{ p }}</mj-preview>"), ">{{ p }}</div>"),
            (
                document('<mj-section css-class="{% if a %}x{% endif %}"></mj-section>'),
                "{% if a %}x",
            ),
        ],
    )
    def test_lets_liquid_survive(self, source, kept):
        assert kept in as_html(source)

    @pytest.mark.parametrize(
        "source",
        [
            document("{% if a %}<mj-section></mj-section>{% endif %}"),
            document(
                "<mj-section>{% for c in b %}<mj-column></mj-column>{% endfor %}</mj-section>"
            ),
            column("{% if a %}<mj-text>x</mj-text>{% else %}<mj-spacer />{% endif %}"),
            document("<mj-wrapper>{% if a %}<mj-section></mj-section>{% endif %}</mj-wrapper>"),
            "{% assign a = 1 %}\n" + column("<mj-text>{{ a }}</mj-text>") + "{{ b }}",
        ],
    )
    def test_keeps_liquid_between_elements_in_order(self, source):
        liquid = re.compile(r"\{%.*?%\}")

        assert liquid.findall(as_html(source)) == liquid.findall(source)

    @pytest.mark.parametrize(
        ("source", "line"),
        [
            (column('\n<mj-image width="{{ w }}px" src="x" />'), 4),
            (document("", "\n{% if x %}<mj-title>t</mj-title>{% endif %}"), 3),
            (column("<mj-text {{ attributes }}>x</mj-text>"), 3),
        ],
    )
    def test_says_where_liquid_would_be_lost(self, source, line):
        error = refused(source)

        assert "cannot stand in this place" in error.message
        assert error.line == line

    def test_says_what_is_wrong_with_the_mjml(self):
        error = refused("<mjml>\n<mj-body>\n<mj-nope></mj-body></mjml>")

        assert error.message.startswith("The MJML cannot be read: ")

    @pytest.mark.parametrize("source", ["", "<p>Hello</p>", "<mjml><mj-body>"])
    def test_refuses_what_is_no_mjml(self, source):
        assert (
            refused(source).message == "An MJML template begins with <mjml> and ends with </mjml>."
        )

    def test_reads_no_other_file(self):
        error = refused(document('\n<mj-include path="/etc/passwd" />'))

        assert (error.message.split(":")[0], error.line) == ("mj-include is not available", 4)


class TestIsMjml:
    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            (document(""), True),
            ("\n{% assign a = 1 %}" + document(""), True),
            ("<p>Hello</p>", False),
            ("<p>&lt;mjml&gt;</p>", False),
        ],
    )
    def test_tells_it_from_html(self, source, expected):
        assert is_mjml(source) is expected
