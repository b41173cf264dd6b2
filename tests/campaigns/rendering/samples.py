"""Contacts, templates and messages for the tests of rendering, and the plain way to build them."""

from __future__ import annotations

import dataclasses
import email
import email.policy
import re
from collections.abc import Mapping
from email.header import decode_header, make_header
from email.message import EmailMessage

from hypothesis import strategies as st
from liquid.builtin.output import Output, OutputNode
from liquid.builtin.tags.echo_tag import EchoTag
from liquid.stringify import to_liquid_string

from campaigns.rendering import Content, Message, Sender, Tokens, liquid

BASE_URL = "https://track.acme.example"
VARIABLES = {
    "campaign": {"name": "News & <more>", "slug": "news-11", "size": 3},
    "organization": {"name": "Acme", "site": "https://acme.example", "timezone": "Europe/Vienna"},
}
SENDER = Sender(
    from_name="Acme Outdoor",
    from_address="news@acme.example",
    reply_to="hello@acme.example",
    list_id="Weekly news <weekly.acme.example>",
    feedback_id="42:7:marketing:acme",
    base_url=BASE_URL,
    unsubscribe_mailbox="unsubscribe@bounce.acme.example",
    one_click=True,
    track_opens=True,
    track_clicks=True,
)
UNTRACKED = dataclasses.replace(SENDER, track_opens=False, track_clicks=False)
PIXEL = re.compile(r'<img src="https://track\.acme\.example/t/o/[^"]*\.gif"[^>]*>')


class PlacedOutput(OutputNode):
    """Writes a value with LF for every line end in it: the one rule of ours in the plain build."""

    def render_to_output(self, context, buffer):
        value = self.expression.evaluate(context)
        return buffer.write(with_line_feeds(to_liquid_string(value, context.autoescape)))


class PlacedOutputTag(Output):
    node_class = PlacedOutput


class PlacedEchoTag(EchoTag):
    node_class = PlacedOutput


PLAIN = liquid.Sandbox(autoescape=False)
HTML = liquid.Sandbox(autoescape=True)
for environment in (PLAIN, HTML):
    environment.add_tag(PlacedOutputTag)
    environment.add_tag(PlacedEchoTag)


class Signer:
    """Signs addresses and remembers them: the same address always gets the same token."""

    def __init__(self) -> None:
        self.signed: dict[tuple[int, str], str] = {}

    def __call__(self, number: int, url: str) -> str:
        return self.signed.setdefault((number, url), f"signed.{number}.{len(self.signed)}")


def tokens(signer: Signer | None = None) -> Tokens:
    """Return tokens as long as they may be."""
    return Tokens(
        opened="O" * 40,
        clicked="C" * 40,
        unsubscribe="U" * 40,
        preferences="P" * 40,
        sign_url=signer or Signer(),
    )


def message(contact: Mapping[str, object] | None = None, **changes: object) -> Message:
    """Return a message to Zoë, or whatever else `changes` say."""
    given = Message(
        to_address="zoe@mail.example",
        to_name="Zoë Weiß",
        message_id="abc.123@acme.example",
        date="Mon, 23 Nov 2026 09:00:00 +0000",
        contact={"first_name": "Zoë", "email": "zoe@mail.example"} if contact is None else contact,
        tokens=tokens(),
    )
    return given._replace(**changes)


def parsed(data: bytes) -> EmailMessage:
    """Return an encoded message as Python's email package reads it."""
    return email.message_from_bytes(data, policy=email.policy.default)


def name_and_address(header: str) -> tuple[str, str]:
    """Return what a raw To header says (RFC 5322, RFC 2047)."""
    shown, bracket, address = header.rpartition("<")
    if not bracket:
        return "", header
    shown = shown.removesuffix(" ").removesuffix("\r\n")
    if shown.startswith('"'):
        return re.sub(r"\\(.)", r"\1", shown[1:-1]), address.rstrip(">")
    return str(make_header(decode_header(shown))), address.rstrip(">")


def body(data: bytes, subtype: str) -> str:
    """Return what one part of an encoded message decodes to, with LF."""
    part = parsed(data).get_body((subtype,))
    assert part is not None
    return part.get_content().replace("\r\n", "\n")


def filled(environment: liquid.Sandbox, source: str, sent: Message) -> str:
    """Return a template filled in by python-liquid."""
    return environment.from_string(with_line_feeds(source)).render(
        **VARIABLES,
        contact=sent.contact,
        unsubscribe_url=f"{BASE_URL}/u/{sent.tokens.unsubscribe}",
        preferences_url=f"{BASE_URL}/p/{sent.tokens.preferences}",
    )


def rendered(content: Content, sent: Message) -> tuple[str, str]:
    """Return text and HTML as python-liquid and the email package make them."""
    text = filled(PLAIN, _ending_in_line(content.text), sent)
    html = filled(HTML, _ending_in_line(content.html), sent)
    built = EmailMessage(policy=email.policy.SMTP)
    built.set_content(text)
    built.add_alternative(html, subtype="html")
    data = built.as_bytes()
    return _as_given(body(data, "plain"), text), _as_given(body(data, "html"), html)


def _as_given(decoded: str, text: str) -> str:
    """Return `decoded` without the line end that the email package gives to a text without one."""
    return decoded if text.endswith("\n") else decoded.removesuffix("\n")


def _ending_in_line(source: str) -> str:
    return source if source.endswith(("\r", "\n")) else source + "\n"


def with_line_feeds(text: str) -> str:
    """Return `text` with LF for every line end in it."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


# -- what contacts and templates may contain

AWKWARD = [
    "",
    " ",
    "Zoë",
    "😀👨‍👩‍👧 emoji",
    "עומר\u200f מאיר",
    "محمد",
    'O\'Neil "the" <b>&amp; Söhne</b>',
    "=?utf-8?q?forged?=",
    "a=b=c=",
    "x" * 300,
    "ü" * 300,
    "word " * 60,
    "line\r\nBcc: victim@mail.example",
    "line\nX-Injected: 1\n\nbody",
    "carriage\rreturn",
    ".\r\n.\n..",
    "From here to there\nFrom me",
    "trailing  ",
    "tab\t",
    "\x00\x01\x1f\x7f\x85\u2028\u2029",
    "{{ contact.email }}{% if x %}",
    "https://mail.example/?a=1&b=2#c",
    "%s %(x)s {0} \\1",
    "mailwright0x1;",
    "--=_boundary",
]
text_values = st.one_of(
    st.sampled_from(AWKWARD),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=90),
    st.text(st.sampled_from("ab =.\n\rF<&é😀"), max_size=300),
)
scalars = st.one_of(
    text_values,
    text_values,
    st.none(),
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.floats(allow_nan=False, allow_infinity=False),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["a", "b", "name"]), inner, max_size=3),
    ),
    max_leaves=5,
)
KEYS = ["first_name", "last_name", "email", "city", "items", "nested", "flag"]
contacts = st.dictionaries(st.sampled_from(KEYS), values)

EXPRESSIONS = [
    "contact.first_name",
    "contact.last_name",
    'contact["city"]',
    "contact.nested.a",
    "contact.nested.a.b",
    "contact.items[0]",
    "contact.items[0].name",
    "contact.items.first",
    "contact.items.size",
    "contact.missing.deeper",
    "contact",
    "unknown",
    "campaign.name",
    "campaign.size",
    "organization.site",
    "unsubscribe_url",
    "preferences_url | append: '?x=1'",
    "'literal <b> & \"text\"'",
    "3",
    "nil",
    'contact.first_name | default: "you & <i>me</i>"',
    "contact.first_name | default: contact.email | upcase",
    "contact.flag | default: 'no', allow_false: true",
    "contact.city | downcase | capitalize",
    "contact.city | escape",
    "contact.city | strip",
    "contact.city | truncate: 12",
    "contact.city | truncate: 5, contact.flag",
    "contact.city | url_encode",
    "contact.city | replace: 'a', '<b>'",
    "contact.city | append: ' & more' | prepend: '<'",
    "contact.city | newline_to_br",
    "contact.city | split: ' ' | join: ','",
    "contact.city | safe",
    "contact.items | join: ' '",
    "contact.city | titlecase",
    "contact.email | number: 2",
    "contact.nested | size",
    "(1..3)",
]
literals = st.one_of(
    st.sampled_from(
        [
            "<p>Hello</p>\n",
            " ",
            "\n",
            "\r\n",
            ".\n",
            "\n.",
            "From the start\n",
            "=" * 90,
            "a" * 100,
            "ä" * 60,
            "word " * 40,
            " \n",
            "\t\n",
            "&amp; &lt;",
            "😀",
        ]
    ),
    st.text(st.sampled_from("ab =.\nF<&é\t"), max_size=120),
)
outputs = st.sampled_from(EXPRESSIONS).map(lambda e: f"{{{{ {e} }}}}")
plain_fragments = st.one_of(
    literals,
    outputs,
    st.sampled_from(["{% comment %}{{ x }}{% endcomment %}", "{% raw %}{{ x }}{% endraw %}"]),
)


def _blocks(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    shapes = [
        "{{% if contact.first_name %}}{0}{{% else %}}{1}{{% endif %}}",
        '{{% unless contact.city == "x" %}}{0}{{% endunless %}}{1}',
        "{{% case contact.flag %}}{{% when true %}}{0}{{% else %}}{1}{{% endcase %}}",
        "{{% for i in contact.items %}}{0}{{{{ forloop.index }}}}{{{{ i.a }}}}{{% endfor %}}{1}",
        "{{% for i in contact.nested.b %}}{0}{{{{ i }}}}{{% else %}}{1}{{% endfor %}}",
        "{{% for i in (1..3) %}}{0}{{% if i > 1 %}}{{% break %}}{{% endif %}}{{% endfor %}}{1}",
        "{{% for i in X %}}{{% ifchanged %}}{0}{{% break %}}{{% endifchanged %}}{{% endfor %}}{1}",
        "{{% assign name = contact.city | default: 'x' %}}{0}{{{{ name }}}}{1}",
        "{{% capture got %}}{0}{{% endcapture %}}{1}{{{{ got }}}}{{{{ got | upcase }}}}",
        "{{% for i in (1..2) %}}{{% cycle 'odd', '<even>' %}}{0}{1}{{% endfor %}}",
        "{{% tablerow i in (1..3) cols: 2 %}}{0}{{{{ i }}}}{{% endtablerow %}}{1}",
        "{{% increment n %}}{0}{{% increment n %}}{1}",
        "{{% for contact in contact.items %}}{{{{ contact }}}}{0}{{% endfor %}}{1}",
        "{{%- if contact.email -%}} {0} {{%- endif -%}} {1}",
        "{{% echo contact.flag %}}{0}{{% echo contact.email %}}{1}",
    ]
    return st.builds(
        lambda shape, one, two: shape.replace(" X ", " (1..3) ").format(one, two),
        st.sampled_from(shapes),
        inner,
        inner,
    )


link_fragments = st.sampled_from(
    [
        '<a id=L href="https://a.example/?x=1&amp;y=2#top">',
        '<a id=L href="https://a.example/{{ contact.city | url_encode }}?b&amp;c">',
        '<a id=L href="{{ contact.first_name }}">',
        '<a id=L href="https://{{ contact.email }}">',
        '<a id=L href="{% if contact.flag %}https://b.example{% else %}mailto:x@y.z{% endif %}">',
        '<a id=L href="{{ organization.site }}/{{ campaign.slug }}">',
        '<a id=L href="https://c.example/{{ i }}{{ name }}">',
        '<a id=L href="{{ unsubscribe_url }}">',
    ]
)
plain_templates = st.lists(plain_fragments, max_size=8).map("".join)
templates = st.recursive(
    plain_templates,
    lambda inner: st.lists(st.one_of(plain_fragments, _blocks(inner)), max_size=5).map("".join),
    max_leaves=6,
)
words = st.sampled_from(["word ", "<p>\n", "=", "ä" * 50, "&amp;", "{{ contact.city }}"])
linked_templates = st.recursive(
    st.lists(st.one_of(link_fragments, words), max_size=4).map("".join),
    lambda inner: st.lists(st.one_of(link_fragments, _blocks(inner)), max_size=4).map("".join),
    max_leaves=6,
)
