"""A message as it lies in the sandbox's Maildir."""

from __future__ import annotations

from common.tokens import TokenSigner

SIGNER = TokenSigner({"1": b"a secret of these tests"})
RECIPIENT_ID = 4711
MESSAGE_ID = "1267.00112233445566778899aabbccddeeff@news.demo.example"
_TOKENS = SIGNER.for_message(RECIPIENT_ID)
RETURN_PATH = f"{_TOKENS.return_path}@bounce.demo.example"
UNSUBSCRIBE_TOKEN = _TOKENS.unsubscribe
WEB = "http://127.0.0.1:8000"


def link(number: int, *, web: str = WEB) -> str:
    """Return a tracked link of the message."""
    return f"{web}/t/c/{_TOKENS.clicked}.{number}"


def pixel(*, web: str = WEB) -> str:
    """Return the address of the pixel of the message."""
    return f"{web}/t/o/{_TOKENS.opened}.gif"


def raw_letter(
    address: str = "anna@gmail.example",
    *,
    subject: str = "Winter roast",
    links: int = 3,
    web: str = WEB,
) -> bytes:
    """Return the message to an address, with the lines that the sandbox adds on top."""
    anchors = "".join(f'<a href="{link(n, web=web)}">Link {n}</a>' for n in range(links))
    own = f'<a href="{web}/u/{UNSUBSCRIBE_TOKEN}">Leave</a>'
    html = f'<html><body>{anchors}{own}<img src="{pixel(web=web)}" alt=""></body></html>'
    lines = (
        f"Return-Path: <{RETURN_PATH}>",
        f"Delivered-To: {address}",
        "Received: from mta1 ([127.0.0.2])",
        "\tby sandbox.example with ESMTP id 1",
        "From: Mira <letter@news.demo.example>",
        f"To: Anna <{address}>",
        "Reply-To: hello@demo.example",
        f"Subject: {subject}",
        f"Message-ID: <{MESSAGE_ID}>",
        f"List-Unsubscribe: <{web}/u/{UNSUBSCRIBE_TOKEN}>,",
        f" <mailto:unsubscribe+{UNSUBSCRIBE_TOKEN}@bounce.demo.example>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "Feedback-ID: 1:1:marketing:demo",
        "MIME-Version: 1.0",
        'Content-Type: text/html; charset="utf-8"',
        "",
        html,
        "",
    )
    return "\r\n".join(lines).encode()
