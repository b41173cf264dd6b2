"""The sample mails, and how the tests read one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from insights.providers.mail.reader import read_mail
from insights.providers.mail.reading import Reading

FOLDER = Path(__file__).parents[3] / "payloads" / "mail"
NAMES = sorted(path.stem for path in FOLDER.glob("*.eml"))
RECEIVED_AT = datetime(2026, 11, 2, 12, 30, tzinfo=UTC)

RETURN_PATH = "b1a2b3-0123456789abcdef0123"  # what our mail in the samples carries
MESSAGE_ID = "1a2b3.00112233445566778899aabbccddeeff@acme.example"
UNSUBSCRIBE_TOKEN = "b1a2b3.QWERTYuiopASDFgh"


def raw(name: str) -> bytes:
    return (FOLDER / f"{name}.eml").read_bytes()


def read(mail: str | bytes, *, envelope_to: str = "") -> Reading:
    """Read a sample by its name, or a mail as it stands."""
    content = raw(mail) if isinstance(mail, str) else mail
    return read_mail(content, received_at=RECEIVED_AT, envelope_to=envelope_to)
