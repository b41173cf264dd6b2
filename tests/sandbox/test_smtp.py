"""The command that runs the server."""

from __future__ import annotations

import re
import signal
import smtplib
import socket
import subprocess
import sys

from sandbox.smtp import main


class TestMain:
    def test_serves_until_it_is_told_to_stop(self, tmp_path):
        command = [sys.executable, "-m", "sandbox.smtp", "--port", "0", "--maildir", str(tmp_path)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            port = int(re.search(r"port (\d+)", process.stdout.readline())[1])
            with smtplib.SMTP("127.0.0.1", port) as client:
                client.sendmail("a@b.example", ["accept+x@web.example"], "Subject: x\r\n\r\nx\r\n")
            process.send_signal(signal.SIGTERM)
            said, _ = process.communicate(timeout=10)
        finally:
            process.kill()

        assert process.returncode == 0
        assert "1 accept" in said
        assert len(list((tmp_path / "new").iterdir())) == 1

    def test_refuses_to_listen_where_others_could_reach_it(self, capsys):
        code = main(["--host", "0.0.0.0", "--port", "0", "--maildir", ""])

        assert code == 1
        assert "loopback" in capsys.readouterr().err

    def test_says_when_its_port_is_taken(self, capsys):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            code = main(["--port", str(taken.getsockname()[1]), "--maildir", ""])

        assert code == 1
        assert "--port" in capsys.readouterr().err

    def test_needs_no_django(self):
        found = subprocess.run(
            [sys.executable, "-c", "import sandbox.smtp, sys; print('django' in sys.modules)"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip

        assert found.stdout.strip() == "False"
