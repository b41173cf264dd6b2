"""The server for incoming mail as a program."""

import os
import re
import signal
import smtplib
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[3]
WITHIN = 60  # seconds; on a busy machine


class TestListenMail:
    def test_listens_until_it_is_told_to_stop(self):
        program = subprocess.Popen(
            [sys.executable, "manage.py", "listen_mail", "--port", "0"],
            cwd=PROJECT,
            env={**os.environ, "MAILWRIGHT_LISTEN_NAME": "mx.example"},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            said = program.stdout.readline()
            place = re.fullmatch(r"Taking mail by SMTP at 127\.0\.0\.1:(\d+)\.\n", said)
            with smtplib.SMTP("127.0.0.1", int(place[1]), timeout=WITHIN) as smtp:
                assert smtp.ehlo("out.example")[1].startswith(b"mx.example")
            program.send_signal(signal.SIGTERM)

            assert program.wait(WITHIN) == 0
        finally:
            program.kill()
            program.wait()
            program.stdout.close()
