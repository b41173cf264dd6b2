"""How long one message takes to write: `python -m bench.rendering [--json FILE]`.

Prints microseconds a message for a template of plain variables and for general Liquid, each with
nine tracked links, a pixel, about 6 KB on the wire, and contacts that all differ.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from pathlib import Path

from campaigns.rendering import (
    CompiledMessage,
    Content,
    Message,
    Sender,
    Tokens,
    compile_message,
)

CONTACTS = 2_000
ROUNDS = 9  # the best one counts: the machine has other things to do

SENDER = Sender(
    from_name="Acme Outdoor",
    from_address="news@acme.example",
    reply_to="hello@acme.example",
    list_id="Weekly news <weekly.acme.example>",
    feedback_id="42:7:marketing:acme",
    base_url="https://track.acme.example",
    unsubscribe_mailbox="unsubscribe@bounce.acme.example",
    one_click=True,
    track_opens=True,
    track_clicks=True,
)
VARIABLES = {"campaign": {"name": "November"}, "organization": {"name": "Acme Outdoor"}}

_FILLER = (
    "Cold mornings ask for layers that breathe, and for boots that forgive the mud. We tried what "
    "is new this month on three mountains and in one very wet valley, and kept what came home dry. "
)
_ARTICLE = (
    '<tr><td style="padding:16px 24px;font-family:Helvetica,Arial,sans-serif;font-size:15px">'
    '<h2 style="margin:0 0 8px"><a href="https://shop.acme.example/story/{n}?utm_source=mail&amp;'
    'utm_campaign=november" style="color:#1a4d2e">Story {n}</a></h2><p>{filler}</p></td></tr>\n'
)
_PLAIN_LINES = """<p>Hello {{ contact.first_name | default: "there" }},</p>
<p>{{ contact.city }} gets snow this week, and your {{ contact.plan }} plan runs until
{{ contact.renews_on }}. We write to {{ contact.email }}.</p>
"""
_LIQUID_LINES = """<p>Hello {{ contact.first_name | default: "there" | capitalize }},</p>
{% if contact.plan == "pro" %}<p>Your plan runs until {{ contact.renews_on | date: "%-d %B" }}.</p>
{% elsif contact.city %}<p>{{ contact.city | upcase }} gets snow this week.</p>{% endif %}
{% for item in contact.items %}<p>{{ forloop.index }}. {{ item.name }}: {{ item.price | number: 2 }}
{% if item.new %}<strong>new</strong>{% endif %}</p>{% endfor %}
"""


def content(lines: str) -> Content:
    """Return a newsletter of about 6 KB with `lines` at its top."""
    articles = "".join(_ARTICLE.format(n=n, filler=_FILLER) for n in range(1, 9))
    html = (
        "<!DOCTYPE html>\n<html><head><title>News</title></head>\n<body><table>\n<tr><td>"
        f'{lines}</td></tr>\n{articles}<tr><td><a href="https://shop.acme.example/">All stories</a>'
        ' <a href="{{ unsubscribe_url }}">Unsubscribe</a></td></tr></table></body></html>\n'
    )
    text = f"Hello {{{{ contact.first_name }}}},\n\n{_FILLER}\n\n{{{{ unsubscribe_url }}}}\n"
    return Content(subject="Snow in {{ contact.city }}", html=html, text=text)


def messages() -> list[Message]:
    """Return messages to contacts that all differ."""
    return [_message(n) for n in range(CONTACTS)]


def _message(n: int) -> Message:
    tokens = Tokens(
        opened=f"1{n:05}.AAAAAAAAAAAAAAAA",
        clicked=f"1{n:05}.BBBBBBBBBBBBBBBB",
        unsubscribe=f"1{n:05}.CCCCCCCCCCCCCCCC",
        preferences=f"1{n:05}.DDDDDDDDDDDDDDDD",
        sign_url=lambda number, url: f"1{n:05}.{number}.{len(url)}.EEEEEEEEEEEEEEEE",
    )
    contact = {
        "email": f"person{n}@mail{n % 50}.example",
        "first_name": f"Robin{n}",
        "city": f"Town {n % 300}",
        "plan": "pro" if n % 2 else "basic",
        "renews_on": "2027-03-01",
        "items": [
            {"name": f"Item {i}", "price": 10.5 * i + n, "new": i % 2 == 0} for i in range(3)
        ],
    }
    return Message(
        to_address=f"person{n}@mail{n % 50}.example",
        to_name=f"Robin{n} Smith",
        message_id=f"{n:x}.0123456789abcdef@acme.example",
        date="Mon, 23 Nov 2026 09:00:00 +0000",
        contact=contact,
        tokens=tokens,
    )


def microseconds(compiled: CompiledMessage, batch: list[Message]) -> float:
    """Return the time of one `encode`, the best of several rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        gc.collect()
        started = time.process_time()
        for message in batch:
            compiled.encode(message)
        best = min(best, time.process_time() - started)
    return best / len(batch) * 1e6


def measure() -> dict[str, dict[str, float]]:
    """Return the figures for both kinds of template."""
    figures = {}
    for name, lines in (("plain", _PLAIN_LINES), ("liquid", _LIQUID_LINES)):
        started = time.process_time()
        compiled = compile_message(content(lines), sender=SENDER, variables=VARIABLES)
        compiling = (time.process_time() - started) * 1e3
        batch = messages()
        figures[name] = {
            "microseconds": round(microseconds(compiled, batch), 1),
            "bytes": len(compiled.encode(batch[0])),
            "links": len(compiled.links),
            "compile_milliseconds": round(compiling, 1),
        }
    return figures


def main() -> None:
    """Print the figures, and write them to a file if asked."""
    parser = argparse.ArgumentParser(description="How long one message takes to write.")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    figures = measure()
    print(f"{'template':<10} {'us/message':>10} {'bytes':>7} {'links':>6} {'compile ms':>11}")
    for name, row in figures.items():
        print(
            f"{name:<10} {row['microseconds']:>10} {row['bytes']:>7} {row['links']:>6} "
            f"{row['compile_milliseconds']:>11}"
        )
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
