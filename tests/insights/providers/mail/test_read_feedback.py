"""Tests of the command that shows what mails say."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command

from tests.insights.providers.mail.samples import FOLDER, NAMES


def rows(*names: str, **options) -> list[dict[str, object]]:
    out = io.StringIO()
    files = [str(FOLDER / f"{name}.eml") for name in names]
    call_command("read_feedback", *files, stdout=out, **options)
    return [json.loads(line) for line in out.getvalue().splitlines()]


class TestReadFeedback:
    def test_prints_one_line_for_each_recipient(self):
        found = rows("several_recipients")

        assert [(row["kind"], row["recipient"], row["bounce_class"]) for row in found] == [
            ("bounce", "gone@shop.example", "hard"),
            ("bounce", "full@shop.example", "soft"),
            ("bounce", "late@shop.example", None),
            ("delivered", "fine@shop.example", None),
        ]
        assert [row["action"] for row in found] == ["failed", "failed", "delayed", "relayed"]

    def test_names_the_file_the_status_and_the_words(self):
        (row,) = rows("postfix_rcpt")

        assert str(row["file"]).endswith("postfix_rcpt.eml")
        assert (row["status"], row["smtp_code"]) == ("5.0.0", 550)
        assert row["diagnostic"] == "550 <jane@shop.example>: User unknown"

    def test_says_none_for_a_mail_without_a_finding(self):
        (row,) = rows("newsletter")

        assert (row["kind"], row["recipient"]) == ("none", "")

    def test_reads_every_sample(self):
        assert len(rows(*NAMES)) >= len(NAMES)

    def test_prints_for_people_when_asked(self):
        out = io.StringIO()

        call_command("read_feedback", str(FOLDER / "reply.eml"), pretty=True, stdout=out)

        assert json.loads(out.getvalue())["kind"] == "reply"
        assert out.getvalue().count("\n") > 5

    def test_prints_what_no_charset_holds(self, tmp_path):
        file = tmp_path / "broken.eml"
        file.write_bytes(b"From: MAILER-DAEMON@a\n\nfailure notice\n<a\xed\xa0\x80@b.c>: no")

        out = io.StringIO()
        call_command("read_feedback", str(file), stdout=out)

        out.getvalue().encode()

    def test_says_which_file_cannot_be_read(self):
        with pytest.raises(CommandError, match="no-such-file"):
            rows("no-such-file")
