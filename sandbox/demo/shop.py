"""The demo's shop: its name, its login, its texts."""

from __future__ import annotations

from pathlib import Path
from typing import Final

SLUG: Final = "demo"
NAME: Final = "Demo Shop"
TIMEZONE: Final = "Europe/Berlin"
POSTAL_ADDRESS: Final = "Demo Shop, 12 Harbour Street, 20457 Exampletown"
LOGIN: Final = "demo"
LOGIN_EMAIL: Final = "admin@example.com"
DOMAIN: Final = "news.demo.example"
RETURN_PATH_DOMAIN: Final = "bounce.demo.example"
READY_CAMPAIGN: Final = "November newsletter"
DRAFT_CAMPAIGN: Final = "Product news: the hand grinder"
# The newest sending IP: it warms up, and the sandbox's providers do not trust it yet.
NEW_IP: Final = "127.0.0.5"

_CONTENT: Final = Path(__file__).parent / "content"


def content(name: str) -> str:
    """Return the text of a file in `content`."""
    return (_CONTENT / name).read_text(encoding="utf-8")
