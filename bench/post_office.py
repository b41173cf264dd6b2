"""django-post_office with its best settings: queues mail, sends it with two processes.

Mail is rendered when it is queued, which is not measured: only its delivery is.
Needs Django with bench/post_office_settings.py: runs in child processes, see bench/child.py.
"""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.db import connection
from post_office import mail
from post_office.models import STATUS, Email

from bench.newsletters import NEWSLETTERS, person

PROCESSES = 2
EMAILS = 1000  # of one INSERT
PADDING_LINE = "x" * 74 + "\n"


class NotSentError(Exception):
    """Some of the queued mail was not sent."""


def queue(messages: int, *, size: int) -> None:
    """Queue that many rendered mails of about `size` octets, in place of whatever was there."""
    bare = mail.send(**_arguments(0, padding=""))
    missing = size - len(bare.email_message().message().as_bytes())
    padding = PADDING_LINE * max(0, missing // len(PADDING_LINE))
    Email.objects.all().delete()
    for start in range(0, messages, EMAILS):
        numbers = range(start, min(start + EMAILS, messages))
        mail.send_many([_arguments(number, padding=padding) for number in numbers])
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def send(messages: int) -> int:
    """Send the `messages` that are queued, as the package's own command does."""
    call_command("send_queued_mail", processes=PROCESSES, log_level=0)
    return messages


def check() -> None:
    """Raise NotSentError unless all queued mail was sent."""
    left = Email.objects.exclude(status=STATUS.sent).count()
    if left:
        raise NotSentError(f"{left} mails were not sent.")


def _arguments(number: int, *, padding: str) -> dict[str, Any]:
    known = person(number)
    address = f"person{number}@mail{number % 50}.example"
    unsubscribe_url = f"https://news.bench.example/u/{number:x}.AAAAAAAAAAAAAAAA"
    return {
        "recipients": [address],
        "sender": "Bench News <letter@news.bench.example>",
        "subject": NEWSLETTERS["plain"].subject,
        "message": NEWSLETTERS["plain"].text + padding,
        "html_message": NEWSLETTERS["plain"].html,
        "context": {
            "contact": known["attributes"] | {"email": address, "first_name": known["first_name"]},
            "unsubscribe_url": unsubscribe_url,
        },
        "headers": {
            "List-Unsubscribe": f"<{unsubscribe_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    }
