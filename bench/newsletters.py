"""The newsletters that are sent: about 6 KB on the wire, nine links, contacts that all differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SUBJECT = "{{ contact.first_name }}, what is new in {{ contact.city }}"

_STORY = (
    '<tr><td style="padding:14px 24px;font-family:Helvetica,Arial,sans-serif">'
    '<h2 style="margin:0 0 6px;font-size:18px">'
    '<a href="https://shop.example.com/stories/{number}?from=letter&amp;month=november">'
    "Story number {number}</a></h2><p>{text}</p></td></tr>\n"
)
_STORY_TEXT = (
    "Three weeks on the road with a van full of samples, and this is what we would buy again: the "
    "things that got better with use, and the one that made everybody laugh on the last evening. "
    "All of it is in the shop until Sunday, some of it for less than it cost us to bring it home."
)
_STORIES = 8

PLAIN_OPENING = (
    "<p>Hello {{ contact.first_name }},</p>\n"
    "<p>your {{ contact.plan }} plan runs until {{ contact.renews_on }}. In {{ contact.city }} we "
    "are open until eight, and {{ contact.points }} points wait for you.</p>\n"
)
LIQUID_OPENING = (
    '<p>Hello {{ contact.first_name | default: "there" | capitalize }},</p>\n'
    '{% if contact.plan == "pro" %}<p>your Pro plan runs until '
    '{{ contact.renews_on | date: "%-d %B" }}.</p>'
    "{% else %}<p>in {{ contact.city | upcase }} we are open until eight.</p>{% endif %}\n"
    "{% for item in contact.basket %}<p>{{ forloop.index }}. {{ item.name }}: "
    "{{ item.price | number: 2 }}{% if item.new %} (new){% endif %}</p>\n{% endfor %}"
)
TEXT = (
    "Hello {{ contact.first_name }},\n\n" + _STORY_TEXT + "\n\nAll stories: "
    "https://shop.example.com/stories\n\nNo more letters: {{ unsubscribe_url }}\n"
)


@dataclass(frozen=True, slots=True)
class Newsletter:
    """A message that a campaign sends; `html` and `subject` in Liquid."""

    html: str
    subject: str = SUBJECT
    text: str = TEXT


def newsletter(opening: str) -> Newsletter:
    """Return the newsletter that begins with `opening`."""
    stories = "".join(
        _STORY.format(number=number, text=_STORY_TEXT) for number in range(1, _STORIES + 1)
    )
    return Newsletter(
        "<!DOCTYPE html>\n<html><head><title>What is new</title></head>\n<body><table>\n<tr><td>"
        f'{opening}</td></tr>\n{stories}<tr><td><a href="https://shop.example.com/stories">'
        'All stories</a> <a href="{{ unsubscribe_url }}">Unsubscribe</a></td></tr></table></body>'
        "</html>\n"
    )


NEWSLETTERS = {"plain": newsletter(PLAIN_OPENING), "liquid": newsletter(LIQUID_OPENING)}


def person(number: int) -> dict[str, Any]:
    """Return first name, last name and attributes of contact `number`; one in eight has umlauts."""
    return {
        "first_name": f"Jürgen{number}" if number % 8 == 0 else f"Robin{number}",
        "last_name": f"Smith{number % 500}",
        "attributes": {
            "plan": "pro" if number % 2 else "basic",
            "city": f"Town {number % 300}",
            "points": number % 2000,
            "renews_on": f"2027-{number % 12 + 1:02}-01",
            "basket": [
                {"name": f"Item {item}", "price": 10.5 * item + number, "new": item % 2 == 0}
                for item in range(3)
            ],
        },
    }
