"""Links are found to the character, whatever the HTML around them looks like."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.rendering import Content, compile_message
from campaigns.rendering.links import decoded, find_links
from tests.campaigns.rendering.samples import BASE_URL, PIXEL, SENDER, body, message

FOLLOWED = [
    "https://a.example",
    "HTTP://A.example/",
    "https://a.example/?x=1&amp;y=2#top",
    "https://a.example/?x=1&copy=2",
    "https://ä.example/ü",
    "http://a.example/&#x61;",
    "https://a.example/{b}[c]|d",
    "https://user@a.example:8080/x;y,z",
]
LEFT_ALONE = [
    "mailto:a@b.example",
    "tel:+1",
    "#top",
    "javascript:x()",
    "cid:1",
    "/x",
    "ftp://x",
    "",
]
FILLERS = [
    "text",
    "\r\n",
    "<p>",
    "</p >",
    "<br/>",
    "1 < 2 <3",
    "&amp;",
    "<img alt=\"<a href='https://no.example'>\">",
    "<p title='<a href=https://no.example>'>",
    "<!-- <a href='https://no.example'> -->",
    "<!-->",
    "<![if !mso]>",
    "<![endif]-->",
    "<!--[if !mso]><!-->",
    "<!--<![endif]-->",
    "<STYLE>a[href='https://no.example']{}</STYLE>",
    "<script>'<a href=\"https://no.example\">'</script>",
    "<title><a href='https://no.example'></title>",
    "<textarea><a href='https://no.example'></TEXTAREA>",
    "<abbr href='https://no.example'>",
    "<link href='https://no.example'>",
    "<a name='x'>",
    "<a data-href='https://no.example'>",
    "<a href='https://no.example' DATA-TRACK='False'>",
    "<BODY>",
    "</BODY>",
    "</html>",
]
spaces = st.sampled_from(["", " ", "\n", "\r\n\t"])


@st.composite
def anchors(draw):
    """Return a link, and the value of its href if it is followed."""
    value = draw(st.sampled_from(FOLLOWED + LEFT_ALONE))
    followed = value in FOLLOWED
    quote = draw(st.sampled_from(['"', "'", ""])) if value else '"'
    name = draw(st.sampled_from(["href", "HREF", "Href"]))
    tag = draw(st.sampled_from(["a", "A", "area"]))
    before = draw(
        st.sampled_from(["", "class=x ", "title='a > b' ", "{% if contact.x %}id=1{% endif %} "])
    )
    after = draw(st.sampled_from(["", " target=_blank", " href='https://second.example'", " /"]))
    if quote:
        value = draw(spaces) + value + draw(spaces)
    html = f"<{tag} {before}{name}{draw(spaces)}={draw(spaces)}{quote}{value}{quote}{after}>"
    return html, [value] if followed else []


fillers = st.sampled_from(FILLERS).map(lambda filler: (filler, []))


@st.composite
def conditions(draw):
    """Return what only Outlook reads, and the followed values in it."""
    without_comments = fillers.filter(lambda part: "--" not in part[0])
    inside = draw(st.lists(st.one_of(without_comments, anchors()), max_size=3))
    html = "".join(html for html, _ in inside)
    return f"<!--[if mso | IE]>{html}<![endif]-->", [v for _, values in inside for v in values]


pieces = st.lists(st.one_of(fillers, anchors(), conditions()), max_size=12).map(
    lambda parts: ("".join(html for html, _ in parts), [v for _, values in parts for v in values])
)


def with_line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n")


class TestFindLinks:
    @given(pieces)
    def test_finds_every_followed_link_and_no_other(self, piece):
        source, values = piece

        found = [source[link.start : link.end] for link in find_links(source)]

        assert found == values

    @settings(max_examples=100, deadline=None)
    @given(pieces)
    def test_lets_everything_else_stay_as_it_is(self, piece):
        source, values = piece
        compiled = compile_message(Content("s", source, "t"), sender=SENDER, variables={})

        html = body(compiled.encode(message({"x": 1})), "html")

        html, pixels = PIXEL.subn("", html)
        click = re.compile(rf"{BASE_URL}/t/c/{'C' * 40}\.([0-9]+)")
        restored = click.sub(lambda match: with_line_feeds(values[int(match[1]) - 1]), html)
        expected = re.sub("{% (end)?if.*?%}", "", with_line_feeds(source))
        assert restored == (expected if expected.endswith("\n") else expected + "\n")
        assert pixels == 1
        assert [link.url for link in compiled.links] == [decoded(v) for v in values]

    @pytest.mark.parametrize(
        ("href", "dynamic"),
        [
            ("{{ contact.url }}", True),
            ("https://a.example/{{ contact.id }}", True),
            ("http{% if x %}s{% endif %}://a.example", True),
            ("HTTPS://{{ x }}", True),
            ("  {{ x }}", True),
            ("{% raw %}https://a.example/{{ x }}{% endraw %}", True),
        ],
    )
    def test_finds_links_with_liquid(self, href, dynamic):
        source = f'<a title="{{{{ x }}}}" href="{href}">x</a>'

        (link,) = find_links(source)

        assert (source[link.start : link.end], link.dynamic) == (href, dynamic)

    @pytest.mark.parametrize(
        "href",
        [
            "mailto:{{ contact.email }}",
            "#{{ x }}",
            "/{{ x }}",
            "{{ unsubscribe_url }}",
            "https://a.example/?next={{ preferences_url | url_encode }}",
        ],
    )
    def test_leaves_liquid_alone_that_leads_elsewhere(self, href):
        assert find_links(f"<a href='{href}'>x</a>") == []

    def test_finds_unquoted_liquid(self):
        source = "<a href={{ contact.url }} class=x>x</a>"

        (link,) = find_links(source)

        assert source[link.start : link.end] == "{{ contact.url }}"


class TestDecoded:
    @pytest.mark.parametrize(
        ("value", "url"),
        [
            ("https://a/?b=1&amp;c=2", "https://a/?b=1&c=2"),
            ("https://a/?b=1&copy=2&reg", "https://a/?b=1&copy=2®"),
            ("https://a/?b&copy;&notit;&lt", "https://a/?b©&notit;<"),
            ("https://a/&#38;&#x26;&#38x", "https://a/&&&x"),
            ("https://a/&#0;&#xD800;&#x110000;&#128;", "https://a/���€"),
            (" \n https://a/b\n\tc \x0b", "https://a/bc"),
            ("https://a/&nosuch;&;&x", "https://a/&nosuch;&;&x"),
            ("https://a/b c", "https://a/b c"),
        ],
    )
    def test_gives_the_address_that_a_browser_follows(self, value, url):
        assert decoded(value) == url
