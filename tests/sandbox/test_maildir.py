"""Messages kept as files."""

from __future__ import annotations

import mailbox

from sandbox.answers import Message
from sandbox.maildir import Maildir


def message(number):
    """Return a message that can be told from others."""
    return Message(
        mail_from=f"bounce-{number}@news.example",
        rcpt_to=(f"person{number}@gmail.example",),
        data=f"Subject: number {number}\r\n\r\nHello\r\n".encode(),
        client_ip="127.0.0.3",
        helo="mta1.example",
        queue_id=f"Q{number}",
    )


class TestMaildir:
    def test_can_be_read_by_any_mail_program(self, tmp_path):
        Maildir(tmp_path / "box", keep=10).add(message(1))

        (found,) = mailbox.Maildir(tmp_path / "box")

        assert found["Subject"] == "number 1"
        assert found["Return-Path"] == "<bounce-1@news.example>"
        assert found["Delivered-To"] == "person1@gmail.example"
        assert "[127.0.0.3]" in found["Received"]

    def test_keeps_the_message_as_it_came(self, tmp_path):
        name = Maildir(tmp_path, keep=10).add(message(1))

        content = (tmp_path / "new" / name).read_bytes()

        assert content.endswith(message(1).data)

    def test_keeps_the_newest_only(self, tmp_path):
        box = Maildir(tmp_path, keep=3)

        for number in range(5):
            box.add(message(number))

        subjects = {found["Subject"] for found in mailbox.Maildir(tmp_path)}
        assert subjects == {"number 2", "number 3", "number 4"}

    def test_counts_what_an_earlier_run_left(self, tmp_path):
        Maildir(tmp_path, keep=3).add(message(1))

        box = Maildir(tmp_path, keep=1)
        box.add(message(2))

        assert [found["Subject"] for found in mailbox.Maildir(tmp_path)] == ["number 2"]

    def test_leaves_no_draft_behind(self, tmp_path):
        Maildir(tmp_path, keep=3).add(message(1))

        assert not list((tmp_path / "tmp").iterdir())

    def test_does_not_mind_messages_somebody_else_removed(self, tmp_path):
        box = Maildir(tmp_path, keep=1)
        (tmp_path / "new" / box.add(message(1))).unlink()

        box.add(message(2))

        assert len(list((tmp_path / "new").iterdir())) == 1
