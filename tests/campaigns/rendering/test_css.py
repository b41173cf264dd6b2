"""Styles go into the elements; Liquid, conditions and other rules survive."""

from __future__ import annotations

import pytest

from campaigns.rendering import Part, TemplateError
from campaigns.rendering.css import with_inlined_styles


def inlined(body: str, *, styles: str = ".a{color:red}") -> str:
    """Return the inlined body of a document with these styles."""
    html = f"<!DOCTYPE html><html><head><style>{styles}</style></head><body>{body}</body></html>"
    result = with_inlined_styles(html)
    return result[result.index("<body>") + 6 : result.index("</body>")]


class TestWithInlinedStyles:
    def test_writes_rules_into_elements(self):
        assert inlined('<p class="a">x</p>') == '<p class="a" style="color: red;">x</p>'

    @pytest.mark.parametrize(
        "rule",
        [
            "a:hover { color: green; }",
            "@media (max-width:600px){.a{color:blue}}",
            "#out a { x: y; }",
        ],
    )
    def test_leaves_other_rules_in_the_style_sheet(self, rule):
        html = f"<html><head><style>.a{{color:red}} {rule}</style></head><body></body></html>"

        assert rule in with_inlined_styles(html)

    @pytest.mark.parametrize(
        "sheet",
        [
            '<style media="(min-width:480px)">.a{width:50%}</style>',
            "<style>{% if contact.dark %}.a{color:white}{% endif %}</style>",
        ],
    )
    def test_leaves_sheets_alone_that_do_not_always_apply(self, sheet):
        html = f'<html><head>{sheet}</head><body><p class="a">x</p></body></html>'

        assert with_inlined_styles(html) == html

    @pytest.mark.parametrize(
        "body",
        [
            "<p>{{ contact.a | default: \"<b> & 'c'\" }}</p>",
            "{% if contact.a < 3 %}<p>x</p>{% else %}<p>y</p>{% endif %}",
            "<table>{% for i in contact.items %}<tr><td>{{ i }}</td></tr>{% endfor %}</table>",
            '<a href="https://a.example/?x={{ contact.a }}&amp;y={% if b %}1{% endif %}">x</a>',
            '<p {% if contact.a %}id="x"{% else %}id="y"{% endif %}>x</p>',
            "<p {{ contact.attributes }}>x</p>",
            "<!--[if mso]><table><tr><td>{{ contact.a }}<a href='x?a&b'><![endif]-->",
            "<!--[if !mso]><!--><p>x</p><!--<![endif]-->",
            "<!-- {{ contact.a }} -->",
            "{% comment %}<p>{% endcomment %}",
            "{% raw %}{{ x }}{% endraw %}",
        ],
    )
    def test_lets_liquid_and_comments_survive(self, body):
        assert inlined(body) == body

    def test_merges_with_styles_that_have_liquid(self):
        body = (
            '<p class="a" style="{{ contact.style }};width:{{ contact.w }}px;'
            '{% if contact.b %}color:blue{% endif %}">x</p>'
        )

        assert inlined(body, styles=".a{margin:0}") == (
            '<p class="a" style="margin: 0;{{ contact.style }};width: {{ contact.w }}px;'
            '{% if contact.b %}color:blue{% endif %}">x</p>'
        )

    def test_carries_liquid_from_rules_into_elements(self):
        result = inlined('<p class="a">x</p><p class="a">y</p>', styles=".a{color:{{ c.d }}}")

        assert result.count('style="color: {{ c.d }};"') == 2

    def test_keeps_liquid_around_the_document(self):
        html = (
            "{% assign a = 1 %}<!DOCTYPE html><html><head><title>{{ t }}</title></head>"
            "<body></body></html>"
        )

        assert with_inlined_styles(html) == html

    def test_fetches_nothing(self):
        html = (
            '<html><head><link rel="stylesheet" href="http://127.0.0.1:9/a.css">'
            '<link rel="stylesheet" href="file:///etc/passwd"></head><body>x</body></html>'
        )

        assert with_inlined_styles(html) == html

    @pytest.mark.parametrize(
        ("html", "line"),
        [
            ("<p>\n<b id=a id={{ x }}>y</b>", 2),
            ("{% if x %}", 1),
        ],
    )
    def test_says_where_liquid_would_be_lost(self, html, line):
        with pytest.raises(TemplateError) as caught:
            with_inlined_styles(html)

        assert (caught.value.line, caught.value.part) == (line, Part.HTML)
