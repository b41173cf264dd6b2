"""What the demo is told by the environment; `make run` sets it. See docs/sandbox.md."""

from __future__ import annotations

import os

DEFAULT_PORT = 2525


def demo_password() -> str:
    """Return the password of the demo's login, or nothing when none was given."""
    return os.environ.get("MAILWRIGHT_DEMO_PASSWORD", "")


def sandbox_port() -> int:
    """Return where the sandbox's SMTP server listens on 127.0.0.1."""
    return int(os.environ.get("MAILWRIGHT_SANDBOX_PORT") or DEFAULT_PORT)


def demo_inbox_key() -> str:
    """Return the key of the address that the sandbox's mails are posted to; empty if none."""
    return os.environ.get("MAILWRIGHT_DEMO_INBOX_KEY", "")
