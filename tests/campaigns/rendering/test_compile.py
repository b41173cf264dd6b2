"""A compiled message decodes to exactly what python-liquid and the email package make."""

from __future__ import annotations

import dataclasses
import email
import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from campaigns.rendering import Content, Link, Part, TemplateError, compile_message
from campaigns.rendering.headers import cleaned
from campaigns.rendering.links import decoded, is_web_address
from tests.campaigns.rendering import samples
from tests.campaigns.rendering.samples import (
    BASE_URL,
    SENDER,
    UNTRACKED,
    VARIABLES,
    Signer,
    body,
    filled,
    message,
    name_and_address,
    parsed,
    rendered,
    tokens,
)

WITH_HIDDEN_LINK = dataclasses.replace(SENDER, hidden_link=True)
FORCE_ENGINE = "{% assign forced = 1 %}"
addresses = st.from_regex(r"[a-z0-9.+_-]{1,30}@[a-z0-9-]{1,20}\.example", fullmatch=True)


def encoded(content: Content, sent=None, *, sender=UNTRACKED) -> bytes:
    return compile_message(content, sender=sender, variables=VARIABLES).encode(sent or message())


def html_of(source: str, sent=None, *, sender=SENDER) -> str:
    return body(encoded(Content("s", source, "t"), sent, sender=sender), "html")


def assert_sound(data: bytes) -> None:
    """Fail unless the message is ASCII in CRLF lines of proper length, without defects."""
    assert data.isascii()
    assert data.endswith(b"\r\n")
    assert b"\r" not in data.replace(b"\r\n", b"")
    assert b"\n" not in data.replace(b"\r\n", b"")
    head, _, rest = data.partition(b"\r\n\r\n")
    assert max(map(len, head.split(b"\r\n"))) <= 998
    assert max(map(len, rest.split(b"\r\n"))) <= 76
    assert b"\n." not in data
    for policy in (email.policy.default, email.policy.compat32):
        read = email.message_from_bytes(data, policy=policy)
        assert [part.get_content_type() for part in read.walk()] == [
            "multipart/alternative",
            "text/plain",
            "text/html",
        ]
        assert not [defect for part in read.walk() for defect in part.defects]
    assert not [defect for value in parsed(data).values() for defect in value.defects]


class TestCompileMessage:
    @settings(max_examples=120, deadline=None)
    @given(html=samples.templates, text=samples.templates, contact=samples.contacts)
    def test_decodes_to_the_plain_build(self, html, text, contact):
        content = Content("s", html, text or "t")
        sent = message(contact)

        data = encoded(content, sent)

        assert_sound(data)
        assert (body(data, "plain"), body(data, "html")) == rendered(content, sent)

    @settings(max_examples=60, deadline=None)
    @given(html=samples.plain_templates, contact=samples.contacts)
    def test_gives_the_same_with_and_without_the_engine(self, html, contact):
        sent = message(contact)
        plain = compile_message(Content("s", html, html or "t"), sender=SENDER, variables=VARIABLES)
        content = Content("s", FORCE_ENGINE + html, FORCE_ENGINE + (html or "t"))
        engine = compile_message(content, sender=SENDER, variables=VARIABLES)

        assert not engine.plain
        assert engine.preview(sent).html == plain.preview(sent).html
        assert engine.preview(sent).text == plain.preview(sent).text
        assert engine.links == plain.links

    @settings(max_examples=80, deadline=None)
    @given(subject=samples.templates, contact=samples.contacts, name=samples.text_values)
    def test_never_lets_a_value_become_a_header(self, subject, contact, name):
        content = Content("{{ contact.first_name }}" + subject, "h", "t")
        sent = message(contact, to_name=name)

        data = encoded(content, sent)

        assert_sound(data)
        assert parsed(data)["Subject"] == cleaned(filled(samples.PLAIN, content.subject, sent))
        assert parsed(data).keys() == parsed(encoded(Content("s", "h", "t"))).keys()

    @given(name=samples.text_values, address=addresses)
    def test_addresses_the_contact(self, name, address):
        data = encoded(Content("s", "h", "t"), message(to_name=name, to_address=address))

        header = email.message_from_bytes(data)["To"]
        assert name_and_address(header) == (cleaned(name), address)

    def test_writes_all_headers_of_marketing_mail(self):
        data = encoded(Content("Snow, {{ contact.first_name }}!", "h", "t"), sender=SENDER)

        token = "U" * 40
        assert parsed(data).items() == [
            ("From", "Acme Outdoor <news@acme.example>"),
            ("To", "Zoë Weiß <zoe@mail.example>"),
            ("Subject", "Snow, Zoë!"),
            ("Date", "Mon, 23 Nov 2026 09:00:00 +0000"),
            ("Message-ID", "<abc.123@acme.example>"),
            (
                "List-Unsubscribe",
                f"<{BASE_URL}/u/{token}>, <mailto:unsubscribe+{token}@bounce.acme.example>",
            ),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
            ("Reply-To", "hello@acme.example"),
            ("List-Id", "Weekly news <weekly.acme.example>"),
            ("Feedback-ID", "42:7:marketing:acme"),
            ("MIME-Version", "1.0"),
            ("Content-Type", parsed(data)["Content-Type"]),
        ]

    @pytest.mark.parametrize(
        ("given", "shown"),
        [
            ("<a.example>", "<a.example>"),
            ("Zoë's <news> <a.b-c.example>", "Zoë's <news> <a.b-c.example>"),
            ("A\r\nBcc: x <a.example>", '"A  Bcc: x" <a.example>'),
        ],
    )
    def test_names_the_list(self, given, shown):
        sender = dataclasses.replace(SENDER, list_id=given)

        assert parsed(encoded(Content("s", "h", "t"), sender=sender))["List-Id"] == shown

    @pytest.mark.parametrize("given", ["News", "News <a b>", "News <ä.example>", "<>"])
    def test_refuses_a_list_id_without_an_id(self, given):
        with pytest.raises(TemplateError):
            encoded(Content("s", "h", "t"), sender=dataclasses.replace(SENDER, list_id=given))

    def test_leaves_out_what_the_sender_does_not_have(self):
        sender = dataclasses.replace(
            SENDER, reply_to="", list_id="", feedback_id="", one_click=False
        )

        headers = parsed(encoded(Content("s", "h", "t"), sender=sender)).keys()

        assert headers == [
            "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type",
        ]  # fmt: skip

    def test_offers_https_alone_without_a_mailbox(self):
        sender = dataclasses.replace(SENDER, unsubscribe_mailbox="")

        data = encoded(Content("s", "h", "t"), sender=sender)

        assert parsed(data)["List-Unsubscribe"] == f"<{BASE_URL}/u/{'U' * 40}>"

    def test_adds_extra_headers(self):
        sender = dataclasses.replace(SENDER, extra_headers=(("X-Pool", "wärm\r\nBcc: a@b.c"),))

        data = encoded(Content("s", "h", "t"), sender=sender)

        assert parsed(data)["X-Pool"] == "wärm  Bcc: a@b.c"
        assert parsed(data)["Bcc"] is None

    @pytest.mark.parametrize("name", ["X Y", "X:Y", "Subject", "X\r\nBcc", "", "Ü"])
    def test_refuses_extra_headers_with_impossible_names(self, name):
        sender = dataclasses.replace(SENDER, extra_headers=((name, "x"),))

        with pytest.raises(TemplateError) as caught:
            compile_message(Content("s", "h", "t"), sender=sender, variables={})

        assert caught.value.part is Part.HEADER

    def test_makes_the_text_from_the_html(self):
        data = encoded(Content("s", "<h1>Hi {{ contact.first_name }}</h1><p>&copy; us</p>"))

        assert body(data, "plain") == "Hi Zoë\n==========\n\n© us\n"

    def test_has_no_boundary_in_its_parts(self):
        compiled = compile_message(
            Content("s", "{{ contact.a }}", "{{ contact.a }}"), sender=SENDER, variables={}
        )
        boundary = parsed(compiled.encode(message())).get_boundary()

        data = compiled.encode(message({"a": f"\n--{boundary}--\n--{boundary}\n"}))

        assert_sound(data)
        assert body(data, "plain") == f"\n--{boundary}--\n--{boundary}\n\n"

    def test_shows_in_the_preview_what_it_encodes(self):
        content = Content("Hi {{ contact.first_name }}", "<p>ü</p>", "ü")
        compiled = compile_message(content, sender=UNTRACKED, variables=VARIABLES)

        preview = compiled.preview(message())

        assert (preview.subject, preview.html, preview.text) == ("Hi Zoë", "<p>ü</p>\n", "ü\n")
        assert ("Message-ID", "<abc.123@acme.example>") in preview.headers

    def test_shows_the_preheader_first_and_hidden(self):
        content = Content(
            "s", "<html><body><p>x</p></body></html>", "t", preheader="Hi & {{ contact.n }}"
        )

        html = body(encoded(content, message({"n": "<b>"})), "html")

        assert re.fullmatch(
            r'<html><body><div style="display:none[^"]*" aria-hidden="true">'
            r"Hi &amp; &lt;b&gt;</div>"
            r"<p>x</p></body></html>\n",
            html,
        )

    def test_keeps_a_lone_surrogate_from_breaking_anything(self):
        data = encoded(
            Content("a {{ contact.a }}", "{{ contact.a }}", "t"), message({"a": "x\ud800y"})
        )

        assert_sound(data)
        assert body(data, "html") == "x?y\n"

    @pytest.mark.parametrize(
        ("change", "value"),
        [
            ("to_address", "a@b.example\r\nBcc: c@d.example"),
            ("to_address", "ä@b.example"),
            ("to_address", "a b@c.example"),
            ("to_address", ""),
            ("message_id", "a@b\r\nBcc: c@d.example"),
            ("date", "Mon\nBcc: c@d.example"),
            ("tokens", tokens()._replace(unsubscribe="a\r\nBcc: x")),
            ("tokens", tokens()._replace(clicked="C" * 41)),
        ],
    )
    def test_refuses_a_message_that_would_break_its_headers(self, change, value):
        with pytest.raises(TemplateError) as caught:
            encoded(Content("s", "h", "t"), message(**{change: value}))

        assert caught.value.part is Part.HEADER

    @pytest.mark.parametrize(
        ("content", "part", "line"),
        [
            (Content("{{ x", "h", "t"), Part.SUBJECT, 1),
            (Content("s", "a\n{% if x %}", "t"), Part.HTML, 2),
            (Content("s", "h", "a\n\n{{ x | nope }}"), Part.TEXT, 3),
            (Content("s", "h", "t", "{{ x | }}"), Part.PREHEADER, 1),
            (Content("s", "\n{{ campaign.size | divided_by: 0 }}", "t"), Part.HTML, 2),
        ],
    )
    def test_says_in_which_part_and_line_an_error_is(self, content, part, line):
        with pytest.raises(TemplateError) as caught:
            encoded(content)

        assert (caught.value.part, caught.value.line) == (part, line)
        assert caught.value.message.endswith(".")

    @pytest.mark.parametrize("force", ["", FORCE_ENGINE])
    @pytest.mark.parametrize("part", [Part.SUBJECT, Part.HTML, Part.TEXT])
    def test_says_for_whom_a_template_cannot_be_filled(self, part, force):
        source = force + "\n{{ contact.n | divided_by: contact.by }}"
        compiled = compile_message(
            dataclasses.replace(Content("s", "h", "t"), **{part.value: source}),
            sender=SENDER,
            variables=VARIABLES,
        )

        assert compiled.encode(message({"n": 4, "by": 2}))
        with pytest.raises(TemplateError) as caught:
            compiled.encode(message({"n": 4, "by": 0}))

        assert (caught.value.part, caught.value.line) == (part, 2)
        assert caught.value.message == "A number is divided by zero."

    @pytest.mark.parametrize(
        "source",
        [
            "{% for a in (1..200) %}{% for b in (1..200) %}x{% endfor %}{% endfor %}",
            "{% for a in (1..9999) %}" + "x" * 1000 + "{% endfor %}",
            "{% tablerow a in (1..9999) %}" + "x" * 1000 + "{% endtablerow %}",
            "{% capture c %}{% for a in (1..9999) %}" + "x" * 1000 + "{% endfor %}{% endcapture %}",
            "{% assign a = contact.a %}" + "{% assign a = a | append: a %}" * 30,
            "{{ contact.a | replace: 'a', contact.a | replace: 'a', contact.a }}",
            "{{ contact.a | split: '' | join: contact.a | split: '' | join: contact.a }}",
        ],
    )
    def test_stops_a_template_that_writes_without_end(self, source):
        with pytest.raises(TemplateError):
            encoded(Content("s", source, "t"), message({"a": "a" * 300}))

    @pytest.mark.parametrize("force", ["", FORCE_ENGINE])
    def test_knows_the_data_of_a_transactional_message(self, force):
        source = force + "{{ data.order.number }}{% for i in data.items %}, {{ i }}{% endfor %}"
        data = {"order": {"number": 7}, "items": ["<b>"]}
        compiled = compile_message(Content(source, source, "t"), sender=UNTRACKED, variables={})

        assert compiled.preview(message(data=data)).html == "7, &lt;b&gt;\n"
        assert compiled.preview(message(data=data)).subject == "7, <b>"
        assert compiled.preview(message()).html == "\n"

    def test_needs_no_engine_for_plain_variables(self):
        content = Content(
            "Hi {{ contact.first_name | default: 'you' }}",
            '<a href="https://a.example/?c={{ contact.id }}">{{ contact.city | upcase }}</a>',
            "{{ contact.nested.a }} {{ campaign.name }} {{ unsubscribe_url }}",
        )

        assert compile_message(content, sender=SENDER, variables=VARIABLES).plain


class TestTracking:
    @settings(max_examples=80, deadline=None)
    @given(html=samples.linked_templates, contact=samples.contacts)
    def test_leads_where_the_untracked_message_leads(self, html, contact):
        assume("got | upcase" not in html)  # shouting an address breaks it, tracked or not
        signer = Signer()
        sent = message(contact, tokens=tokens(signer))
        compiled = compile_message(Content("s", html, "t"), sender=SENDER, variables=VARIABLES)

        tracked = samples.PIXEL.sub("", compiled.preview(sent).html)
        untracked = body(encoded(Content("s", html, "t"), sent), "html")

        href = re.compile('(?<=<a id=L href=")[^"]*')
        # Liquid may trim the last line end of all, which stands elsewhere beside a pixel.
        assert href.sub("", tracked).rstrip("\n") == href.sub("", untracked).rstrip("\n")
        click = f"{BASE_URL}/t/c/"
        urls = {f"{click}{'C' * 40}.{link.number}": link.url for link in compiled.links}
        urls |= {click + token: url for (_, url), token in signer.signed.items()}
        for found, original in zip(href.findall(tracked), href.findall(untracked), strict=True):
            assert urls.get(found, decoded(found)) == decoded(original)
            assert found.startswith(click) == (
                is_web_address(decoded(original)) and "/u/" not in original
            )

    def test_changes_hrefs_and_adds_a_pixel_and_nothing_else(self):
        source = "<BODY>\r\n<A HREF = 'https://a.example/?x=1&amp;y=2' >a</A>\r\n</BODY>\r\n"

        html = html_of(source)

        pixel = samples.PIXEL.search(html)
        assert pixel is not None
        assert pixel.group().startswith(f'<img src="{BASE_URL}/t/o/{"O" * 40}.gif" width="1" ')
        assert html.replace(pixel.group(), "") == (
            f"<BODY>\n<A HREF = '{BASE_URL}/t/c/{'C' * 40}.1' >a</A>\n</BODY>\n"
        )
        assert html.index(pixel.group()) == html.index("</BODY>") - len(pixel.group())

    def test_does_neither_when_the_sender_does_not_want_it(self):
        source = '<body><a href="https://a.example/">a</a></body>\n'

        assert html_of(source, sender=UNTRACKED) == source

    def test_puts_the_pixel_at_the_end_without_a_body(self):
        assert samples.PIXEL.sub("", html_of("<p>x")) == "<p>x\n"
        assert samples.PIXEL.search(html_of("<p>x")).end() == len(html_of("<p>x"))

    @pytest.mark.parametrize(
        "source",
        [
            "<body>x</body>|</body><!-- </body> -->\n",
            "<body>x|</body><!--[if mso]></body><![endif]-->\n",
            "<body>x|</body>{% comment %}</body>{% endcomment %}<title></body></title>\n",
        ],
    )
    def test_puts_the_pixel_before_the_last_real_end_of_the_body(self, source):
        html = html_of(source.replace("|", ""))

        expected = source.replace("{% comment %}</body>{% endcomment %}", "")
        assert samples.PIXEL.sub("|", html) == expected

    def test_adds_a_hidden_link_before_the_pixel_and_nothing_else(self):
        source = (
            '<body><a href="{{ contact.url }}">a</a><a href="https://b.example/?x=1&amp;y=2">b</a>'
            "\n</BODY>\n"
        )

        html = html_of(source, sender=WITH_HIDDEN_LINK)

        [hidden] = re.findall(r'<a href="[^"]*" rel="nofollow" aria-hidden="true"[^>]*></a>', html)
        assert f'{BASE_URL}/t/c/{"C" * 40}.3"' in hidden
        assert 'tabindex="-1" style="display:none' in hidden
        assert html.replace(hidden, "") == html_of(source)
        assert html.index(hidden) < html.index("/t/o/") < html.index("</BODY>")

    def test_keeps_the_hidden_link_apart_from_the_others(self):
        source = (
            '<a href="https://a.example/{{ contact.id }}">a</a><a href="https://b.example">b</a>'
        )

        compiled = compile_message(
            Content("s", source, ""), sender=WITH_HIDDEN_LINK, variables=VARIABLES
        )

        assert [(link.number, link.hidden) for link in compiled.links] == [
            (1, False),
            (2, False),
            (3, True),
        ]
        assert compiled.links[2].url == compiled.links[1].url == "https://b.example"
        assert ".3" not in compiled.preview(message()).text

    @pytest.mark.parametrize(
        ("source", "sender"),
        [
            ("<body>no link</body>\n", SENDER),
            ('<a href="{{ contact.url }}">a</a>\n', SENDER),
            ('<a href="https://a.example">a</a>\n', UNTRACKED),
        ],
    )
    def test_adds_no_hidden_link_where_no_click_is_followed(self, source, sender):
        hiding = dataclasses.replace(sender, hidden_link=True)

        assert html_of(source, sender=hiding) == html_of(source, sender=sender)

    def test_numbers_links_in_the_order_of_the_source(self):
        source = (
            '<a href="https://a.example/?x=1&amp;y=2">a</a><a href="mailto:x@y.example">m</a>'
            '<area href="HTTP://b.example">'
            '<a href="https://c.example/{{ contact.id }}?a&amp;b">c</a>'
            '<a href="{{ organization.site }}/{{ campaign.slug }}">d</a>'
        )

        compiled = compile_message(Content("s", source, "t"), sender=SENDER, variables=VARIABLES)

        assert compiled.links == (
            Link(1, "https://a.example/?x=1&y=2", dynamic=False),
            Link(2, "HTTP://b.example", dynamic=False),
            Link(3, "https://c.example/{{ contact.id }}?a&b", dynamic=True),
            Link(4, "https://acme.example/news-11", dynamic=False),
        )

    @pytest.mark.parametrize("force", ["", FORCE_ENGINE])
    def test_signs_the_address_that_a_browser_would_follow(self, force):
        signer = Signer()
        source = (
            force + '<a href=" https://a.example/?c={{ contact.id }}&amp;b={{ contact.q }}#f">a</a>'
        )
        sent = message({"id": 7, "q": "x y&z\"'"}, tokens=tokens(signer))

        html = html_of(source, sent)

        assert signer.signed == {(1, "https://a.example/?c=7&b=x y&z\"'#f"): "signed.1.0"}
        assert f'<a href="{BASE_URL}/t/c/signed.1.0">a</a>' in html

    @pytest.mark.parametrize(
        ("plan", "url"), [("pro", "https://pro.example"), ("free", "https://free.example/?a&b")]
    )
    def test_signs_the_alternative_that_applies(self, plan, url):
        signer = Signer()
        source = (
            '<a href="{% if contact.plan == "pro" %}https://pro.example{% else %}'
            'https://free.example/?a&amp;b{% endif %}">a</a>'
        )

        html_of(source, message({"plan": plan}, tokens=tokens(signer)))

        assert list(signer.signed) == [(1, url)]

    @pytest.mark.parametrize("force", ["", FORCE_ENGINE])
    @pytest.mark.parametrize(
        "value", ["mailto:a@b.example", "", "#top", "/x", "javascript:alert(1)", f"{BASE_URL}/u/x"]
    )
    def test_leaves_an_address_that_turns_out_to_be_none_of_the_web(self, value, force):
        source = force + '<a href="{{ contact.url }}">a</a>'
        signer = Signer()

        html = html_of(source, message({"url": value}, tokens=tokens(signer)))

        assert samples.PIXEL.sub("", html) == f'<a href="{value}">a</a>\n'
        assert not signer.signed

    def test_tracks_links_in_loops_and_captures(self):
        source = (
            "{% capture box %}<a href='https://a.example'>a</a>{% endcapture %}{{ box }}"
            "{% for i in (1..2) %}<a href='https://b.example'>b</a>"
            "<a href='https://c.example/{{ i }}'>c</a>{% endfor %}"
            "{% tablerow i in (1..1) %}<a href='https://d.example/{{ i }}'>d</a>{% endtablerow %}"
        )
        signer = Signer()

        html = html_of(source, message({}, tokens=tokens(signer)))

        click = f"{BASE_URL}/t/c/{'C' * 40}"
        assert re.findall(r"href='([^']*)'", html) == [
            f"{click}.1",
            f"{click}.2",
            f"{BASE_URL}/t/c/signed.3.0",
            f"{click}.2",
            f"{BASE_URL}/t/c/signed.3.1",
            f"{BASE_URL}/t/c/signed.4.2",
        ]
        assert [url for _, url in signer.signed] == [
            "https://c.example/1",
            "https://c.example/2",
            "https://d.example/1",
        ]

    @pytest.mark.parametrize(
        "link",
        [
            '<a href="{{ unsubscribe_url }}">out</a>',
            "<a href='{{ preferences_url }}?x=1'>out</a>",
            '<a href="https://a.example" data-track="false">out</a>',
            '<!-- <a href="https://a.example">x</a> -->',
            "<title><a href='https://a.example'></title>",
        ],
    )
    def test_leaves_some_links_alone(self, link):
        compiled = compile_message(Content("s", link, "t"), sender=SENDER, variables=VARIABLES)

        assert compiled.links == ()
        assert "/t/c/" not in compiled.preview(message()).html

    def test_leaves_an_address_in_which_a_block_begins(self):
        source = '<a href="https://a/{% if contact.a %}b">x</a>{% else %}c">y</a>{% endif %}'

        html = html_of(source, message({"a": 1}))

        assert samples.PIXEL.sub("", html) == '<a href="https://a/b">x</a>\n'

    def test_fits_long_addresses_into_the_lines(self):
        sender = dataclasses.replace(
            SENDER, base_url="https://" + "a.very.long.name." * 8 + "example"
        )

        data = encoded(
            Content("s", '<a href="https://a.example">a</a>{{ unsubscribe_url }}', "t"),
            sender=sender,
        )

        assert_sound(data)
        assert f'"{sender.base_url}/t/c/{"C" * 40}.1"' in body(data, "html")

    def test_is_not_misled_by_its_own_markers(self):
        source = 'mailwright0x1; <a href="https://a.example">mailwright00x0;</a> {{ contact.a }}'

        html = html_of(source, message({"a": "mailwright000x1;"}))

        href = f"{BASE_URL}/t/c/{'C' * 40}.1"
        assert samples.PIXEL.sub("", html) == (
            f'mailwright0x1; <a href="{href}">mailwright00x0;</a> mailwright000x1;\n'
        )
