"""The sandbox, and errors in words."""

from __future__ import annotations

import pytest

from campaigns.rendering import Part, TemplateError
from campaigns.rendering.liquid import HTML, PLAIN, is_complete, local_names, parse
from common.errors import DomainError


def refused(source: str) -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        parse(source, environment=HTML, part=Part.HTML)
    return caught.value


class TestParse:
    @pytest.mark.parametrize(
        ("source", "message", "line"),
        [
            ("a\n{{ x", "“{{” is not closed by “}}”.", 2),
            ("{{ x }", "“{{” is not closed by “}}”.", 1),
            ("\n{% if x", "“{%” is not closed by “%}”, or no tag stands in it.", 2),
            ("{% if x %}\n{% if y %}\n{% endif %}", "A tag is not closed: “endif” is missing.", 1),
            ("\n{% endif %}", "“endif” stands here without the tag it belongs to.", 2),
            ("{% else %}", "“else” stands here without the tag it belongs to.", 1),
            ("{% foo %}", "There is no tag “foo”.", 1),
            ("{% include 'secrets' %}", "There is no tag “include”.", 1),
            ("{% render 'secrets' %}", "There is no tag “render”.", 1),
            ("{% liquid include 'x' %}", "There is no tag “include”.", 1),
            ("\n\n{{ x | foo }}", "There is no filter “foo”.", 3),
            ("{% assign a = b | foo %}", "There is no filter “foo”.", 1),
            ("{{ x | truncate: 1, 2, 3 }}", "The filter “truncate” cannot take these values.", 1),
            ("{{ x | plus }}", "The filter “plus” cannot take these values.", 1),
            ("\n{{ x | }}", "Liquid expects a name here and finds the end.", 2),
            ("{{ a b }}", "Liquid expects the end here and finds a name.", 1),
            ("{{ 'abc }}", "A quotation mark is not closed.", 1),
            ("{% if %}x{% endif %}", "Something is missing in this tag.", 1),
            ("a\n{% assign x %}", "Liquid expects = here and finds the end.", 2),
            (
                "{{ x if y }}",
                "Liquid cannot work this out: disallowed ternary expression.",
                1,
            ),
        ],
    )
    def test_says_what_is_wrong_and_where(self, source, message, line):
        error = refused(source)

        assert (error.message, error.line, error.part) == (message, line, Part.HTML)

    def test_raises_an_error_that_every_edge_understands(self):
        error = refused("{{ x")

        assert isinstance(error, DomainError)
        assert error.code == "template_error"
        assert error.extra == {"line": 1, "part": "html"}

    @pytest.mark.parametrize(
        "expression",
        [
            "x.__class__",
            "x.__class__.__mro__",
            "x['__init__']",
            "x.secret",
            "x.method",
            "globals",
            "self",
            "contact.keys",
        ],
    )
    def test_reaches_nothing_but_items(self, expression):
        class Thing:
            secret = "s3cret"

            def method(self):
                return self.secret

        template = parse(f"[{{{{ {expression} }}}}]", environment=HTML, part=Part.HTML)

        assert template.render(x=Thing(), contact={}) == "[]"

    def test_escapes_values_in_html_and_nowhere_else(self):
        source = "{{ x }}{{ x | escape }}{{ x | safe }}{{ 'a & b' }}"

        html = parse(source, environment=HTML, part=Part.HTML).render(x="<b>")
        text = parse(source, environment=PLAIN, part=Part.TEXT).render(x="<b>")

        assert html == "&lt;b&gt;&lt;b&gt;<b>a & b"
        assert text == "<b><b><b>a & b"


class TestIsComplete:
    @pytest.mark.parametrize("source", ["", "a", "{{ x }}", "{% if x %}a{% endif %}"])
    def test_accepts_sound_pieces(self, source):
        assert is_complete(source)

    @pytest.mark.parametrize("source", ["{% if x %}a", "{% else %}", "{% endif %}", "{{ x"])
    def test_refuses_halves(self, source):
        assert not is_complete(source)


class TestLocalNames:
    def test_are_those_that_tags_give_values_to(self):
        source = (
            "{% assign a = 1 %}{% if x %}{% capture b %}{% endcapture %}{% endif %}"
            "{% for c in y %}{% endfor %}{{ d }}{% increment e %}"
        )
        template = parse(source, environment=HTML, part=Part.HTML)

        assert {"a", "b", "c"} <= local_names(template)
        assert not {"d", "x", "y"} & local_names(template)
