"""The text made from HTML reads well, and is sound Liquid."""

from __future__ import annotations

import pytest
from hypothesis import assume, given

from campaigns.rendering.liquid import PLAIN, is_complete
from campaigns.rendering.text import from_html
from tests.campaigns.rendering.samples import message
from tests.campaigns.rendering.test_markup import soup


def shown(html: str, **contact: object) -> str:
    return PLAIN.from_string(from_html(html)).render(
        contact=contact, unsubscribe_url="https://t.example/u/1"
    )


class TestFromHtml:
    @pytest.mark.parametrize(
        ("html", "text"),
        [
            ("", "\n"),
            ("a  b\n c&nbsp;d", "a b c d\n"),
            ("<p>One</p><p>Two</p>", "One\n\nTwo\n"),
            ("<div>One</div><div>Two</div>", "One\nTwo\n"),
            ("a<br>b<br><br>c", "a\nb\n\nc\n"),
            ("<p>a &amp; b &lt;c&gt; &copy;</p>", "a & b <c> ©\n"),
            ("<b>bo</b>ld <i>x</i>", "bold x\n"),
            ("<h1>Big News</h1><p>x</p>", "Big News\n========\n\nx\n"),
            ("<h2>News</h2>x", "News\n----\n\nx\n"),
            ("<h3>News</h3>x", "News\n\nx\n"),
            ("<h1></h1>x", "x\n"),
            ("a<hr>b", "a\n\n--------------------\n\nb\n"),
            ("<ul><li>a<li><p>b</p></ul>c", "- a\n- b\n\nc\n"),
            ("<ol><li>a</li><li>b</li></ol>", "1. a\n2. b\n"),
            ("<ul><li>a<ol><li>b</li></ol></li></ul>", "- a\n\n  1. b\n"),
            (
                "<table><tr><th>Item</th><th>Price</th></tr><tr><td>Shoe</td><td>3</td></tr></table>",
                "Item  Price\nShoe  3\n",
            ),
            ("<pre>a\n  b</pre>c", "a\n  b\n\nc\n"),
            ("soft&shy;hyphen&#8203;", "softhyphen\n"),
            ("{&#123; x }} {&#37; y", "{{ x }} {% y\n"),
            ("{<b>{{ contact.n }}</b>", "{Zoë\n"),
            ("{% raw %}{{ x }}{% endraw %}", "{{ x }}\n"),
        ],
    )
    def test_keeps_the_shape(self, html, text):
        assert shown(html, n="Zoë") == text

    @pytest.mark.parametrize(
        ("html", "text"),
        [
            (
                '<a href="https://a.example/?x=1&amp;y=2">More</a>',
                "More (https://a.example/?x=1&y=2)\n",
            ),
            ('<a href="https://a.example">https://a.example</a>', "https://a.example\n"),
            ('<a href="https://a.example"><img alt="Shop"></a>', "Shop (https://a.example)\n"),
            ('<a href="https://a.example"><img></a>', "https://a.example\n"),
            ('<a href="mailto:a@b.example?subject=x">Write</a>', "Write (a@b.example)\n"),
            ('<a href="mailto:a@b.example">a@b.example</a>', "a@b.example\n"),
            ('<a href="tel:+431">Call</a>', "Call (+431)\n"),
            ('<a href="#top">Top</a> <a name=x>y</a>', "Top y\n"),
            (
                '<a href="https://a.example/{{ contact.n }}">x</a>',
                "x (https://a.example/Zoë & Co)\n",
            ),
            ('<a href="{{ unsubscribe_url }}">Leave</a>', "Leave (https://t.example/u/1)\n"),
            ('<img alt="Hi {{ contact.n }}"> <img alt=""> <img>', "Hi Zoë & Co\n"),
            ("Hi {{ contact.n | escape }}!", "Hi Zoë & Co!\n"),
        ],
    )
    def test_shows_addresses_pictures_and_values(self, html, text):
        assert shown(html, n="Zoë & Co") == text

    @pytest.mark.parametrize(
        "hidden",
        [
            '<div style="color:red; DISPLAY : none">x<div>y</div></div>',
            "<p hidden>x</p>",
            '<a href="https://trap.example" aria-hidden="true">x</a>',
            "<!--[if mso]><p>x</p><![endif]-->",
            "<!-- x -->",
            "<style>x</style><title>x</title><script>x</script>",
            "{% comment %}x{% endcomment %}",
            '<img aria-hidden="true" alt="x">',
            "<h1 hidden>x</h1>",
        ],
    )
    def test_leaves_out_what_nobody_sees(self, hidden):
        assert shown(f"<p>a</p>{hidden}<p>b</p>") == "a\n\nb\n"

    def test_shows_what_only_outlook_skips(self):
        assert shown("<!--[if !mso]><!--><p>x</p><!--<![endif]-->") == "x\n"

    def test_shows_the_rest_when_a_hidden_element_never_ends(self):
        assert shown('<div style="display:none">x<p>y</p>') == "x\n\ny\n"

    @pytest.mark.parametrize(
        ("plan", "text"),
        [("pro", "Hello\n\nYou are pro\n\nBye\n"), (None, "Hello\n\nBye\n")],
    )
    def test_leaves_no_holes_where_a_condition_fails(self, plan, text):
        html = (
            "<p>Hello</p>\n{%- if contact.plan -%}\n<p>You are {{ contact.plan }}</p>\n"
            "{%- endif -%}\n<p>Bye</p>"
        )

        assert shown(html, plan=plan) == text

    def test_repeats_rows_and_items(self):
        html = (
            "<table>{% for i in contact.items %}<tr><td>{{ i }}</td><td>x</td></tr>{% endfor %}"
            "</table>"
            "<ul>{% for i in contact.items %}<li>{{ i }}</li>{% endfor %}</ul>"
        )

        assert shown(html, items=[1, 2]) == "1  x\n2  x\n\n- 1\n- 2\n\n"

    def test_shows_every_alternative_when_blocks_cross_tags(self):
        html = '<p {% if contact.a %}style="display:none">{% endif %}a</p>{{ contact.b }}'

        assert shown(html, b="b").endswith("b\n")

    @given(soup)
    def test_is_sound_whenever_the_html_is(self, html):
        assume(is_complete(html))

        text = from_html(html)

        PLAIN.from_string(text).render(contact=message().contact)
        assert text.endswith("\n")
