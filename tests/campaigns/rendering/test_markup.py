"""HTML with Liquid is cut as browsers cut it, and nothing of it is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.rendering.markup import Kind, liquid_spans, tokens

_PIECES = """<a </a < </ href HREF = " ' > / <!-- --> <!--[if <![endif]--> ]> <!doctype é &amp; x
<style> </style> <title> </title> {{ }} {% %} {%raw%} {%endraw%} {%comment%} {%endcomment%}"""
soup = st.lists(st.sampled_from([*_PIECES.split(), " ", "\n", "\r\n", "\t"]), max_size=40).map(
    "".join
)


def cut(source: str) -> list[tuple[Kind, str]]:
    return [(token.kind, source[token.start : token.end]) for token in tokens(source)]


def attributes(source: str) -> list[tuple[str, str]]:
    (token,) = [token for token in tokens(source) if token.kind is Kind.OPEN]
    return [(a.name, source[a.start : a.end]) for a in token.attributes]


class TestTokens:
    @given(soup)
    def test_lose_nothing_and_overlap_nowhere(self, source):
        found = tokens(source)

        assert "".join(source[token.start : token.end] for token in found) == source
        assert all(
            token.start <= a.start <= a.end <= token.end
            for token in found
            for a in token.attributes
        )

    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            ('<a href="x">', [("href", "x")]),
            ("<A HREF = 'x > y' b>", [("href", "x > y"), ("b", "")]),
            ("<a href=x/y/>", [("href", "x/y/")]),
            ("<a\nhref\n=\n'x'\n>", [("href", "x")]),
            ("<a href= >", [("href", "")]),
            ("<a href==x>", [("href", "=x")]),
            ('<a b="1"href="2">', [("b", "1"), ("href", "2")]),
            ("<a b/href=2>", [("b", ""), ("href", "2")]),
            ("<a href={{ x.y | default: 'a>b' }}>", [("href", "{{ x.y | default: 'a>b' }}")]),
            ('<a {% if x == ">" %}href="1"{% endif %}>', [("href", "1")]),
            ('<a href="{{ "x" }}">', [("href", '{{ "x" }}')]),
            ('<a data-{{ x }}="1" href=2>', [("data-{{ x }}", "1"), ("href", "2")]),
        ],
    )
    def test_find_attributes(self, source, expected):
        found = attributes(source)

        assert found[-1] == expected[-1]
        assert [value for _, value in found] == [value for _, value in expected]

    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            ("a < b <3", [(Kind.TEXT, "a < b <3")]),
            ("<!-- <a> -->x", [(Kind.COMMENT, "<!-- <a> -->"), (Kind.TEXT, "x")]),
            ("<!-->x", [(Kind.COMMENT, "<!-->"), (Kind.TEXT, "x")]),
            ("<!-- x", [(Kind.COMMENT, "<!-- x")]),
            ("<!DOCTYPE html>", [(Kind.COMMENT, "<!DOCTYPE html>")]),
            ("a<b c='", [(Kind.TEXT, "a"), (Kind.COMMENT, "<b c='")]),
            (
                "<!--[if mso]>x<![endif]-->",
                [
                    (Kind.CONDITION, "<!--[if mso]>"),
                    (Kind.TEXT, "x"),
                    (Kind.CONDITION_END, "<![endif]-->"),
                ],
            ),
            ("<!--[if mso]>x-->", [(Kind.COMMENT, "<!--[if mso]>x-->")]),
            (
                "<!--[if !mso]><!-->x<!--<![endif]-->",
                [
                    (Kind.REVEALED, "<!--[if !mso]><!-->"),
                    (Kind.TEXT, "x"),
                    (Kind.CONDITION_END, "<!--<![endif]-->"),
                ],
            ),
            (
                "<STYLE>a>b{}</p></Style >",
                [
                    (Kind.OPEN, "<STYLE>"),
                    (Kind.RAW, "a>b{}</p>"),
                    (Kind.CLOSE, "</Style >"),
                ],
            ),
            (
                "a{{ b }}{% if c %}",
                [(Kind.TEXT, "a"), (Kind.OUTPUT, "{{ b }}"), (Kind.CONTROL, "{% if c %}")],
            ),
            (
                "{% comment %}{% comment %}<a>{% endcomment %}{{ x }}{% endcomment %}y",
                [
                    (
                        Kind.HIDDEN,
                        "{% comment %}{% comment %}<a>{% endcomment %}{{ x }}{% endcomment %}",
                    ),
                    (Kind.TEXT, "y"),
                ],
            ),
        ],
    )
    def test_are_of_the_right_kind(self, source, expected):
        assert cut(source) == expected


class TestLiquidSpans:
    @given(soup)
    def test_are_in_order_and_apart(self, source):
        spans = liquid_spans(source)

        ends = [0, *(span.end for span in spans)]
        assert all(end <= span.start for end, span in zip(ends, spans, strict=False))

    def test_leave_out_what_raw_protects(self):
        source = "{% raw %}{{ x }}{% endraw %}{{ y }}"

        found = [source[span.start : span.end] for span in liquid_spans(source)]

        assert found == ["{% raw %}", "{% endraw %}", "{{ y }}"]
